import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";

/**
 * Datagrams that the Linux kernel dropped because the receive buffer of the socket bound to `local` was
 * full, from `/proc/net/udp` or `/proc/net/udp6` (proc(5); column `drops`).
 *
 * @param ipv6Socket whether the socket is AF_INET6, which a mapped address alone does not tell
 * @returns undefined where there is no such file, or where several sockets share the address and port
 */
export function kernelReceiveDrops(local: Endpoint, ipv6Socket: boolean): number | undefined {
  if (process.platform !== "linux") return undefined;
  let table: string;
  try {
    table = readFileSync(ipv6Socket ? "/proc/net/udp6" : "/proc/net/udp", "latin1");
  } catch {
    return undefined;
  }
  return dropsOf(table, local, ipv6Socket);
}

/** The `drops` column of the one line of the table that has this local address, undefined unless it is one. */
export function dropsOf(table: string, local: Endpoint, ipv6Socket: boolean): number | undefined {
  const key = ` ${hexAddress(local, ipv6Socket)} `;
  const at = table.indexOf(key);
  if (at < 0 || table.includes(key, at + key.length)) return undefined;
  const end = table.indexOf("\n", at);
  const columns = table
    .slice(at, end < 0 ? undefined : end)
    .trim()
    .split(/\s+/);
  const drops = Number(columns.at(-1));
  return columns.length >= 12 && Number.isInteger(drops) ? drops : undefined;
}

/** `0100007F:1F90`: words in the machine's own byte order, the port as a number. */
function hexAddress(local: Endpoint, ipv6Socket: boolean): string {
  const words = ipv6Socket || !isIPv4(local) ? [local.a0, local.a1, local.a2, local.a3] : [local.a3];
  return `${words.map(nativeHex).join("")}:${hex(local.port, 4)}`;
}

function nativeHex(word: number): string {
  const little = ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff_0000) | (word << 24)) >>> 0;
  return hex(endianness() === "LE" ? little : word >>> 0, 8);
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
