/** Quantities as a person reads them, in few columns. Undefined or null is a dash: nothing measures it. */

const DASH = "-";

/** `950 B/s`, `12.3 kB/s`, `133 kB/s`, `4.56 MB/s`: nine characters at most below 1 TB/s. */
export function byteRate(bytesPerSecond: number): string {
  if (bytesPerSecond < 999.5) return `${Math.round(bytesPerSecond)} B/s`;
  if (bytesPerSecond < 999_500) return `${threeDigits(bytesPerSecond / 1_000, 1)} kB/s`;
  if (bytesPerSecond < 999_500_000) return `${threeDigits(bytesPerSecond / 1e6, 2)} MB/s`;
  return `${threeDigits(bytesPerSecond / 1e9, 2)} GB/s`;
}

/** `950 B`, `12.3 kB`, `4.56 MB`, `7.89 GB`, `1.23 TB`: nine characters at most below 1 PB. */
export function byteCount(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  if (bytes < 999_995_000) return `${(bytes / 1e6).toFixed(2)} MB`;
  if (bytes < 999.995e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return `${(bytes / 1e12).toFixed(2)} TB`;
}

/** `1,234,567` below ten million, `12.3 M` above: nine characters at most below 10^11. */
export function datagramCount(datagrams: number): string {
  return datagrams < 1e7 ? count(datagrams) : `${(datagrams / 1e6).toFixed(1)} M`;
}

/** Three digits below 1,000, of them `decimals` behind the point at most. */
function threeDigits(value: number, decimals: number): string {
  if (value < 9.995 && decimals > 1) return value.toFixed(2);
  return value.toFixed(value < 99.95 ? 1 : 0);
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
