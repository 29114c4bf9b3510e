import { describe, expect, it } from "vitest";
import { expect as mapped, formatTitle } from "../src/expect.ts";

type Matchers = Record<string, (...expected: unknown[]) => void>;

/** Whether a matcher holds, fails, or throws something else. */
function verdict(
  assert: (actual: unknown) => unknown,
  actual: unknown,
  name: string,
  expected: unknown[],
): string {
  try {
    const matchers = assert(actual) as Matchers;
    matchers[name]!(...expected);
    return "holds";
  } catch (error) {
    return error instanceof Error && error.name.includes("AssertionError") ? "fails" : String(error);
  }
}

const throwing = (message: string) => (): never => {
  throw new RangeError(message);
};
const sparse: Record<string, unknown> = { a: 1, b: undefined };
const pairs: [unknown, string, unknown][] = [
  [1, "toBe", 1],
  [1, "toBe", 2],
  [NaN, "toBe", NaN],
  [0, "toBe", -0],
  [0, "toEqual", -0],
  [{ a: [1, { b: 2 }] }, "toEqual", { a: [1, { b: 2 }] }],
  [{ a: [1, { b: 2 }] }, "toEqual", { a: [1, { b: 3 }] }],
  [sparse, "toEqual", { a: 1 }],
  [{ a: 1 }, "toEqual", sparse],
  [{ a: 1, c: 2 }, "toEqual", { a: 1 }],
  [{ a: 1, c: { d: 1, e: 2 } }, "toMatchObject", { a: 1, c: { d: 1 } }],
  [{ a: 1, c: { d: 1, e: 2 } }, "toMatchObject", { c: { d: 2 } }],
  [{ a: 1 }, "toMatchObject", { b: undefined }],
  [[{ a: 1, b: 2 }], "toMatchObject", [{ a: 1 }]],
  [[{ a: 1 }, { a: 2 }], "toMatchObject", [{ a: 1 }]],
  [[1, 2, 3], "toEqual", [1, 2, 3]],
  [[1, 2, 3], "toEqual", [1, 2]],
  [new Int32Array([1, 2]), "toEqual", new Int32Array([1, 2])],
  [new Int32Array([1, 2]), "toEqual", new Int32Array([1, 3])],
  [new Int32Array([1, 2]), "toEqual", [1, 2]],
  [new Uint8Array([1]), "toEqual", new Int8Array([1])],
  [new Map([["a", { b: 1 }]]), "toEqual", new Map([["a", { b: 1 }]])],
  [new Map([["a", { b: 1 }]]), "toEqual", new Map([["a", { b: 2 }]])],
  [new Set([1, { a: 2 }]), "toEqual", new Set([1, { a: 2 }])],
  [new Set([1]), "toEqual", new Set([2])],
  [new Error("a"), "toEqual", new Error("a")],
  [new Error("a"), "toEqual", new Error("b")],
  [10n, "toBe", 10n],
  [null, "toBeNull", undefined],
  [undefined, "toBeUndefined", undefined],
  [0, "toBeDefined", undefined],
  [0.1 + 0.2, "toBeCloseTo", 0.3],
  [0.1, "toBeCloseTo", 0.11],
  [3, "toBeGreaterThan", 3],
  [3, "toBeGreaterThanOrEqual", 3],
  [3, "toBeLessThan", 4],
  [3, "toBeLessThanOrEqual", 2],
  [[1, 2], "toContain", 2],
  ["abc", "toContain", "bc"],
  ["abc", "toContain", "d"],
  [[{ a: 1 }], "toContainEqual", { a: 1 }],
  [[1, 2], "toHaveLength", 2],
  ["abc", "toMatch", /B/i],
  ["abc", "toMatch", "x"],
  [new RangeError("x"), "toBeInstanceOf", Error],
  [{}, "toBeInstanceOf", Error],
  [throwing("boom"), "toThrow", "oo"],
  [throwing("boom"), "toThrow", "ox"],
  [throwing("boom"), "toThrow", /^b/],
  [throwing("boom"), "toThrow", RangeError],
  [throwing("boom"), "toThrow", TypeError],
  [(): number => 1, "toThrow", "anything"],
];

describe("the map of vitest's expect", () => {
  it.each(pairs.map((pair, i) => [i, ...pair] as const))(
    "judges pair %d as vitest does: %o %s %o",
    (...row) => {
      const [, actual, name, expected] = row;
      const operands = name.endsWith("Null") || name.endsWith("fined") ? [] : [expected];
      expect(verdict(mapped, actual, name, operands)).toBe(verdict(expect, actual, name, operands));
      const negated = (assert: typeof expect | typeof mapped) => (value: unknown) =>
        (assert(value) as { not: unknown }).not;
      expect(verdict(negated(mapped), actual, name, operands)).toBe(
        verdict(negated(expect), actual, name, operands),
      );
    },
  );

  it("knows values that decide themselves, and promises", async () => {
    interface Checks {
      toEqual: (expected: unknown) => void;
      rejects: { toThrow: (expected: string) => Promise<void> };
    }
    const check = mapped as (actual: unknown) => Checks;
    check({ a: 1, b: "x1" }).toEqual({ a: mapped.any(Number), b: mapped.stringMatching(/\d/) });
    expect(() => check({ a: 1 }).toEqual({ a: mapped.any(String) })).toThrow(/toEqual/);
    const coded = mapped as (attempt: () => never) => { toThrow: (expected: unknown) => void };
    const throwsCode = (): never => {
      throw Object.assign(new Error("no"), { code: "ERR_NO" });
    };
    coded(throwsCode).toThrow(mapped.objectContaining({ code: "ERR_NO" }));
    expect(() => coded(throwsCode).toThrow(mapped.objectContaining({ code: "ERR_YES" }))).toThrow(/toThrow/);
    expect(() => coded(throwsCode).toThrow(mapped.objectContaining({ cause: undefined }))).toThrow(/toThrow/);
    await check(Promise.reject(new Error("late"))).rejects.toThrow("late");
    await expect(check(Promise.resolve(1)).rejects.toThrow("late")).rejects.toThrow("promise");
  });

  it("formats the titles of tables", () => {
    expect(formatTitle("%d threads, %s", [3, "fast"], 0)).toBe("3 threads, fast");
    expect(formatTitle("row %#", [3], 7)).toBe("row 7");
    expect(formatTitle("$name", [{ name: 5 }], 0)).toBe("5");
  });
});
