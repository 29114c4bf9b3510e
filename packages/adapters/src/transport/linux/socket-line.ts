import {
  add,
  allocate,
  bytesOf,
  compareExchange,
  load,
  notify,
  peek,
  poke,
  store,
  wait,
  wordsOf,
} from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import { BATCH_MESSAGES, CONTROL_BYTES } from "./batch-memory.ts";
import type { BatchMemory } from "./batch-memory.ts";
import {
  IOVEC_BYTES,
  MMSGHDR_BYTES,
  MSG_CONTROL,
  MSG_CONTROLLEN,
  MSG_FLAGS,
  MSG_IOV,
  MSG_IOVLEN,
  MSG_LEN,
  MSG_NAME,
  MSG_NAMELEN,
  NAME_BYTES,
} from "./kernel.ts";
import type { SystemCalls } from "./system-calls.ts";

const COMMAND = 0;
const TAKEN = 1;
const FINISHED = 2;
const DIED = 3;
const DUPLICATE = 4;
const HEADERS = 16;
const HEADER_WORDS = MMSGHDR_BYTES / 4;

const RUN = 0;
const STOP = 1;

/** `msg_flags` of a header that the kernel has not filled; no combination of MSG_ bits is negative. */
const UNTOUCHED = -1;

/**
 * The part of a socket that other threads see: the control word of its blocking loop, and how many datagrams
 * are in its thread's hands.
 *
 *     word 0 command  1 taken  2 finished  3 died  4 duplicate  ...  16.. mmsghdr x 64
 *
 * `taken` counts datagrams (modulo 2^32) once recvmmsg has returned, `finished` once their batch is dealt with.
 * While the two are equal every header that says UNTOUCHED holds no datagram, and every other one holds a
 * datagram that the kernel has handed out and nobody has counted yet: headers are rearmed *before* `finished`
 * catches up. So whenever the thread is killed, inside recvmmsg even, the number that it held can be read off.
 */
export class SocketLine {
  /** What `postMessage` carries. */
  readonly memory: SharedMemory;
  readonly #words: Words;

  constructor(memory: SharedMemory = allocate((HEADERS + BATCH_MESSAGES * HEADER_WORDS) * 4)) {
    this.memory = memory;
    this.#words = wordsOf(memory);
  }

  /** Makes the headers receive into `memory`, and returns the first one's address. Concurrency: the socket's thread. */
  arm(calls: SystemCalls, memory: BatchMemory): number {
    for (let i = 0; i < BATCH_MESSAGES; i++) {
      this.#point(i, MSG_NAME, memory.addressAt(memory.receiveNames + i * NAME_BYTES));
      this.#point(i, MSG_IOV, memory.addressAt(memory.receiveVectors + i * IOVEC_BYTES));
      this.#poke(i, MSG_IOVLEN, 1);
      this.#poke(i, MSG_IOVLEN + 4, 0);
      this.#point(i, MSG_CONTROL, memory.addressAt(memory.receiveControls + i * CONTROL_BYTES));
      this.#poke(i, MSG_CONTROLLEN + 4, 0);
    }
    this.rearm(BATCH_MESSAGES);
    return calls.addressOf(bytesOf(this.memory)) + HEADERS * 4;
  }

  /** Restores what the kernel overwrites in the first `count` headers. Concurrency: the socket's thread. */
  rearm(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#poke(i, MSG_NAMELEN, NAME_BYTES);
      this.#poke(i, MSG_CONTROLLEN, CONTROL_BYTES);
      this.#poke(i, MSG_FLAGS, UNTOUCHED);
    }
  }

  /** Fills header `index` for a datagram that was not read through it. Concurrency: the socket's thread. */
  fill(index: number, length: number, flags: number): void {
    this.#poke(index, MSG_LEN, length);
    this.#poke(index, MSG_CONTROLLEN, 0);
    this.#poke(index, MSG_FLAGS, flags);
  }

  /** What the kernel wrote for message `index`. Concurrency: the socket's thread. */
  messageLength(index: number): number {
    return peek(this.#words, headerWord(index, MSG_LEN));
  }
  messageFlags(index: number): number {
    return peek(this.#words, headerWord(index, MSG_FLAGS));
  }
  controlLength(index: number): number {
    return peek(this.#words, headerWord(index, MSG_CONTROLLEN));
  }

  /** `count` datagrams came out of the socket. Concurrency: the socket's thread. */
  take(count: number): void {
    add(this.#words, TAKEN, count);
  }

  /** The batch of `messages` is dealt with. Concurrency: the socket's thread. */
  finish(messages: number): void {
    this.rearm(messages);
    store(this.#words, FINISHED, peek(this.#words, TAKEN));
  }

  /** Datagrams of all finished batches, modulo 2^32. Concurrency: any thread. */
  get finished(): number {
    return load(this.#words, FINISHED) >>> 0;
  }

  /** Datagrams that threads died with, modulo 2^32. Concurrency: any thread. */
  get died(): number {
    return load(this.#words, DIED) >>> 0;
  }

  /**
   * Settles what a thread left behind that is known to be dead: counts the datagrams it held as died.
   *
   * Concurrency: one thread, the supervisor's, after the dead one's 'exit' and before a successor starts.
   */
  bury(): number {
    let held = (load(this.#words, TAKEN) - load(this.#words, FINISHED)) | 0;
    if (held === 0) {
      for (let i = 0; i < BATCH_MESSAGES; i++) {
        if (load(this.#words, headerWord(i, MSG_FLAGS)) !== UNTOUCHED) held += 1;
      }
    }
    this.rearm(BATCH_MESSAGES);
    add(this.#words, DIED, held);
    store(this.#words, TAKEN, load(this.#words, FINISHED));
    store(this.#words, COMMAND, RUN);
    return held;
  }

  /** The descriptor that the socket's thread reads, -1 for none. Concurrency: any thread. */
  get duplicate(): number {
    return load(this.#words, DUPLICATE) - 1;
  }

  /** Makes this thread the socket's, reading it by `fd`; false when it has one. Concurrency: any thread. */
  claim(fd: number): boolean {
    return compareExchange(this.#words, DUPLICATE, 0, fd + 1) === 0;
  }

  /** The socket is nobody's. Concurrency: its thread, or the supervisor's once that is dead. */
  giveBack(): void {
    store(this.#words, DUPLICATE, 0);
  }

  /** Whether the blocking loop goes on. Concurrency: any thread. */
  get running(): boolean {
    return load(this.#words, COMMAND) === RUN;
  }

  /**
   * To be called between any two FFI calls: V8 sees that its thread was terminated at an atomic load, and a loop
   * of FFI calls alone would go on for ever. Concurrency: any thread.
   */
  breathe(): void {
    load(this.#words, COMMAND);
  }

  /** Ends the blocking loop once what it is at is done. Concurrency: any thread. */
  stop(): void {
    store(this.#words, COMMAND, STOP);
    notify(this.#words, COMMAND);
  }

  /** Blocks for so long, or until the loop is stopped. Concurrency: the socket's thread, never an event loop's. */
  pause(milliseconds: number): void {
    wait(this.#words, COMMAND, RUN, milliseconds);
  }

  #poke(index: number, field: number, value: number): void {
    poke(this.#words, headerWord(index, field), value);
  }

  #point(index: number, field: number, [low, high]: readonly [number, number]): void {
    this.#poke(index, field, low);
    this.#poke(index, field + 4, high);
  }
}

function headerWord(index: number, field: number): number {
  return HEADERS + index * HEADER_WORDS + (field >> 2);
}
