import { describe, expect, it } from "vitest";
import { defineScenario, runScenario, supervisor, thread } from "../src/index.ts";
import type { ScenarioOptions } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

const own = (words: ModelWords): ModelWords => words;

/** All that the three words may hold at the end, as the dead thread, or the supervisor, left them. */
function ends(options: Partial<ScenarioOptions<ModelWords>>, body: (words: ModelWords) => unknown): string[] {
  const seen = new Set<string>();
  const { failure } = runScenario(
    defineScenario<ModelWords>({
      name: "ends",
      touches: [],
      setup: () => new ModelWords(3),
      threads: [thread("victim", own, body)],
      interruption: "kill",
      check: ({ shared, interrupted }) => {
        seen.add(`${interrupted ?? "nobody"} ${[0, 1, 2].map((word) => shared.load(word)).join("")}`);
        return undefined;
      },
      ...options,
    }),
  );
  expect(failure).toBeUndefined();
  return [...seen].sort();
}

describe("a kill", () => {
  it("happens before and after every step", () => {
    const body = (words: ModelWords): void => [0, 1, 2].forEach((word) => words.store(word, 1));
    expect(ends({}, body)).toEqual(["nobody 111", "victim 000", "victim 100", "victim 110", "victim 111"]);
  });

  it("leaves plain stores on their way, which become visible", () => {
    const body = (words: ModelWords): void => [0, 1, 2].forEach((word) => words.poke(word, 1));
    expect(ends({}, body)).toEqual(["nobody 111", "victim 000", "victim 100", "victim 110", "victim 111"]);
  });

  it("runs no finally block of the dead thread", () => {
    const body = (words: ModelWords): void => {
      try {
        words.store(0, 1);
        words.store(1, 1);
      } finally {
        words.store(2, 1);
      }
    };
    expect(ends({}, body)).toEqual(["nobody 111", "victim 000", "victim 100", "victim 110", "victim 111"]);
  });

  it("starts the supervisor, which sees all that the dead thread stored, and is told who died", () => {
    const body = (words: ModelWords): void => words.poke(0, 1);
    const options = {
      supervisor: supervisor(own, (words, _call, killed) => {
        words.store(1, words.peek(0) + 1);
        words.store(2, killed === "victim" ? 1 : 0);
      }),
    };
    expect(ends(options, body)).toEqual(["nobody 100", "victim 011", "victim 121"]);
  });

  it("spares threads that are not interruptible", () => {
    expect(ends({ interruptible: [] }, (words) => words.store(0, 1))).toEqual(["nobody 100"]);
  });
});

describe("a stop", () => {
  const lock = (words: ModelWords): string => {
    for (let turn = 0; turn < 5; turn++) {
      if (words.compareExchange(0, 0, 1) === 0) {
        words.store(0, 0);
        return "got it";
      }
      words.pause();
    }
    return "BUSY";
  };
  const scenario = (body: (words: ModelWords) => unknown): string | undefined =>
    runScenario(
      defineScenario({
        name: "stop",
        touches: [],
        setup: () => new ModelWords(3),
        threads: [thread("one", own, body), thread("two", own, body)],
        interruption: "stop",
      }),
    ).failure;

  it("is survived by a bounded wait, and not by an unbounded one", () => {
    expect(scenario(lock)).toBeUndefined();
    const stuck = scenario((words) => {
      while (words.compareExchange(0, 0, 1) !== 0) words.pause();
      words.store(0, 0);
    });
    expect(stuck).toMatch(/waits for ever, after (one|two) was interrupted/);
    expect(stuck).toContain("STANDS STILL for ever");
  });
});
