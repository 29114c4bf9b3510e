import { describe, expect, it } from "vitest";
import { defineScenario, runScenario, thread } from "../src/index.ts";
import type { ScenarioOptions } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

const own = (words: ModelWords): ModelWords => words;

function failureOf(
  body: (words: ModelWords) => unknown,
  options: Partial<ScenarioOptions<ModelWords>> = {},
): string {
  const scenario = defineScenario<ModelWords>({
    name: "limits",
    touches: [],
    setup: () => new ModelWords(2),
    threads: [thread("one", own, body), thread("two", own, body)],
    ...options,
  });
  return runScenario(scenario).failure ?? "passed";
}

const adds =
  (count: number) =>
  (words: ModelWords): void => {
    for (let step = 0; step < count; step++) words.add(0, 1);
  };

describe("a limit that is hit is a failure", () => {
  it("of states", () => {
    expect(failureOf(adds(20), { limits: { states: 50 } })).toContain(
      "more than 50 states: not checked exhaustively",
    );
  });

  it("of time", () => {
    expect(failureOf(adds(60), { limits: { milliseconds: 0 } })).toContain("not checked exhaustively");
  });

  it("of steps", () => {
    expect(failureOf(adds(40), { limits: { stepsOfAThread: 20 } })).toContain("took more than 20 steps");
  });
});

describe("a scenario that is not what it says is a failure", () => {
  it("when a body is not deterministic", () => {
    let turn = 0;
    expect(
      failureOf((words) => {
        words.add(0, 1);
        if (turn++ % 2 === 0) words.add(0, 1);
        else words.store(1, 1);
      }),
    ).toContain("not deterministic");
  });

  it("when a thread throws, with where", () => {
    const failure = failureOf(() => {
      throw new RangeError("bad index");
    });
    expect(failure).toMatch(/threw RangeError: bad index\n.*limits\.test\.ts/);
  });

  it("when memory is touched outside its bounds, or misaligned", () => {
    expect(failureOf((words) => words.load(2))).toContain("load outside the memory: byte 8 of 8");
    expect(failureOf((words) => words.load(0.5))).toContain("misaligned");
  });

  it("when nothing came through the hooks", () => {
    expect(failureOf(() => 1, { setup: () => undefined as unknown as ModelWords })).toContain(
      "no access came through",
    );
  });

  it("when it was expected to fail and does not, or fails with something else", () => {
    expect(failureOf(adds(1), { expectFailure: "torn" })).toContain(
      'should have failed with "torn", but passed',
    );
    expect(failureOf(adds(1), { expectFailure: "torn", check: () => "other" })).toContain(
      "but failed with other",
    );
    expect(failureOf(adds(1), { expectFailure: "torn", check: () => "a torn word" })).toBe("passed");
  });
});

describe("a body", () => {
  it("may clean up in finally: what passes through while it is suspended reaches no memory", () => {
    const failure = failureOf(
      (words) => {
        try {
          words.add(0, 1);
          words.add(0, 1);
        } finally {
          words.add(1, 1);
        }
      },
      {
        check: ({ shared }) => (shared.load(0) === 4 && shared.load(1) === 2 ? undefined : "counted wrong"),
      },
    );
    expect(failure).toBe("passed");
  });

  it("finds clocks standing and random numbers repeating", () => {
    const failure = failureOf(
      (words) => {
        words.add(0, 1);
        const random = [
          Math.random(),
          Date.now(),
          performance.now(),
          crypto.getRandomValues(new Uint32Array(1))[0],
        ];
        words.add(0, 1);
        return random.join();
      },
      {
        check: ({ results }) => (results.get("one") === results.get("two") ? undefined : "they differ"),
      },
    );
    expect(failure).toBe("passed");
  });
});
