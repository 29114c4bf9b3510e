const BARS = "▁▂▃▄▅▆▇█";

/** The last `width` values as bars, scaled to the largest of them; 0 is the lowest bar. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const largest = Math.max(...shown, 0);
  return shown
    .map(
      (value) =>
        BARS[largest === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))],
    )
    .join("");
}
