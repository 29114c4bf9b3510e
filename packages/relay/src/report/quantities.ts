/** Quantities as a person reads them, in few columns. Undefined or null is a dash: nothing measures it. */

const DASH = "-";

/** `950 B/s`, `12.3 kB/s`, `4.56 MB/s`. */
export function byteRate(bytesPerSecond: number): string {
  if (bytesPerSecond < 1000) return `${Math.round(bytesPerSecond)} B/s`;
  if (bytesPerSecond < 1_000_000) return `${(bytesPerSecond / 1000).toFixed(1)} kB/s`;
  return `${(bytesPerSecond / 1_000_000).toFixed(2)} MB/s`;
}

/** `0.42 ms` below 10 ms, `37.1 ms` below 100, `133 ms` below 1 s, `1.25 s` above: seven characters at most. */
export function duration(ms: number | null): string {
  if (ms === null) return DASH;
  if (ms < 9.995) return `${ms.toFixed(2)} ms`;
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Per mille as percent with one decimal: `2.0 %`. */
export function percent(perMille: number | null): string {
  return perMille === null ? DASH : `${(perMille / 10).toFixed(1)} %`;
}

/** `1,234,567`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** A reported client's id as the protocol's users know it: V2's are signed decimals, all others hexadecimal. */
export function clientId(id: number, protocol: string): string {
  if (protocol === "v2") return String(id);
  return (id >>> 0).toString(16).padStart(8, "0");
}
