import { AdapterError } from "../adapter-error.ts";
import type { SocketOptions } from "./socket-options.ts";

/** The part of `Bun.udpSocket`'s socket that the transport uses. Typed here: Bun's types are no dependency. */
export interface BunUdpSocket {
  readonly hostname: string;
  readonly port: number;
  readonly address: { readonly address: string; readonly port: number };
  /** Since Bun 1.4; undefined or negative where there is none. */
  readonly fd?: number | undefined;
  /** True when the datagram was sent, false when the send buffer is full. Throws a system error. */
  send(data: Uint8Array, port: number, address: string): boolean;
  /** Datagrams sent of data, port, address, data, port, address, ...; fewer when one fails, without saying why. */
  sendMany(packets: readonly (Uint8Array | number | string)[]): number;
  close(): void;
}

export interface BunUdpHandler {
  data(
    socket: BunUdpSocket,
    bytes: Uint8Array,
    port: number,
    address: string,
    flags?: { readonly truncated?: boolean },
  ): void;
  drain(): void;
  /** Called with the error alone by Bun 1.4, with the socket before it by Bun's own type. */
  error(...socketAndError: unknown[]): void;
}

interface BunRuntime {
  udpSocket?(options: {
    hostname: string;
    port: number;
    flags: number;
    binaryType: "uint8array" | "buffer";
    socket: BunUdpHandler;
  }): Promise<BunUdpSocket>;
}

/** `flags` of Bun's own node:dgram (libusockets.h: LIBUS_LISTEN_REUSE_PORT, LIBUS_SOCKET_IPV6_ONLY). */
const REUSE_PORT = 4;
const IPV6_ONLY = 8;

/** @throws AdapterError ERR_ADAPTER_UNSUPPORTED outside Bun, ERR_ADAPTER_BIND */
export async function bindBunSocket(options: SocketOptions, socket: BunUdpHandler): Promise<BunUdpSocket> {
  const bun = (globalThis as { Bun?: BunRuntime }).Bun;
  if (bun?.udpSocket === undefined) {
    throw new AdapterError("ERR_ADAPTER_UNSUPPORTED", "Bun.udpSocket exists on Bun only");
  }
  const { host, port } = options;
  const flags = (options.reusePort ? REUSE_PORT : 0) | (options.ipv6Only ? IPV6_ONLY : 0);
  try {
    return await bun.udpSocket({ hostname: host, port, flags, binaryType: "buffer", socket });
  } catch (cause) {
    const message = `cannot bind ${host} port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new AdapterError("ERR_ADAPTER_BIND", message, { cause });
  }
}

/** What Bun has no API for: buffer sizes and the kernel's drop counter, by file descriptor. */
export interface SocketBuffers {
  readonly receiveBufferBytes: number;
  /** Datagrams that the kernel dropped for want of room, of this socket alone, even on a shared port. */
  drops(): number | undefined;
}

interface LibC {
  setsockopt(fd: number, level: number, option: number, value: Int32Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Int32Array, length: Int32Array): number;
}

interface BunFfi {
  dlopen(name: string, symbols: Record<keyof LibC, { args: string[]; returns: string }>): { symbols: LibC };
}

/** asm-generic/socket.h, as on x64 and arm64, the platforms of Bun. */
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_MEMINFO = 55;
/** linux/sock_diag.h: SK_MEMINFO_DROPS of SK_MEMINFO_VARS. */
const MEMINFO_DROPS = 8;
const MEMINFO_WORDS = 9;

/** Enlarges the buffers; undefined where libc or the descriptor cannot be reached. */
export async function openSocketBuffers(
  fd: number | undefined,
  options: SocketOptions,
): Promise<SocketBuffers | undefined> {
  if (process.platform !== "linux" || fd === undefined || fd < 0) return undefined;
  let libc: LibC;
  try {
    // Through a variable, so that neither bundlers nor other runtimes look for the module.
    const name = "bun:ffi";
    const ffi = (await import(name)) as BunFfi;
    libc = ffi.dlopen("libc.so.6", {
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
      getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    }).symbols;
  } catch {
    return undefined;
  }
  const words = new Int32Array(MEMINFO_WORDS);
  const length = new Int32Array(1);
  const get = (option: number, index: number): number | undefined => {
    length[0] = words.byteLength;
    words.fill(0);
    return libc.getsockopt(fd, SOL_SOCKET, option, words, length) === 0 ? words[index]! : undefined;
  };
  const set = (option: number, bytes: number): void => {
    words[0] = bytes;
    libc.setsockopt(fd, SOL_SOCKET, option, words, 4);
  };
  set(SO_RCVBUF, options.receiveBufferBytes);
  set(SO_SNDBUF, options.sendBufferBytes);
  return {
    receiveBufferBytes: get(SO_RCVBUF, 0) ?? 0,
    drops: () => {
      const drops = get(SO_MEMINFO, MEMINFO_DROPS);
      return drops === undefined || length[0] !== words.byteLength ? undefined : drops >>> 0;
    },
  };
}
