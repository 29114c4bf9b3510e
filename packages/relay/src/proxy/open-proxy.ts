import { AdapterError } from "@udp-relay/adapters";
import type { RelayLog } from "../operations/relay-log.ts";
import { RelayError } from "../relay-error.ts";
import type { Backend, BackendSpec } from "./backend.ts";
import type { HealthChange } from "./backend-health.ts";
import type { OperatedProxy } from "./operated-proxy.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { healthOf, measurerOf, policyOf, prefixLimitOf, probeOf, refuseLoops } from "./proxy-parts.ts";
import { openProxySockets } from "./proxy-sockets.ts";
import { seldom } from "./seldom.ts";
import { SessionProxy } from "./session-proxy.ts";
import type { SessionChange } from "./session-watch.ts";
import { ProxyWorkers } from "./workers/proxy-workers.ts";

/** A proxy that runs. */
export interface RunningProxy {
  readonly proxy: OperatedProxy;
  /** What its sockets are, and why not the better ones. */
  readonly reason: string;
  readonly close: () => Promise<void>;
}

/**
 * Starts what a configuration asks for: worker threads on Linux, else this thread.
 *
 * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_START`
 */
export async function openProxy(
  config: ProxyConfig,
  backends: readonly BackendSpec[],
  log: RelayLog,
): Promise<RunningProxy> {
  const { transport, workers } = config;
  if (workers === 0 || (transport !== "auto" && transport !== "linux"))
    return inThisThread(config, backends, log);
  try {
    const proxy = await ProxyWorkers.open({
      config,
      backends,
      log,
      onHealth: (backend, change) => {
        logChange(log, backend, change);
      },
      onError: loggedThrows(log),
    });
    return { proxy, reason: `linux, ${workers} worker threads`, close: () => proxy.close() };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    const isUnsupported = error.code === "ERR_ADAPTER_UNSUPPORTED" && transport === "auto";
    if (isUnsupported) return inThisThread(config, backends, log);
    throw new RelayError("ERR_RELAY_START", `${error.message}; --listen chooses another`, { cause: error });
  }
}

async function inThisThread(
  config: ProxyConfig,
  backends: readonly BackendSpec[],
  log: RelayLog,
): Promise<RunningProxy> {
  const measurer = measurerOf(config);
  const probe = probeOf(config);
  const onThrow = loggedThrows(log);
  const sockets = await openProxySockets(config, onThrow);
  const { transport, openUpstream, upstreamStats, reason } = sockets;
  try {
    const policy = policyOf(config, transport.localEndpoint.port);
    refuseLoops(backends, policy);
    const proxy = new SessionProxy({
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
      onSession: logSessions(log),
      onError: onThrow,
      upstreamStats,
      measurer,
      probe,
      sessionsPerPrefix: config.sessionsPerPrefix || undefined,
      packetsPerSecond: config.packetsPerSecond || undefined,
      prefixPacketsPerSecond: prefixLimitOf(config),
    });
    const close = async (): Promise<void> => {
      await proxy.close();
      sockets.close();
    };
    return { proxy, reason, close };
  } catch (error) {
    await transport.close();
    sockets.close();
    throw error;
  }
}

function logChange(log: RelayLog, { name, rttMs, lossPerMille }: Backend, change: HealthChange): void {
  const facts = { backend: name, change, rttMs, lossPerMille };
  if (change === "down" || change === "degraded") log.warn(facts, "a backend is left");
  else log.info(facts, "a backend is back");
}

/** Each line says how many there were. */
function loggedThrows(log: RelayLog): (error: unknown) => void {
  let count = 0;
  const mayTell = seldom();
  return (error) => {
    count += 1;
    if (mayTell()) log.error({ error: String(error), count }, "a callback threw");
  };
}

/** Each line says how many have so far. */
function logSessions(log: RelayLog): (change: SessionChange) => void {
  let count = 0;
  const mayTell = seldom();
  return ({ backend, metric, state, value }) => {
    count += 1;
    if (!mayTell()) return;
    log.warn({ backend: backend.name, metric, state, value, count }, "sessions' streams crossed a limit");
  };
}
