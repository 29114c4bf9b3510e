import { describe, expect, it } from "vitest";
import { defineScenario } from "../src/index.ts";
import type { Scenario } from "../src/index.ts";
import { drawBySeed, selectScenarios } from "../src/long-form.ts";

const scenario = (name: string, options: Partial<Scenario> = {}): Scenario =>
  defineScenario({ name, touches: [], setup: () => 0, threads: [], ...options });

const undrawn = { runs: 10, seed: 1 };
const family = Array.from({ length: 20 }, (_, i) => scenario(`pair ${i}`, { long: true, undrawn }));

describe("what the long form runs", () => {
  it("leaves long scenarios out of the short form", () => {
    const all = [scenario("short"), scenario("long", { long: true }), ...family];
    expect(selectScenarios(all, undefined).map(({ name }) => name)).toEqual(["short"]);
  });

  it("explores as many of a family as were asked for, and runs the others at random", () => {
    const selected = selectScenarios([...family, scenario("alone", { long: true })], { draw: 3, seed: 7 });
    expect(selected).toHaveLength(21);
    expect(selected.at(-1)!.mode).toBeUndefined();
    const whole = selected.slice(0, -1).filter(({ mode }) => mode === undefined);
    expect(whole).toHaveLength(3);
    const others = selected.filter(({ mode }) => mode !== undefined);
    expect(others.every(({ mode }) => mode === undrawn)).toBe(true);
  });

  it("explores each of them when every one is asked for", () => {
    const selected = selectScenarios(family, { draw: Infinity, seed: 1 });
    expect(selected.every(({ mode }) => mode === undefined)).toBe(true);
  });

  it("draws each of a family by some seed, and the same by the same", () => {
    const drawn = new Set<Scenario>();
    for (let seed = 1; seed <= 200; seed++) for (const each of drawBySeed(family, 3, seed)) drawn.add(each);
    expect(drawn.size).toBe(family.length);
    expect(drawBySeed(family, 3, 9)).toEqual(drawBySeed(family, 3, 9));
  });

  it("gives random scenarios their long number of runs", () => {
    const mode = { runs: 5, longRuns: 50, seed: 1 };
    const selected = selectScenarios([scenario("random", { mode })], { draw: 1, seed: 1 });
    expect(selected[0]!.mode).toEqual({ ...mode, runs: 50 });
  });
});
