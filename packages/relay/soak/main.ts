// npm run soak -- --minutes N [--seed S]: the relay under load, churn, kills, dead peers and hostile datagrams.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RelayReport } from "@udp-relay/relay";
import { SoakFuzzer } from "./soak-fuzzer.ts";
import type { FromRelay, MemoryFigures, ToRelay } from "./soak-messages.ts";
import { PLAYERS, SoakPlayers } from "./soak-players.ts";
import { type Figures, judge } from "./soak-verdict.ts";

const DATAGRAMS_PER_SECOND = 5_000;
const HOSTILE_PER_SECOND = 200;
const STEP_MS = 10;
const LEAVE_EVERY_MS = 500;
/** Longer than the relay's timeout, so that the place of who left is free. */
const RETURN_AFTER_MS = 6_500;
const KILL_EVERY_MS = 5_000;
const STUCK_AFTER_MS = 5_000;
const SETTLE_MS = 1_500;

const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? 30);
const seed = Number(values.seed ?? 1);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error("--minutes is a number above 0, --seed an integer");

const child = fork(fileURLToPath(new URL("soak-relay.ts", import.meta.url)), {
  execArgv: [...process.execArgv, "--expose-gc"],
});
const { port } = await answer("ready");
const players = new SoakPlayers(seed, port);
const fuzzer = new SoakFuzzer(seed, port);
await fuzzer.open();
await players.join();

const durationMs = minutes * 60_000;
const startMs = performance.now();
let kills = 0;
let stuck = 0;
let lastReceived = 0;
let third: MemoryFigures | undefined;
// Kills fall between the moments at which memory is looked at: a dead worker's is not there.
const due = { leave: LEAVE_EVERY_MS, kill: KILL_EVERY_MS / 2, stuck: STUCK_AFTER_MS };
let played = 0;
let fuzzed = 0;
for (let nowMs = 0; nowMs < durationMs; nowMs = performance.now() - startMs) {
  const shouldHavePlayed = Math.floor((nowMs * DATAGRAMS_PER_SECOND) / 1_000);
  // A generator that was held up does not catch up in one burst: that would test its own pause.
  const step = Math.min(shouldHavePlayed - played, (4 * DATAGRAMS_PER_SECOND * STEP_MS) / 1_000);
  played = shouldHavePlayed;
  players.play(step);
  const hostile = Math.floor((nowMs * HOSTILE_PER_SECOND) / 1_000);
  fuzzer.send(Math.min(hostile - fuzzed, 50), players.nextId);
  fuzzed = hostile;
  if (nowMs >= due.leave) {
    due.leave += LEAVE_EVERY_MS;
    const seat = players.leave();
    if (seat >= 0) setTimeout(() => void players.take(seat), RETURN_AFTER_MS);
  }
  if (nowMs >= due.kill) {
    due.kill += KILL_EVERY_MS;
    tell({ type: "kill", worker: kills++ % 2 });
  }
  if (nowMs >= due.stuck) {
    due.stuck += STUCK_AFTER_MS;
    if (players.received === lastReceived) stuck++;
    lastReceived = players.received;
  }
  if (third === undefined && nowMs >= durationMs / 3) third = await memory();
  await new Promise((resolve) => setTimeout(resolve, STEP_MS));
}
await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
const report = await relayReport();
const end = await memory();
const figures: Figures = {
  seconds: (performance.now() - startMs) / 1_000,
  clients: PLAYERS,
  sent: players.sent,
  hostile: fuzzer.sent,
  received: players.received,
  living: players.living(),
  left: players.left,
  kills,
  stuck,
  third: third ?? end,
  end,
};
players.close();
fuzzer.close();
const exited = new Promise((resolve) => child.once("exit", resolve));
tell({ type: "end" });
await exited;
const { lines, failed } = judge(report, figures);
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = failed ? 1 : 0;

function tell(message: ToRelay): void {
  (child satisfies ChildProcess).send(message);
}

async function relayReport(): Promise<RelayReport> {
  const answered = answer("report");
  tell({ type: "report" });
  return (await answered).report;
}

async function memory(): Promise<MemoryFigures> {
  const answered = answer("memory");
  tell({ type: "memory" });
  return (await answered).memory;
}

function answer<T extends FromRelay["type"]>(type: T): Promise<Extract<FromRelay, { type: T }>> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      reject(new Error("the relay's process ended"));
    };
    const listener = (message: FromRelay): void => {
      if (message.type !== type) return;
      child.off("message", listener);
      child.off("exit", ended);
      resolve(message as Extract<FromRelay, { type: T }>);
    };
    child.on("message", listener);
    child.once("exit", ended);
  });
}
