import { allocate, load, store, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import { openSystemCalls } from "./open-system-calls.ts";
import type { SystemCalls } from "./system-calls.ts";

/** As many as Linux lets a process have unless told otherwise (`fs.nr_open`); one bit each. */
const DESCRIPTORS = 2 ** 20;
const BITS = 32;

/** What `postMessage` or `workerData` carries of a `DescriptorJournal`. */
export interface DescriptorJournalHandle {
  readonly memory: SharedMemory;
}

/**
 * Which descriptors a worker has open: a thread that is killed closes none of its own, and they would stay open, and
 * receive, as long as the process lives. The supervisor makes a journal for each worker, the worker's
 * `ConnectedSockets` write in it, and whoever learns of the worker's death closes what it names.
 *
 * A descriptor is noted after it was opened and struck off before it is closed: of what a death interrupts one may stay
 * open, but none is ever closed that has become somebody else's.
 */
export class DescriptorJournal {
  /** What a worker opens its `ConnectedSockets` with: send it by `postMessage` or as `workerData`. */
  readonly shared: DescriptorJournalHandle;
  readonly #calls: SystemCalls;
  readonly #words: Words;

  /**
   * A new journal, 128 KiB. Concurrency: anywhere.
   *
   * @throws AdapterError ERR_ADAPTER_UNSUPPORTED where no worker can open any descriptor
   */
  static async create(): Promise<DescriptorJournal> {
    return new DescriptorJournal(await openSystemCalls(), { memory: allocate(DESCRIPTORS / 8) });
  }

  constructor(calls: SystemCalls, shared: DescriptorJournalHandle) {
    this.shared = shared;
    this.#calls = calls;
    this.#words = wordsOf(shared.memory);
  }

  /** The system calls, with what they open and close noted. Concurrency: the journal's one writer. */
  get calls(): SystemCalls {
    const calls = this.#calls;
    const opened = (fd: number): number => {
      this.note(fd, true);
      return fd;
    };
    return {
      ...calls,
      socket: (family, type, protocol) => opened(calls.socket(family, type, protocol)),
      epoll_create1: (flags) => opened(calls.epoll_create1(flags)),
      close: (fd) => {
        this.note(fd, false);
        return calls.close(fd);
      },
    };
  }

  /** Concurrency: the journal's one writer. A descriptor beyond the journal's end is not noted. */
  note(fd: number, open: boolean): void {
    if (fd < 0 || fd >= this.#words.length * BITS) return;
    const word = Math.floor(fd / BITS);
    const bit = 1 << (fd % BITS);
    const before = load(this.#words, word);
    store(this.#words, word, open ? before | bit : before & ~bit);
  }

  /** Those that are noted. Concurrency: anywhere; what the writer does meanwhile may be in it or not. */
  get open(): number[] {
    const found: number[] = [];
    for (let word = 0; word < this.#words.length; word++) {
      const bits = load(this.#words, word);
      for (let bit = 0; bits !== 0 && bit < BITS; bit++) {
        if ((bits & (1 << bit)) !== 0) found.push(word * BITS + bit);
      }
    }
    return found;
  }

  /**
   * Closes what a dead worker left open, and strikes it off.
   *
   * @returns how many there were
   *
   * Concurrency: one thread, once the worker is known to be gone and before its successor starts.
   */
  closeAll(): number {
    const left = this.open;
    for (const fd of left) {
      this.note(fd, false);
      this.#calls.close(fd);
    }
    return left.length;
  }
}
