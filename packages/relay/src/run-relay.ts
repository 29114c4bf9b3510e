import { type CommandLine, readCommandLine } from "./config/config-sources.ts";
import { printConfig, type RelayConfig } from "./config/relay-config.ts";
import { DEMO_PLAYERS_PER_ROOM, type DemoPlan, demoRooms } from "./demo/demo-plan.ts";
import { DemoPlayers } from "./demo/demo-players.ts";
import { demoPresets } from "./demo/demo-presets.ts";
import { OperatorHttp } from "./operations/http-server.ts";
import { listenToSignals } from "./operations/operator-signals.ts";
import { openLog, type RelayLog } from "./operations/relay-log.ts";
import { operatorExit } from "./operator-exit.ts";
import { RelayError } from "./relay-error.ts";
import { jsonReport, summaryLines } from "./report/summary.ts";
import { openScreen, wantsScreen } from "./screen.ts";
import { Tunnels } from "./tunnels.ts";

const DEMO_FRAMES_PER_SECOND = 30;

/**
 * The `udp-relay` command: runs a relay until Ctrl-C, SIGTERM, the quit key or its `--duration`.
 *
 * @returns the exit code
 */
export function runRelay(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const read = (): CommandLine | undefined =>
    readCommandLine(args, environment, demoPresets(args, environment));
  return operatorExit(async () => {
    const line = read();
    if (line === undefined) return;
    if (line.printConfig) process.stdout.write(`${printConfig(line.config)}\n`);
    else await runConfigured(line, () => read()?.config ?? line.config);
  });
}

async function runConfigured(line: CommandLine, readAgain: () => RelayConfig): Promise<void> {
  const { config, unknownVariables } = line;
  const quit = new AbortController();
  const stop = (): void => {
    quit.abort();
  };
  const { log, reopen } = openLog(config, wantsScreen(config) || config.json || config.demo);
  if (unknownVariables.length > 0)
    log.warn({ unknownVariables }, "no setting is named so: --help lists them");
  const relay = await Tunnels.start(config, { log });
  let terminated = false;
  const signals = listenToSignals(
    {
      onInterrupt: stop,
      onTerminate: () => {
        if (terminated) stop();
        else void relay.drain(relay.config.drainSeconds * 1_000).then(stop);
        terminated = true;
      },
      onReload: () => {
        reopen();
        reload(relay, readAgain, log);
      },
      onToggleMaintenance: () => {
        relay.maintenance = !relay.maintenance;
        log.info({ maintenance: relay.maintenance }, "maintenance was switched by a signal");
      },
    },
    log,
  );
  let players: DemoPlayers | undefined;
  let http: OperatorHttp | undefined;
  try {
    http = await openHttp(config, relay, log, stop);
    players = config.demo ? new DemoPlayers(demoPlan(config, relay.port)) : undefined;
    await players?.playing;
    log.info({ endpoint: relay.endpoint, protocol: relay.protocolName }, "the relay is ready");
    const screen = await openScreen(config, relay, stop);
    await untilEnd(config, quit.signal);
    await screen.close();
    const reports = await players?.stop();
    const report = relay.report();
    const lines = config.json ? [jsonReport(report, reports)] : summaryLines(report, reports);
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    await players?.stop();
    await http?.close();
    await relay.close();
    signals[Symbol.dispose]();
    log.info({}, "the relay has ended");
  }
}

/** A configuration that is wrong changes nothing: the relay goes on as it was. */
function reload(relay: Tunnels, readAgain: () => RelayConfig, log: RelayLog): void {
  try {
    const needRestart = relay.reload(readAgain());
    log.info({ needRestart }, "limits and address policy were read again");
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    log.error({ reason: error.message }, "the configuration is wrong: the one in force stays");
  }
}

async function openHttp(
  config: RelayConfig,
  relay: Tunnels,
  log: RelayLog,
  onDrained: () => void,
): Promise<OperatorHttp | undefined> {
  if (config.http === "off") return undefined;
  const http = await OperatorHttp.listen(relay, {
    address: config.http,
    log,
    get drainMs() {
      return relay.config.drainSeconds * 1_000;
    },
    onDrained,
  });
  log.info({ http: http.address }, "metrics and administration over HTTP");
  return http;
}

function demoPlan(config: RelayConfig, relayPort: number): DemoPlan {
  return {
    relayHost: config.host === "0.0.0.0" ? "127.0.0.1" : config.host === "::" ? "::1" : config.host,
    relayPort,
    protocol: config.protocol === "demo" ? "demo" : "v3",
    seed: config.seed,
    framesPerSecond: DEMO_FRAMES_PER_SECOND,
    rooms: demoRooms(DEMO_PLAYERS_PER_ROOM, config.seed),
  };
}

function untilEnd(config: RelayConfig, quit: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (quit.aborted) {
      resolve();
      return;
    }
    // Keeps the process alive without a duration, too: the sweeper alone does not.
    const limitMs = config.durationSeconds > 0 ? config.durationSeconds * 1000 : undefined;
    const timer = limitMs === undefined ? setInterval(() => undefined, 1 << 30) : setTimeout(done, limitMs);
    quit.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      quit.removeEventListener("abort", done);
      resolve();
    }
  });
}
