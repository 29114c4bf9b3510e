import { readCommandLine } from "./config/config-sources.ts";
import type { RelayConfig, RelayConfigField } from "./config/relay-config.ts";
import { type DemoPlan, demoRooms } from "./demo/demo-plan.ts";
import { DemoPlayers } from "./demo/demo-players.ts";
import { Relay } from "./relay.ts";
import { RelayError } from "./relay-error.ts";
import { jsonReport, summaryLines } from "./report/summary.ts";

/** Exit codes: what the operator can mend is 2, as for every wrong flag. */
const EXIT_OK = 0;
const EXIT_OPERATOR = 2;

const DEMO_PLAYERS_PER_ROOM = 4;
const DEMO_FRAMES_PER_SECOND = 30;

/** What the demo needs that a public relay refuses: players on loopback, behind one address. */
const demoDefaults: Partial<Record<RelayConfigField, unknown>> = {
  host: "127.0.0.1",
  port: 0,
  protocol: "demo",
  allow: ["127.0.0.0/8"],
  clientsPerPrefix: 2 * DEMO_PLAYERS_PER_ROOM,
  demo: true,
};

/**
 * The `udp-relay` command: runs a relay until Ctrl-C, SIGTERM, the quit key or its `--duration`.
 *
 * @returns the exit code
 */
export async function runRelay(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  try {
    const demo = args.length === 0 || args.includes("--demo");
    const line = readCommandLine(args, environment, demo ? demoDefaults : {});
    return line === undefined ? EXIT_OK : await runConfigured(line.config);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    process.stderr.write(`udp-relay: ${error.message}\n`);
    return EXIT_OPERATOR;
  }
}

async function runConfigured(config: RelayConfig): Promise<number> {
  const quit = new AbortController();
  const stop = (): void => quit.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  const relay = await Relay.start(config);
  const players = config.demo ? new DemoPlayers(demoPlan(config, relay.port)) : undefined;
  try {
    await players?.playing;
    const screen = await openScreen(config, relay, stop);
    await untilEnd(config, quit.signal);
    await screen.close();
    const reports = await players?.stop();
    const report = relay.report();
    const lines = config.json ? [jsonReport(report, reports)] : summaryLines(report, reports);
    process.stdout.write(`${lines.join("\n")}\n`);
    return EXIT_OK;
  } finally {
    await players?.stop();
    await relay.close();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  }
}

function demoPlan(config: RelayConfig, relayPort: number): DemoPlan {
  return {
    relayHost: config.host === "0.0.0.0" ? "127.0.0.1" : config.host === "::" ? "::1" : config.host,
    relayPort,
    protocol: config.protocol,
    seed: config.seed,
    framesPerSecond: DEMO_FRAMES_PER_SECOND,
    rooms: demoRooms(DEMO_PLAYERS_PER_ROOM, config.seed),
  };
}

interface Screen {
  close(): Promise<void>;
}

/** The dashboard on a terminal; one line on stderr elsewhere. */
async function openScreen(config: RelayConfig, relay: Relay, onQuit: () => void): Promise<Screen> {
  const title = `udp-relay  ${relay.endpoint}  protocol ${relay.protocolName}`;
  const wanted =
    !config.json && (config.dashboard === "on" || (config.dashboard === "auto" && process.stdout.isTTY));
  if (!wanted) {
    process.stderr.write(`${title}${config.demo ? "  with 8 demo players" : ""}\n`);
    return { close: () => Promise.resolve() };
  }
  // Ink and React are loaded only where there is a screen to draw on.
  const { Dashboard } = await import("./dashboard/dashboard.ts");
  const dashboard = new Dashboard(relay.report(), {
    title,
    notes: config.demo ? demoNotes(config) : [],
    onQuit,
  });
  const timer = setInterval(() => dashboard.update(relay.report()), config.refreshMs);
  return {
    close: async () => {
      clearInterval(timer);
      await dashboard.close();
    },
  };
}

function demoNotes(config: RelayConfig): string[] {
  const measured =
    config.protocol === "demo"
      ? "protocol demo: CnCNet V3 and a measuring header"
      : "CnCNet V3 has no sequence numbers: loss, jitter and RTT are not measured";
  return ["8 players, 30 packets/s each; clients 00002… behind 2 % loss and 15 ms jitter", measured];
}

function untilEnd(config: RelayConfig, quit: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (quit.aborted) return resolve();
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
