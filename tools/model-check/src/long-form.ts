import type { Scenario } from "./scenario.ts";

/** What the long form is asked for. */
export interface LongForm {
  /** Of each file's `undrawn` scenarios, how many are explored whole; Infinity for all. */
  readonly draw: number;
  /** Which: the same seed draws the same. */
  readonly seed: number;
}

/** A file's scenarios as they are to run: without `form` those of the short form, else all of them. */
export function selectScenarios(scenarios: readonly Scenario[], form: LongForm | undefined): Scenario[] {
  if (form === undefined) return scenarios.filter(({ long }) => long !== true);
  const drawable = scenarios.filter(({ undrawn }) => undrawn !== undefined);
  const drawn = new Set(drawBySeed(drawable, form.draw, form.seed));
  return scenarios.map((scenario) => {
    const { mode, undrawn } = scenario;
    if (undrawn !== undefined) return drawn.has(scenario) ? scenario : { ...scenario, mode: undrawn };
    if (typeof mode !== "object") return scenario;
    return { ...scenario, mode: { ...mode, runs: mode.longRuns ?? mode.runs } };
  });
}

/** `count` of the items, in an order that only the seed decides. */
export function drawBySeed<Item>(items: readonly Item[], count: number, seed: number): Item[] {
  let state = seed >>> 0;
  const keyed = items.map((item) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { item, key: state };
  });
  return keyed
    .sort((one, other) => one.key - other.key)
    .slice(0, count)
    .map(({ item }) => item);
}
