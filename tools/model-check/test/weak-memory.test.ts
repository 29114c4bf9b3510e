import { describe, expect, it } from "vitest";
import { defineScenario, runScenario, thread } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";
import { checkedOutcomes } from "./programs.ts";
import type { Program } from "./reference-explorer.ts";

const X = 0;
const Y = 1;
const peek = (word: number) => ({ op: "peek", word }) as const;
const load = (word: number) => ({ op: "load", word }) as const;
const poke = (word: number, value = 1) => ({ op: "poke", word, value }) as const;
const store = (word: number, value = 1) => ({ op: "store", word, value }) as const;
const fence = { op: "fence" } as const;

type Options = Parameters<typeof checkedOutcomes>[2];

/** Whether the threads' reads may come out like this. */
function allows(programs: readonly Program[], ...reads: readonly number[][]): boolean {
  return allowsWith({}, programs, ...reads);
}

function allowsWith(options: Options, programs: readonly Program[], ...reads: readonly number[][]): boolean {
  const wanted = JSON.stringify(reads);
  return [...checkedOutcomes(programs, 2, options)].some(
    (outcome) => JSON.stringify((JSON.parse(outcome) as unknown[])[0]) === wanted,
  );
}

describe("store buffering: neither sees the other's store", () => {
  it("is possible plainly, or with one side plain", () => {
    expect(
      allows(
        [
          [poke(X), peek(Y)],
          [poke(Y), peek(X)],
        ],
        [0],
        [0],
      ),
    ).toBe(true);
    expect(
      allows(
        [
          [poke(X), load(Y)],
          [store(Y), load(X)],
        ],
        [0],
        [0],
      ),
    ).toBe(true);
  });

  it("is impossible with atomics, and with fences on both sides", () => {
    expect(
      allows(
        [
          [store(X), load(Y)],
          [store(Y), load(X)],
        ],
        [0],
        [0],
      ),
    ).toBe(false);
    expect(
      allows(
        [
          [poke(X), fence, peek(Y)],
          [poke(Y), fence, peek(X)],
        ],
        [0],
        [0],
      ),
    ).toBe(false);
  });

  it("is possible where a plain load follows an atomic store, unless a fence stands between", () => {
    expect(
      allows(
        [
          [store(X), peek(Y)],
          [store(Y), load(X)],
        ],
        [0],
        [0],
      ),
    ).toBe(true);
    expect(
      allows(
        [
          [store(X), fence, peek(Y)],
          [store(Y), load(X)],
        ],
        [0],
        [0],
      ),
    ).toBe(false);
  });
});

describe("message passing: the flag without the message", () => {
  it("is possible plainly, on either side", () => {
    expect(
      allows(
        [
          [poke(X), poke(Y)],
          [load(Y), load(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(true);
    expect(
      allows(
        [
          [store(X), store(Y)],
          [peek(Y), peek(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(true);
  });

  it("is impossible through an atomic flag, or fences around a plain one", () => {
    expect(
      allows(
        [
          [poke(X), store(Y)],
          [load(Y), peek(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(false);
    expect(
      allows(
        [
          [poke(X), fence, poke(Y)],
          [peek(Y), fence, peek(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(false);
  });
});

describe("a plain store after an atomic one", () => {
  it("may be visible before it, unless a fence stands between", () => {
    expect(
      allows(
        [
          [store(X), poke(Y)],
          [load(Y), load(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(true);
    expect(
      allows(
        [
          [store(X), fence, poke(Y)],
          [load(Y), load(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(false);
    expect(
      allows(
        [
          [store(X), store(Y)],
          [load(Y), load(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(false);
  });

  it("may not, where the thread's own atomic load stands between", () => {
    expect(
      allows(
        [
          [store(X), load(X), poke(Y)],
          [load(Y), load(X)],
        ],
        [1],
        [1, 0],
      ),
    ).toBe(false);
  });
});

describe("a plain load that depends on another one", () => {
  const writer: Program = [store(X), store(Y)];

  it("is as new as what it follows where a scenario says so", () => {
    expect(allows([writer, [peek(Y), peek(X)]], [], [1, 0])).toBe(true);
    expect(allowsWith({ dependentLoads: true }, [writer, [peek(Y), peek(X)]], [], [1, 0])).toBe(false);
    expect(allowsWith({ dependentLoads: true }, [writer, [peek(Y), peek(X)]], [], [0, 0])).toBe(true);
    expect(
      allowsWith(
        { dependentLoads: true },
        [
          [poke(X), poke(Y)],
          [peek(Y), peek(X)],
        ],
        [],
        [1, 0],
      ),
    ).toBe(true);
  });
});

describe("one word", () => {
  it("is never seen to go back", () => {
    expect(
      allows(
        [
          [poke(X, 1), poke(X, 2)],
          [peek(X), peek(X)],
        ],
        [],
        [2, 1],
      ),
    ).toBe(false);
    expect(
      allows(
        [
          [poke(X, 1), poke(X, 2)],
          [peek(X), peek(X)],
        ],
        [],
        [1, 2],
      ),
    ).toBe(true);
  });

  it("holds for its writer what it wrote last", () => {
    expect(allows([[poke(X, 1), peek(X)], []], [0], [])).toBe(false);
    expect(allows([[poke(X, 1), load(X)], []], [0], [])).toBe(false);
  });
});

describe("a plain load that is validated by an atomic one", () => {
  const writer: Program = [store(X), store(Y)];

  it("may be late, unless a fence stands between", () => {
    // The validated word was still 0, but the plain load has the value that was stored after it.
    expect(allows([writer, [peek(Y), load(X)]], [], [1, 0])).toBe(true);
    expect(allows([writer, [peek(Y), fence, load(X)]], [], [1, 0])).toBe(false);
    expect(allows([writer, [load(Y), load(X)]], [], [1, 0])).toBe(false);
  });

  it("leaves the old value of an atomic load with what that was released with", () => {
    const publishing: Program = [poke(X), store(Y, 1), store(Y, 2)];
    expect(allows([publishing, [peek(X), load(Y), peek(X)]], [], [0, 1, 1])).toBe(true);
    expect(allows([publishing, [peek(X), load(Y), peek(X)]], [], [0, 1, 0])).toBe(false);
    expect(allows([publishing, [peek(X), load(Y), peek(X)]], [], [0, 2, 0])).toBe(false);
    expect(allows([publishing, [peek(X), load(Y), peek(X)]], [], [0, 0, 0])).toBe(true);
  });

  it("does not let two atomic loads change places", () => {
    expect(allows([writer, [peek(Y), load(Y), load(X)]], [], [0, 1, 0])).toBe(false);
  });
});

describe("independent reads of independent writes", () => {
  const writers: Program[] = [[store(X)], [store(Y)]];
  const readers = (read: typeof load | typeof peek): Program[] =>
    [
      [read(X), read(Y)],
      [read(Y), read(X)],
    ] as Program[];

  it("agree on the order with atomics, and need not plainly", () => {
    expect(allows([...writers, ...readers(load)], [], [], [1, 0], [1, 0])).toBe(false);
    expect(allows([...writers, ...readers(peek)], [], [], [1, 0], [1, 0])).toBe(true);
  });
});

describe("an atomic write of 64 bits", () => {
  /** What the reader finds while both halves of the word change at once. */
  const found = (read: (words: ModelWords) => readonly number[]): Set<string> => {
    const outcomes = new Set<string>();
    const { failure } = runScenario(
      defineScenario<ModelWords>({
        name: "both halves of a word",
        touches: [],
        setup: () => new ModelWords(4),
        threads: [
          thread(
            "writer",
            (words: ModelWords) => words,
            (words) => void words.add64(0, 2 ** 32 + 1),
          ),
          thread("reader", (words: ModelWords) => words, read),
        ],
        check: ({ results }) => {
          outcomes.add(JSON.stringify(results.get("reader")));
          return undefined;
        },
      }),
    );
    expect(failure).toBeUndefined();
    return outcomes;
  };
  const both = 2 ** 32 + 1;

  it("is seen whole by an atomic load of 64 bits, also after a late plain load", () => {
    expect(found((words) => [words.load64(0)])).toEqual(new Set(["[0]", `[${both}]`]));
    expect(found((words) => [words.peek(2), words.load64(0)])).toEqual(new Set(["[0,0]", `[0,${both}]`]));
  });

  it("is seen whole by who has seen one half of it plainly", () => {
    const outcomes = new Set(["[0,0]", `[0,${both}]`, `[1,${both}]`]);
    expect(found((words) => [words.peek(0), words.load64(0)])).toEqual(outcomes);
    expect(found((words) => [words.peek(1), words.load64(0)])).toEqual(outcomes);
  });

  it("leaves the halves apart for loads of 32 bits only where the first of them is plain", () => {
    const inOrder = ["[0,0]", "[0,1]", "[1,1]"];
    expect(found((words) => [words.load(0), words.load(1)])).toEqual(new Set(inOrder));
    expect(found((words) => [words.peek(2), words.load(0), words.load(1)].slice(1))).toEqual(
      new Set(inOrder),
    );
    expect(found((words) => [words.peek(0), words.load(1)])).toEqual(new Set([...inOrder, "[1,0]"]));
    expect(found((words) => [words.peek(1), words.load(0)])).toEqual(new Set([...inOrder, "[1,0]"]));
  });
});
