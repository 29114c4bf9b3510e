const BARS = "▁▂▃▄▅▆▇█";

/**
 * The last `width` values as bars; 0 is the lowest bar.
 *
 * @param full the value of the highest bar; by default the largest that is shown
 */
export function sparkline(values: readonly number[], width: number, full?: number): string {
  const shown = values.slice(-width);
  const largest = full ?? Math.max(...shown, 0);
  return shown
    .map(
      (value) =>
        BARS[largest === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))],
    )
    .join("");
}
