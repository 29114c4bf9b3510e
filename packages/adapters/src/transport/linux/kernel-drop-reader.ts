import { MEMINFO_DROPS, MEMINFO_WORDS, SO_MEMINFO, SOL_SOCKET } from "./kernel.ts";
import type { SystemCalls } from "./system-calls.ts";

/** Asks the kernel how many datagrams it dropped for want of room in one socket's buffer. One thread. */
export class KernelDropReader {
  readonly #calls: SystemCalls;
  readonly #words = new Int32Array(new ArrayBuffer(4 * MEMINFO_WORDS));
  readonly #length = new Int32Array(new ArrayBuffer(4));
  readonly #wordsAddress: number;
  readonly #lengthAddress: number;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#wordsAddress = calls.addressOf(new Uint8Array(this.#words.buffer));
    this.#lengthAddress = calls.addressOf(new Uint8Array(this.#length.buffer));
  }

  /** Of the open socket `fd`, modulo 2^32; 0 where the kernel does not tell. One system call. */
  read(fd: number): number {
    this.#length[0] = this.#words.byteLength;
    const failed = this.#calls.getsockopt(
      fd,
      SOL_SOCKET,
      SO_MEMINFO,
      this.#wordsAddress,
      this.#lengthAddress,
    );
    return failed !== 0 || this.#length[0] <= 4 * MEMINFO_DROPS ? 0 : this.#words[MEMINFO_DROPS]! >>> 0;
  }
}
