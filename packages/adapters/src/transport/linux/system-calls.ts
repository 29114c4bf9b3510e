/**
 * libc as the transport needs it. Pointers are plain numbers: user addresses stay below 2^48 on x64 and 2^52
 * on arm64, both exact in a double. A call returns what libc returns; after -1, `errno()` tells why, when it
 * is the very next call of this thread.
 */
export interface SystemCalls {
  /** What makes the calls: `koffi`, `bun:ffi`, `node:ffi`. */
  readonly binding: string;
  /** Address of the array's first byte. The array must outlive every use of the address. */
  addressOf(bytes: Uint8Array): number;
  errno(): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: number, length: number): number;
  getsockname(fd: number, address: number, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: number, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: number, length: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  close(fd: number): number;
  clock_gettime(clock: number, timespec: number): number;
  connect(fd: number, address: number, length: number): number;
  send(fd: number, bytes: number, length: number, flags: number): number;
  recv(fd: number, bytes: number, length: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(set: number, operation: number, fd: number, event: number): number;
  epoll_wait(set: number, events: number, count: number, timeoutMs: number): number;
}

/** Names of the functions that a binding looks up in libc. */
export type LibcFunction = Exclude<keyof SystemCalls, "binding" | "addressOf" | "errno">;
export type LibcFunctions = Pick<SystemCalls, LibcFunction>;

/**
 * Parameter types of each, from the manual pages; all of them return an int (`send` and `recv` a length that fits into
 * one). `fcntl`'s third is variadic. A size_t is as wide as a pointer.
 */
export const signatures: Readonly<Record<LibcFunction, readonly ("int" | "unsigned" | "pointer")[]>> = {
  socket: ["int", "int", "int"],
  bind: ["int", "pointer", "unsigned"],
  getsockname: ["int", "pointer", "pointer"],
  setsockopt: ["int", "int", "int", "pointer", "unsigned"],
  getsockopt: ["int", "int", "int", "pointer", "pointer"],
  recvmmsg: ["int", "pointer", "unsigned", "int", "pointer"],
  sendmmsg: ["int", "pointer", "unsigned", "int"],
  fcntl: ["int", "int", "int"],
  close: ["int"],
  clock_gettime: ["int", "pointer"],
  connect: ["int", "pointer", "unsigned"],
  send: ["int", "pointer", "pointer", "int"],
  recv: ["int", "pointer", "pointer", "int"],
  epoll_create1: ["int"],
  epoll_ctl: ["int", "int", "int", "pointer"],
  epoll_wait: ["int", "pointer", "int", "int"],
};
