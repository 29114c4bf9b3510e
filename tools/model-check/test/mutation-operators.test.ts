import { describe, expect, it } from "vitest";
import { mutantsOf } from "../src/mutation-operators.ts";

const header =
  'import { compareExchange, load, pause, poke, store } from "@udp-relay/atomics-layout/memory";\n';

/** `operator: what the changed lines look like`, for each mutant. */
function mutants(body: string): string[] {
  const text = `${header}function f(words: Int32Array, ops: any, at: number) {\n${body}\n}\n`;
  return mutantsOf("sample.ts", text).map(({ operator, source }) => {
    const start = header.length + "function f(words: Int32Array, ops: any, at: number) {\n".length;
    const changed = source.slice(start, source.lastIndexOf("\n}\n\nimport"));
    return `${operator}: ${changed.replace(/\s+/g, " ").trim()}`;
  });
}

describe("mutation operators", () => {
  it("drop a store, make it plain, and swap it with its neighbour", () => {
    expect(mutants("  store(words, at, 1);\n  poke(words, at + 1, 2);")).toEqual([
      "swap stores: poke(words, at + 1, 2); store(words, at, 1);",
      "drop store: ; poke(words, at + 1, 2);",
      "atomic to plain: mutantPoke(words, at, 1); poke(words, at + 1, 2);",
      "drop store: store(words, at, 1); ;",
    ]);
  });

  it("do the same to a region's operations, with the words beside them", () => {
    expect(mutants("  x.ops.store32(at * 4, 1);")).toEqual([
      "drop store: ;",
      "atomic to plain: ((o: any, ...v: any): any => (mutantPoke as any)(x.words, o >>> 2, ...v))(at * 4, 1);",
    ]);
    expect(mutants("  if (x.ops.compareExchange32(at * 4, 0, 1) !== 0) return;")[1]).toBe(
      "compare-exchange to store: if (((o: any, e: any, r: any): number => (x.ops.store32(o, r), e))(at * 4, 0, 1) !== 0) return;",
    );
  });

  it("know what a file has renamed", () => {
    const renamed =
      'import { poke as pokeWord } from "@udp-relay/atomics-layout/memory";\nconst poke = pokeWord;\n';
    const found = mutantsOf(
      "sample.ts",
      `${renamed}export function f(words: any) {\n  poke(words, 0, 1);\n}\n`,
    );
    expect(found.map(({ operator, original }) => `${operator}: ${original}`)).toEqual([
      "drop store: poke(words, 0, 1);",
    ]);
  });

  it("drop a fence", () => {
    expect(mutants("  ops.fence();")).toEqual(["drop fence: ;"]);
  });

  it("make a compare-exchange a store, run its loop once and ignore its outcome", () => {
    const found = mutants(
      "  for (;;) {\n    if (compareExchange(words, at, 0, 1) === 0) return;\n    pause();\n  }",
    );
    expect(found.map((text) => text.split(":")[0])).toEqual([
      "drop retry",
      "drop check",
      "compare-exchange to store",
    ]);
    expect(found[0]).toContain("pause(); break; }");
    expect(found[1]).toContain("void (compareExchange(words, at, 0, 1) === 0);");
    expect(found[2]).toContain("(mutantStore(w, i, r), e))(words, at, 0, 1) === 0");
  });

  it("drop a check of what was read, directly or by a variable, and of nothing else", () => {
    const found = mutants(
      "  const generation = load(words, at);\n  if (generation !== 3) return -1;\n  if (at > 5) return -2;\n  return 1;",
    );
    expect(found).toHaveLength(2);
    expect(found[1]).toBe(
      "drop check: const generation = load(words, at); ; if (at > 5) return -2; return 1;",
    );
  });

  it("leave alone a load that a compare-exchange compares once more", () => {
    const found = mutants("  const seen = load(words, at);\n  compareExchange(words, at, seen, 1);");
    expect(found.filter((text) => text.startsWith("atomic to plain"))).toEqual([]);
  });

  it("give the same code twice two names", () => {
    const ids = mutantsOf("sample.ts", `${header}store(a, 0, 1);\nf();\nstore(a, 0, 1);\n`).map(
      ({ id }) => id,
    );
    expect(ids).toContain("drop store: store(a, 0, 1);");
    expect(ids).toContain("drop store: store(a, 0, 1); #2");
  });

  it("leave alone what is no memory function", () => {
    expect(mutantsOf("sample.ts", "map.store(1); load(words, 0); if (peek(w, 1) === 2) { g(); }")).toEqual(
      [],
    );
  });
});
