import { signatures } from "./system-calls.ts";
import type { LibcFunction, SystemCalls } from "./system-calls.ts";
import { unsupported } from "./unsupported.ts";

/** The part of node:ffi (Node >= 26, experimental) that is used. Typed here: not every Node's types have it. */
interface NodeFfi {
  dlopen(
    path: string,
    symbols: Record<string, { return: string; arguments: string[] }>,
  ): { functions: Record<string, (...parameters: (number | bigint)[]) => number | bigint> };
  getRawPointer(bytes: Uint8Array): bigint;
  getInt32(pointer: bigint, offset: number): number;
}

const types = { int: "int32", unsigned: "uint32", pointer: "pointer" } as const;

/** Through a variable, so that neither bundlers nor older runtimes look for the module. */
const MODULE = "node:ffi";

/**
 * libc by node:ffi, for the option `systemCalls`. Nothing takes it unasked: it is experimental, and on Node 26.10 a program
 * that used it much ended in V8's own compiler now and then.
 *
 * @throws AdapterError ERR_ADAPTER_UNSUPPORTED: an older Node, or libc is not glibc
 */
export async function openNodeFfi(): Promise<SystemCalls> {
  try {
    const ffi = (await import(MODULE)) as NodeFfi;
    const { functions } = ffi.dlopen("libc.so.6", {
      ...Object.fromEntries(
        Object.entries(signatures).map(([symbol, parameters]) => [
          symbol,
          { return: "int32", arguments: parameters.map((parameter) => types[parameter]) },
        ]),
      ),
      __errno_location: { return: "pointer", arguments: [] },
    });
    const call = (symbol: LibcFunction): ((...parameters: (number | bigint)[]) => number) =>
      functions[symbol] as (...parameters: (number | bigint)[]) => number;
    const errnoLocation = functions.__errno_location as () => bigint;
    // Pointers are bigints to node:ffi, and no others are taken for one.
    const [bind, getsockname, setsockopt, getsockopt] = [
      call("bind"),
      call("getsockname"),
      call("setsockopt"),
      call("getsockopt"),
    ];
    const [connect, send, recv] = [call("connect"), call("send"), call("recv")];
    const [epollCtl, epollWait] = [call("epoll_ctl"), call("epoll_wait")];
    const [recvmmsg, sendmmsg, clockGettime] = [call("recvmmsg"), call("sendmmsg"), call("clock_gettime")];
    return {
      binding: "node:ffi",
      addressOf: (bytes) => Number(ffi.getRawPointer(bytes)),
      // Each thread has its own errno: the location is not kept.
      errno: () => ffi.getInt32(errnoLocation(), 0),
      socket: call("socket"),
      fcntl: call("fcntl"),
      close: call("close"),
      bind: (fd, address, length) => bind(fd, BigInt(address), length),
      getsockname: (fd, address, length) => getsockname(fd, BigInt(address), BigInt(length)),
      setsockopt: (fd, level, option, value, length) => setsockopt(fd, level, option, BigInt(value), length),
      getsockopt: (fd, level, option, value, length) =>
        getsockopt(fd, level, option, BigInt(value), BigInt(length)),
      recvmmsg: (fd, headers, count, flags, timeout) =>
        recvmmsg(fd, BigInt(headers), count, flags, BigInt(timeout)),
      sendmmsg: (fd, headers, count, flags) => sendmmsg(fd, BigInt(headers), count, flags),
      clock_gettime: (clock, timespec) => clockGettime(clock, BigInt(timespec)),
      connect: (fd, address, length) => connect(fd, BigInt(address), length),
      send: (fd, bytes, length, flags) => send(fd, BigInt(bytes), BigInt(length), flags),
      recv: (fd, bytes, length, flags) => recv(fd, BigInt(bytes), BigInt(length), flags),
      epoll_create1: call("epoll_create1"),
      epoll_ctl: (set, operation, fd, event) => epollCtl(set, operation, fd, BigInt(event)),
      epoll_wait: (set, events, count, timeoutMs) => epollWait(set, BigInt(events), count, timeoutMs),
    };
  } catch (cause) {
    throw unsupported("there is no node:ffi (Node 26 or later)", cause);
  }
}
