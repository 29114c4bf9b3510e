import { formatEndpoint } from "@udp-relay/address-validation";
import { listenToSignals } from "../operations/operator-signals.ts";
import { type OpenedLog, openLog, type RelayLog } from "../operations/relay-log.ts";
import { operatorExit } from "../operator-exit.ts";
import { RelayError } from "../relay-error.ts";
import { openProxy } from "./open-proxy.ts";
import type { OperatedProxy } from "./operated-proxy.ts";
import { readBackends, readProxyArguments } from "./proxy-arguments.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { listenForOperators } from "./proxy-http.ts";
import { ProxyLife } from "./proxy-life.ts";
import { policyOf, refuseLoops, tickMsOf } from "./proxy-parts.ts";
import type { ProxyReport } from "./proxy-report.ts";

/**
 * The `udp-relay proxy` command: runs a session proxy until Ctrl-C, SIGTERM (which lets sessions end first) or its
 * `--duration`. SIGHUP reads the backends' file again and opens the log file anew; SIGUSR2 stops and resumes taking new sessions.
 *
 * @returns the exit code
 */
export function runProxy(args: readonly string[]): Promise<number> {
  return operatorExit(async () => {
    const config = readProxyArguments(args);
    if (config !== undefined) await runConfigured(config);
  });
}

async function runConfigured(config: ProxyConfig): Promise<void> {
  const opened = openLog(config, config.json);
  const { log } = opened;
  const backends = readBackends(config);
  const { proxy, reason, close } = await openProxy(config, backends, log);
  const listens = formatEndpoint(proxy.localEndpoint);
  log.info({ listen: listens, backends: backends.length, sockets: reason }, "the proxy is ready");
  process.stderr.write(`udp-relay proxy  ${listens}  backends ${backends.length}\n`);
  let report: ProxyReport;
  try {
    await untilEnd(proxy, config, opened);
    report = await proxy.freshReport();
  } finally {
    await close();
  }
  process.stdout.write(`${config.json ? JSON.stringify(report) : summary(report)}\n`);
}

/** Ticks, obeys signals and operators, and resolves when the proxy is to end. */
async function untilEnd(
  proxy: OperatedProxy,
  config: ProxyConfig,
  { log, reopen }: OpenedLog,
): Promise<void> {
  using life = new ProxyLife(proxy, {
    tickMs: tickMsOf(config),
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
        reopen();
        reload(proxy, config, log);
      },
      onToggleMaintenance: () => {
        life.paused = !life.paused;
        log.info({ maintenance: life.paused }, "maintenance was switched by a signal");
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
function reload(proxy: OperatedProxy, config: ProxyConfig, log: RelayLog): void {
  try {
    const backends = readBackends(config);
    refuseLoops(backends, policyOf(config, proxy.localEndpoint.port));
    proxy.reload(backends);
    log.info({ backends: backends.length }, "the backends were read again");
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    log.error({ reason: error.message }, "the backends are wrong: those in force stay");
  }
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
