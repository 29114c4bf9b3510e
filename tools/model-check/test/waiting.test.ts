import { describe, expect, it } from "vitest";
import { defineScenario, runScenario, thread } from "../src/index.ts";
import type { Scenario, ScenarioOptions } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

type Body = (words: ModelWords) => unknown;

function bodies(all: Record<string, Body>, options: Partial<ScenarioOptions<ModelWords>> = {}): Scenario {
  return defineScenario<ModelWords>({
    name: "bodies",
    touches: [],
    setup: () => new ModelWords(3),
    threads: Object.entries(all).map(([name, body]) => thread(name, (words: ModelWords) => words, body)),
    ...options,
  });
}

/** Everything that a thread returned in any execution. */
function resultsOf(name: string, all: Record<string, Body>): Set<unknown> {
  const seen = new Set<unknown>();
  const check: ScenarioOptions<ModelWords>["check"] = ({ results }) => {
    seen.add(results.get(name));
    return undefined;
  };
  expect(runScenario(bodies(all, { check })).failure).toBeUndefined();
  return seen;
}

describe("wait and notify", () => {
  it("wakes a waiter, or finds the word changed already", () => {
    const seen = resultsOf("waiter", {
      waiter: (words) => words.wait(0, 0),
      waker: (words) => {
        words.store(0, 1);
        words.notify(0);
      },
    });
    expect([...seen].sort()).toEqual(["not-equal", "ok"]);
  });

  it("reports a lost wake-up as waiting for ever", () => {
    const lost = runScenario(
      bodies({
        waiter: (words) => words.wait(0, 0),
        waker: (words) => words.notify(0),
      }),
    );
    expect(lost.failure).toContain("waiter waits for ever");
  });

  it("lets a timeout pass at any time, and counts the woken", () => {
    const waiter: Body = (words) => words.wait(0, 0, 10);
    const waker: Body = (words) => words.notify(0);
    expect([...resultsOf("waiter", { waiter, waker })].sort()).toEqual(["ok", "timed-out"]);
    expect([...resultsOf("waker", { waiter, waker })].sort()).toEqual([0, 1]);
  });

  it("wakes in the order of waiting", () => {
    const seen = resultsOf("waker", {
      first: (words) => words.wait(0, 0, 10),
      second: (words) => words.wait(0, 0, 10),
      waker: (words) => [words.notify(0, 1), words.notify(0)].join(),
    });
    expect([...seen].sort()).toEqual(["0,0", "0,1", "0,2", "1,0", "1,1"]);
  });
});

describe("spinning", () => {
  const acquire =
    (turns: number): Body =>
    (words) => {
      for (let turn = 0; turn < turns; turn++) {
        if (words.compareExchange(0, 0, 1) === 0) {
          words.store(0, 0);
          return "got it";
        }
        words.pause();
      }
      return "gave up";
    };

  it("waits for a change, and may find that its bound runs out", () => {
    expect([...resultsOf("two", { one: acquire(40), two: acquire(40) })].sort()).toEqual([
      "gave up",
      "got it",
    ]);
  });

  it("without a bound ends only when it got it", () => {
    expect([...resultsOf("two", { one: acquire(Infinity), two: acquire(Infinity) })]).toEqual(["got it"]);
  });

  it("takes few states, however long the bound is", () => {
    const states = (turns: number): number =>
      runScenario(bodies({ one: acquire(turns), two: acquire(turns) })).states;
    expect(states(400)).toBe(states(20));
  });

  it("reports a loop that nobody ends", () => {
    const { failure } = runScenario(
      bodies({
        spinner: (words) => {
          while (words.load(0) === 0) words.pause();
        },
        other: (words) => words.store(1, 1),
      }),
    );
    expect(failure).toContain("spinner waits for ever");
  });

  it("sees a plain store after a pause at the latest", () => {
    const { failure } = runScenario(
      bodies({
        spinner: (words) => {
          while (words.peek(0) === 0) words.pause();
        },
        setter: (words) => words.poke(0, 1),
      }),
    );
    expect(failure).toBeUndefined();
  });

  it("reports a loop without a pause by its steps", () => {
    const { failure } = runScenario(
      bodies({
        spinner: (words) => {
          while (words.load(0) === 0);
        },
        other: (words) => words.store(0, 1),
      }),
    );
    expect(failure).toContain("spinner took more than 2000 steps without an end or a pause");
  });
});
