import { networkInterfaces } from "node:os";
import { AddressError, AddressPolicy, formatEndpoint, reasonName } from "@udp-relay/address-validation";
import type { Threshold } from "@udp-relay/tunnel-client";
import { RtpMeasurer } from "../measure/rtp-measurer.ts";
import type { StreamMeasurer } from "../measure/stream-measurer.ts";
import { WireguardMeasurer } from "../measure/wireguard-measurer.ts";
import { listenToSignals } from "../operations/operator-signals.ts";
import { openLog, type RelayLog } from "../operations/relay-log.ts";
import { RelayError } from "../relay-error.ts";
import type { Backend, BackendSpec } from "./backend.ts";
import { DEFAULT_LOSS_PER_MILLE, type HealthChange, type HealthOptions } from "./backend-health.ts";
import { type ProxyConfig, readBackends, readProxyArguments } from "./proxy-config.ts";
import { listenForOperators } from "./proxy-http.ts";
import { ProxyLife } from "./proxy-life.ts";
import type { ProxyReport } from "./proxy-report.ts";
import { openProxySockets, type ProxySockets } from "./proxy-sockets.ts";
import { SessionProxy } from "./session-proxy.ts";

const EXIT_OK = 0;
const EXIT_OPERATOR = 2;
/** Ticks in a probe's timeout. */
const TICKS_IN_A_TIMEOUT = 4;
const MAX_TICK_MS = 50;

/**
 * The `udp-relay proxy` command: runs a session proxy until Ctrl-C, SIGTERM (which lets sessions end first) or its
 * `--duration`. SIGHUP reads the backends' file again; SIGUSR2 stops and resumes taking new sessions.
 *
 * @returns the exit code
 */
export async function runProxy(args: readonly string[]): Promise<number> {
  try {
    const config = readProxyArguments(args);
    if (config !== undefined) await runConfigured(config);
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    process.stderr.write(`udp-relay: ${error.message}\n`);
    return EXIT_OPERATOR;
  }
}

async function runConfigured(config: ProxyConfig): Promise<void> {
  const log = openLog(config, config.json);
  const backends = readBackends(config);
  const measurer = measurerOf(config);
  const onThrow = oncePerBurst(log);
  const sockets = await openProxySockets(config, onThrow);
  const { transport, openUpstream, upstreamStats, reason } = sockets;
  const policy = await orClose(sockets, () => {
    const own = policyOf(config, transport.localEndpoint.port);
    refuseLoops(backends, own);
    return own;
  });
  const proxy = await orClose(
    sockets,
    () =>
      new SessionProxy({
        transport,
        backends,
        openUpstream,
        clock: { nowMs: () => performance.now() },
        maxSessions: config.maxSessions,
        idleTimeoutMs: config.idleTimeoutMs,
        policy,
        health: healthOf(config),
        onHealth: (backend, change) => {
          logChange(log, backend, change);
        },
        onCallbackError: onThrow,
        ...(upstreamStats === undefined ? {} : { upstreamStats }),
        ...(measurer === undefined ? {} : { measurer }),
        ...(config.sessionsPerPrefix === 0 ? {} : { sessionsPerPrefix: config.sessionsPerPrefix }),
        ...(config.packetsPerSecond === 0 ? {} : { packetsPerSecond: config.packetsPerSecond }),
        ...probeOf(config),
      }),
  );
  const listens = formatEndpoint(proxy.localEndpoint);
  log.info({ listen: listens, backends: backends.length, sockets: reason }, "the proxy is ready");
  process.stderr.write(`udp-relay proxy  ${listens}  backends ${backends.length}\n`);
  let report: ProxyReport;
  try {
    await untilEnd(proxy, config, policy, log);
    report = proxy.report();
  } finally {
    await proxy.close();
    sockets.close();
  }
  process.stdout.write(`${config.json ? JSON.stringify(report) : summary(report)}\n`);
}

/** Ticks, obeys signals and operators, and resolves when the proxy is to end. */
async function untilEnd(
  proxy: SessionProxy,
  config: ProxyConfig,
  policy: AddressPolicy,
  log: RelayLog,
): Promise<void> {
  const timeoutMs = config.probeTimeoutMs === 0 ? config.probeIntervalMs / 2 : config.probeTimeoutMs;
  using life = new ProxyLife(proxy, {
    tickMs: Math.max(1, Math.min(MAX_TICK_MS, timeoutMs / TICKS_IN_A_TIMEOUT)),
    drainMs: config.drain * 1_000,
    durationMs: config.duration * 1_000,
  });
  using _signals = listenToSignals(
    {
      onInterrupt: () => {
        life.end();
      },
      onTerminate: () => {
        life.drain();
      },
      onReload: () => {
        reload(proxy, config, policy, log);
      },
      onToggleMaintenance: () => {
        life.paused = !life.paused;
      },
    },
    log,
  );
  const { http: address, logAddresses: addresses } = config;
  const http = address === "off" ? undefined : await listenForOperators(life, { address, addresses, log });
  if (http !== undefined) log.info({ http: http.address }, "metrics and administration over HTTP");
  await life.ended;
  await http?.close();
}

/** A list that is wrong changes nothing. */
function reload(proxy: SessionProxy, config: ProxyConfig, policy: AddressPolicy, log: RelayLog): void {
  try {
    const backends = readBackends(config);
    refuseLoops(backends, policy);
    proxy.reload(backends);
    log.info({ backends: backends.length }, "the backends were read again");
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    log.error({ reason: error.message }, "the backends are wrong: those in force stay");
  }
}

/** A backend that is this proxy would be a client of itself, and so on without end. */
function refuseLoops(backends: readonly BackendSpec[], policy: AddressPolicy): void {
  for (const { endpoint } of backends) {
    if (reasonName(policy.judge(endpoint)) !== "own-endpoint") continue;
    throw new RelayError("ERR_RELAY_CONFIG", `the backend ${formatEndpoint(endpoint)} is this proxy itself`);
  }
}

function logChange(log: RelayLog, { name, rttMs, lossPerMille }: Backend, change: HealthChange): void {
  const facts = { backend: name, change, rttMs, lossPerMille };
  if (change === "down" || change === "degraded") log.warn(facts, "a backend is left");
  else log.info(facts, "a backend is back");
}

/** A callback that throws at each datagram would fill the log: one line a second, which says how many there were. */
function oncePerBurst(log: RelayLog): (error: unknown) => void {
  let count = 0;
  let saidMs = -Infinity;
  return (error) => {
    count += 1;
    const nowMs = performance.now();
    if (nowMs - saidMs < 1_000) return;
    saidMs = nowMs;
    log.error({ error: String(error), count }, "a callback threw");
  };
}

/** What cannot be used is not left open. */
async function orClose<T>(sockets: ProxySockets, make: () => T): Promise<T> {
  try {
    return make();
  } catch (error) {
    await sockets.transport.close();
    sockets.close();
    throw error;
  }
}

function policyOf({ policy, allow, deny }: ProxyConfig, port: number): AddressPolicy {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address, family }) =>
      family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`,
    ),
  );
  try {
    return AddressPolicy.preset(policy, { allow, deny, own });
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new RelayError("ERR_RELAY_CONFIG", error.message, { cause: error });
  }
}

function measurerOf({ measure, rtpClock }: ProxyConfig): StreamMeasurer | undefined {
  if (measure === "rtp") return new RtpMeasurer({ clocks: rtpClock });
  return measure === "wireguard" ? new WireguardMeasurer() : undefined;
}

function healthOf({ fall, rise, watchLoss, watchRtt, watchForMs: forMs }: ProxyConfig): HealthOptions {
  const { enter, leave } = DEFAULT_LOSS_PER_MILLE;
  const threshold = (limits: readonly [number, number]): Threshold => ({
    enter: limits[0],
    leave: limits[1],
    forMs,
  });
  const slow = watchRtt === undefined ? {} : { rttMs: threshold(watchRtt) };
  return { fall, rise, lossPerMille: threshold(watchLoss ?? [enter, leave]), ...slow };
}

function probeOf(config: ProxyConfig): Pick<ConstructorParameters<typeof SessionProxy>[0], "probe"> {
  const { probe, probeExpect, probeIntervalMs: intervalMs, probeTimeoutMs } = config;
  if (probe === undefined) return {};
  const expect = probeExpect === undefined ? {} : { expect: probeExpect };
  const timeout = probeTimeoutMs === 0 ? {} : { timeoutMs: probeTimeoutMs };
  return { probe: { payload: probe, intervalMs, ...expect, ...timeout } };
}

function summary({ counts, drops, backends }: ProxyReport): string {
  const dropped = Object.entries(drops).filter(([, count]) => count > 0);
  return [
    `sessions ${counts.opened}, moved ${counts.moved}, failed ${counts.failed}`,
    `dropped ${dropped.map(([reason, count]) => `${reason} ${count}`).join(", ") || "nothing"}`,
    ...backends.map(
      ({ name, state, sessionsTotal, datagramsTo, datagramsFrom, rttMs }) =>
        `${name}  ${state}  sessions ${sessionsTotal}  to ${datagramsTo}  from ${datagramsFrom}  rtt ${rttMs === null ? "-" : `${rttMs.toFixed(2)} ms`}`,
    ),
  ].join("\n");
}
