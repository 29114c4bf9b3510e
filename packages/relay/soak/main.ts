// npm run soak -- --minutes N [--seed S]: the relay under load, churn, kills, dead peers and hostile datagrams.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SoakFuzzer } from "./soak-fuzzer.ts";
import type { FromRelay, MemoryFigures, ToRelay } from "./soak-messages.ts";
import { PLAYERS, SoakPlayers } from "./soak-players.ts";
import { type Figures, judge, unexplainedIn } from "./soak-verdict.ts";

const DATAGRAMS_PER_SECOND = 5_000;
const HOSTILE_PER_SECOND = 200;
const STEP_MS = 10;
const LEAVE_EVERY_MS = 500;
/** Longer than the relay's timeout, so that the place of who left is free. */
const RETURN_AFTER_MS = 6_500;
/** Or less often: as many as this at most, since each death of a worker that had loaded koffi leaves some 40 KB behind. */
const KILL_EVERY_MS = 5_000;
const MOST_KILLS = 90;
const STUCK_AFTER_MS = 5_000;
const SETTLE_MS = 1_500;
const SETTLE_TRIES = 10;
/** After a kill, until memory is looked at: the successor is warm then. */
const WARM_AFTER_MS = 2_000;
const WORKERS = 2;
const SAMPLES = 30;

const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? 30);
const seed = Number(values.seed ?? 1);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error("--minutes is a number above 0, --seed an integer");

const compiled = fileURLToPath(new URL("../../../node_modules/.cache/compiled", import.meta.url));
const child = fork(fileURLToPath(new URL("soak-relay.ts", import.meta.url)), {
  execArgv: [...process.execArgv, "--expose-gc"],
  // As an operator's relay runs compiled code, its successors of killed workers start with code that was compiled before.
  env: { ...process.env, NODE_COMPILE_CACHE: compiled },
});
const { port } = await answer("ready");
const players = new SoakPlayers(seed, port);
const fuzzer = new SoakFuzzer(seed, port);
await fuzzer.open();
await players.join();

const durationMs = minutes * 60_000;
const killEveryMs = Math.max(KILL_EVERY_MS, durationMs / MOST_KILLS);
const startMs = performance.now();
let kills = 0;
let stuck = 0;
let lastReceived = 0;
let third: MemoryFigures | undefined;
let killedMs = 0;
const samples: string[] = [];
const due = { leave: LEAVE_EVERY_MS, kill: KILL_EVERY_MS / 2, stuck: STUCK_AFTER_MS, sample: 0 };
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
    due.kill += killEveryMs;
    killedMs = nowMs;
    tell({ type: "kill", worker: kills++ % WORKERS });
  }
  if (nowMs >= due.stuck) {
    due.stuck += STUCK_AFTER_MS;
    if (players.received === lastReceived) stuck++;
    lastReceived = players.received;
  }
  if (nowMs >= due.sample) {
    due.sample += durationMs / SAMPLES;
    samples.push(sampleLine(nowMs, await memory(false)));
  }
  // A dead worker's memory is not there: it is looked at while all of them run.
  if (third === undefined && nowMs >= durationMs / 3 && nowMs - killedMs >= WARM_AFTER_MS) {
    const now = await memory(true);
    if (now.running === WORKERS) third = now;
  }
  await pause(STEP_MS);
}
players.end();
await pause(Math.max(SETTLE_MS, WARM_AFTER_MS - (durationMs - killedMs)));
for (let tries = 0; tries < 20 && (await memory(false)).running < WORKERS; tries++) await pause(SETTLE_MS);
// A busy machine's relay has datagrams in its sockets yet: it is asked again until nothing moves.
let { report, restartsMs } = await relayReport();
for (
  let tries = 0;
  tries < SETTLE_TRIES && unexplainedIn(report, players.sent + fuzzer.sent) !== 0;
  tries++
) {
  await pause(SETTLE_MS);
  ({ report, restartsMs } = await relayReport());
}
await pause(SETTLE_MS / 3);
const end = await memory(true);
samples.push(sampleLine(performance.now() - startMs, end));
const figures: Figures = {
  seconds: (performance.now() - startMs) / 1_000,
  clients: PLAYERS,
  sent: players.sent,
  hostile: fuzzer.sent,
  received: players.received,
  living: players.living(),
  left: players.left,
  kills,
  restartsMs,
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
if (failed) lines.push(...samples);
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = failed ? 1 : 0;

function tell(message: ToRelay): void {
  (child satisfies ChildProcess).send(message);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** For whoever has to find out where memory went. */
function sampleLine(atMs: number, figures: MemoryFigures): string {
  const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
  const { heapUsed, external, arrayBuffers, rss, running } = figures;
  return `${(atMs / 1_000).toFixed(0)} s: heap ${mib(heapUsed)}, external ${mib(external)}, array buffers ${mib(arrayBuffers)}, RSS ${mib(rss)} MiB, ${running} workers`;
}

async function relayReport(): Promise<Extract<FromRelay, { type: "report" }>> {
  const answered = answer("report");
  tell({ type: "report" });
  return answered;
}

async function memory(collect: boolean): Promise<MemoryFigures> {
  const answered = answer("memory");
  tell({ type: "memory", collect });
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
