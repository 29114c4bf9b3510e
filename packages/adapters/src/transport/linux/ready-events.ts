import type { SystemCalls } from "./system-calls.ts";

/** Events that one wait takes at most. */
const MOST_EVENTS = 256;

/**
 * struct epoll_event (linux/eventpoll.h): events u32 and data u64, packed on x64 only.
 *
 *     x64      0 events   4 data              12 bytes
 *     arm64    0 events             8 data    16 bytes
 */
export interface EventShape {
  readonly words: number;
  readonly dataWord: number;
}

function eventShape(arch: string): EventShape {
  return arch === "x64" ? { words: 3, dataWord: 1 } : { words: 4, dataWord: 2 };
}

/** What epoll_wait writes: for each ready socket the two words that it was added with. */
export class ReadyEvents {
  readonly #shape: EventShape;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #calls: SystemCalls;
  readonly #address: number;

  constructor(calls: SystemCalls, arch: string) {
    this.#shape = eventShape(arch);
    this.#words = new Int32Array(new ArrayBuffer(MOST_EVENTS * this.#shape.words * 4));
    this.#calls = calls;
    this.#address = calls.addressOf(new Uint8Array(this.#words.buffer));
  }

  /** Has `set` tell of a socket by two words of yours. Returns false, and errno, where the kernel refuses. */
  add(
    set: number,
    operation: number,
    fd: number,
    events: number,
    place: number,
    generation: number,
  ): boolean {
    this.#words[0] = events;
    this.#words[this.#shape.dataWord] = place;
    this.#words[this.#shape.dataWord + 1] = generation;
    return this.#calls.epoll_ctl(set, operation, fd, this.#address) === 0;
  }

  /** Waits for at most `timeoutMs`. Returns how many are ready; 0 also for an interrupted wait. */
  wait(set: number, timeoutMs: number): number {
    const ready = this.#calls.epoll_wait(set, this.#address, MOST_EVENTS, timeoutMs);
    return Math.min(Math.max(0, ready), MOST_EVENTS);
  }

  place(index: number): number {
    return this.#words[index * this.#shape.words + this.#shape.dataWord]!;
  }

  generation(index: number): number {
    return this.#words[index * this.#shape.words + this.#shape.dataWord + 1]!;
  }
}
