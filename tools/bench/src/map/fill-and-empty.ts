import { isQuick, report } from "../measure.ts";

/** Fills a map and empties it again, and reports the one or the other in nanoseconds a key. */
export function fillAndEmpty(
  entries: number,
  reportInsert: boolean,
  fill: () => void,
  empty: () => void,
): void {
  const budgetMs = isQuick() ? 150 : 400;
  const passes: number[] = [];
  const begun = performance.now();
  while (passes.length < 5 || (performance.now() - begun < budgetMs && passes.length < 2001)) {
    const start = performance.now();
    fill();
    const filled = performance.now();
    empty();
    const ended = performance.now();
    passes.push(((reportInsert ? filled - start : ended - filled) * 1e6) / entries);
  }
  // The first third warms up.
  const settled = passes.slice(Math.floor(passes.length / 3)).sort((a, b) => a - b);
  report(settled[Math.floor(settled.length / 2)]!, { passes: settled.length, min: settled[0]! });
}
