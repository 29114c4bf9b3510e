import { defineScenario, memoryHooks, thread, useRealClock } from "@udp-relay/model-check";
import type { NamedRange, Outcome, Scenario, ScenarioOptions } from "@udp-relay/model-check";
import { ClockError, CoarseClock, elapsedMs } from "../src/index.ts";
import type { ClockHandle } from "../src/index.ts";

const touches = ["packages/clock/src/cell.ts", "packages/clock/src/coarse-clock.ts"];

/** Two memories: the clock's cell, and a word that stands for the real clock of the machine. */
interface Machine {
  readonly cell: SharedArrayBuffer;
  readonly time: SharedArrayBuffer;
  readonly handle: ClockHandle;
  readonly startMs: number;
}

/** Reading it takes a millisecond, whoever reads: so time passes while a thread is held up. */
function readTime({ time, startMs }: Machine): number {
  return startMs + memoryHooks.access(time, 0, "add", 4, 1, 0);
}

function machine(startMs: number): Machine {
  const cell = new SharedArrayBuffer(64);
  const time = new SharedArrayBuffer(8);
  const handle: ClockHandle = { kind: "@udp-relay/clock", buffer: cell, byteOffset: 0 };
  return { cell, time, handle, startMs };
}

/** A clock that has run for a while, up to the time at which the threads start. */
function withClock(startMs: number): Machine {
  const shared = machine(startMs - RUN_MS);
  useRealClock(() => readTime(shared));
  const clock = new CoarseClock({ buffer: shared.cell });
  memoryHooks.access(shared.time, 0, "add", 4, RUN_MS, 0);
  clock.update();
  return shared;
}

const RUN_MS = 5_000;

function names({ cell, time }: Machine): NamedRange[] {
  const fields = { tick: 0, micros: 4, state: 8, epoch: 16 };
  return [
    { memory: cell, name: "cell", byteOffset: 0, byteLength: 64, fields },
    { memory: time, name: "real time", byteOffset: 0, byteLength: 4, stride: 4 },
  ];
}

interface User {
  readonly clock: CoarseClock;
  readonly shared: Machine;
}

function attach(shared: Machine): User {
  useRealClock(() => readTime(shared));
  return { clock: CoarseClock.attach(shared.handle), shared };
}

/** How far the value of an update is behind the real time at which the update was called: never. */
function update({ clock, shared }: User): string | undefined {
  const calledMs = readTime(shared) >>> 0;
  const tick = clock.update();
  const behind = elapsedMs(calledMs, tick) | 0;
  return behind > 0 ? `an update was ${behind} ms old when it returned` : undefined;
}

function readTwice({ clock }: User): string | undefined {
  const [first, second] = [clock.recentMs(), clock.recentMs()];
  const [micros, later] = [clock.recentMicros(), clock.recentMicros()];
  if (isBefore(second, first)) return `the tick went back from ${first} to ${second}`;
  return isBefore(later, micros) ? `the microseconds went back from ${micros} to ${later}` : undefined;
}

/** Of two u32 that wrap. */
function isBefore(one: number, other: number): boolean {
  return ((one - other) | 0) < 0;
}

function firstFault({ results }: Outcome<Machine>): string | undefined {
  for (const fault of results.values()) if (typeof fault === "string") return fault;
  return undefined;
}

interface UpdatersOptions {
  readonly startMs: number;
  /** How often the second one updates. */
  readonly updates: number;
  readonly reader: boolean;
  readonly interruption?: "kill";
}

function updaters(name: string, { startMs, updates, reader, interruption }: UpdatersOptions): Scenario {
  const again = (user: User): string | undefined =>
    Array.from({ length: updates }, () => update(user)).find((fault) => fault !== undefined);
  const threads = [thread("updater 1", attach, update), thread("updater 2", attach, again)];
  const options: ScenarioOptions<Machine> = {
    name,
    touches,
    setup: () => withClock(startMs),
    names,
    threads: reader ? [...threads, thread("reader", attach, readTwice)] : threads,
    interruption: interruption ?? "none",
    check: firstFault,
  };
  return defineScenario(options);
}

/** Creates a clock, or says why not. */
function create(shared: Machine): string {
  useRealClock(() => readTime(shared));
  try {
    new CoarseClock({ buffer: shared.cell });
    return "created";
  } catch (error) {
    if (error instanceof ClockError) return error.code;
    throw error;
  }
}

export default [
  updaters("two updaters: never older than the call", { startMs: 10_000, updates: 2, reader: false }),
  updaters("two updaters and a reader: never back", { startMs: 10_000, updates: 1, reader: true }),
  updaters("two updaters and a reader where the tick wraps", {
    startMs: 2 ** 32 - 12,
    updates: 1,
    reader: true,
  }),
  updaters("an updater killed at any step holds up nobody", {
    startMs: 10_000,
    updates: 2,
    reader: false,
    interruption: "kill",
  }),

  defineScenario({
    name: "two threads create a clock in one place: one of them does",
    touches,
    setup: () => machine(1_000),
    names,
    threads: ["one", "two"].map((name) => thread(name, (shared: Machine) => shared, create)),
    check: ({ results }) => {
      const outcomes = [...results.values()].sort().join();
      return outcomes === "ERR_CLOCK_CELL_IN_USE,created" ? undefined : outcomes;
    },
  }),

  defineScenario({
    name: "creating where something else is: refused, and that is left alone",
    touches,
    setup: () => {
      const shared = machine(1_000);
      memoryHooks.access(shared.cell, 40, "store", 4, 7, 0);
      return shared;
    },
    names,
    threads: ["one", "two"].map((name) => thread(name, (shared: Machine) => shared, create)),
    check: ({ results, shared: { cell } }) => {
      const outcomes = [...results.values()].join();
      if (outcomes !== "ERR_CLOCK_CELL_IN_USE,ERR_CLOCK_CELL_IN_USE") return outcomes;
      for (let byte = 0; byte < 64; byte += 4) {
        const word = memoryHooks.access(cell, byte, "load", 4, 0, 0);
        if (word !== (byte === 40 ? 7 : 0)) return `byte ${byte} became ${word}`;
      }
      return undefined;
    },
  }),

  defineScenario({
    name: "attaching while it is created: refused, or complete",
    touches,
    setup: () => machine(1_000),
    names,
    threads: [
      thread("creator", (shared: Machine) => shared, create),
      thread(
        "attacher",
        (shared: Machine) => shared,
        (shared) => {
          useRealClock(() => readTime(shared));
          try {
            const clock = CoarseClock.attach(shared.handle);
            // The epoch is the same in all threads of this process: their times must agree.
            return Math.abs(clock.nowMs() - performance.now()) > 3 ? "the times do not agree" : undefined;
          } catch (error) {
            if (error instanceof ClockError && error.code === "ERR_CLOCK_HANDLE") return undefined;
            throw error;
          }
        },
      ),
    ],
    check: ({ results }) => results.get("attacher") as string | undefined,
  }),
] satisfies readonly Scenario[];
