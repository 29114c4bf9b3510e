import type { Endpoint } from "@udp-relay/address-validation";
import type { TransportCounters } from "../transport-stats.ts";
import { BATCH_MESSAGES } from "./batch-memory.ts";
import type { BatchMemory } from "./batch-memory.ts";
import {
  CLOCK_REALTIME,
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  MMSGHDR_BYTES,
  MSG_TRUNC,
  NAME_BYTES,
} from "./kernel.ts";
import { ReceivedMessages, secondsOf } from "./received-messages.ts";
import { writeSocketAddress } from "./socket-address.ts";
import type { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";

/** What a receiver has to know of its socket. */
export interface ReceiverOptions {
  readonly ipv6: boolean;
  readonly gro: boolean;
  readonly arrivalTimes: boolean;
  readonly maxDatagramBytes: number;
}

/** Reads batches by recvmmsg. */
export class BatchReceiver {
  readonly batch: ReceivedMessages;
  /** errno of the last `read` that found trouble, 0 if it found none. */
  errno = 0;
  readonly #calls: SystemCalls;
  readonly #memory: BatchMemory;
  readonly #line: SocketLine;
  readonly #counters: TransportCounters;
  readonly #fd: number;
  readonly #headers: number;
  readonly #arrivalTimes: boolean;
  readonly #ipv6: boolean;
  #messages = 0;

  constructor(
    calls: SystemCalls,
    memory: BatchMemory,
    line: SocketLine,
    counters: TransportCounters,
    fd: number,
    options: ReceiverOptions,
  ) {
    this.#calls = calls;
    this.#memory = memory;
    this.#line = line;
    this.#counters = counters;
    this.#fd = fd;
    this.#arrivalTimes = options.arrivalTimes;
    this.#ipv6 = options.ipv6;
    this.#headers = line.arm(calls, memory);
    this.batch = new ReceivedMessages(memory, line, options.ipv6, options.maxDatagramBytes, options.gro);
  }

  /**
   * Puts a datagram that somebody else has read before what `read` will receive.
   *
   * @returns whether all slots are taken now
   */
  put(bytes: Uint8Array, endpoint: Endpoint): boolean {
    const index = this.#messages;
    if (index >= BATCH_MESSAGES) return true;
    const { bytes: ring, words, receiveNames, slotBytes } = this.#memory;
    const fits = bytes.length <= slotBytes;
    if (fits) ring.set(bytes, this.#memory.slot(index));
    writeSocketAddress(words, (receiveNames + index * NAME_BYTES) >> 2, endpoint, this.#ipv6);
    this.#line.fill(index, bytes.length, fits ? 0 : MSG_TRUNC);
    this.#messages = index + 1;
    return this.#messages === BATCH_MESSAGES;
  }

  /** Datagrams that were put and are not decoded yet. */
  get waiting(): number {
    return this.#messages;
  }

  /**
   * Receives into all slots that are left, and decodes. Afterwards the datagrams are in this thread's hands
   * until `finish`.
   *
   * @param flags MSG_DONTWAIT or MSG_WAITFORONE
   * @returns messages in the batch, 0 when there are none
   */
  read(flags: number): number {
    const first = this.#messages;
    const room = BATCH_MESSAGES - first;
    if (room > 0) {
      const headers = this.#headers + first * MMSGHDR_BYTES;
      const result = this.#calls.recvmmsg(this.#fd, headers, room, flags, 0);
      this.errno = result < 0 ? this.#calls.errno() : 0;
      this.#line.breathe();
      if (result > 0) this.#messages = first + Math.min(result, room);
      else this.#judgeError();
    }
    if (this.#messages > 0) this.#decode();
    return this.#messages;
  }

  /** The batch is dealt with: its slots and headers may be written again. */
  finish(): void {
    this.batch.clear();
    this.#line.finish(this.#messages);
    this.#messages = 0;
  }

  #decode(): void {
    let seconds = 0;
    let nanos = 0;
    if (this.#arrivalTimes) {
      const { scratch, words } = this.#memory;
      this.#calls.clock_gettime(CLOCK_REALTIME, this.#memory.address + scratch);
      this.#line.breathe();
      seconds = secondsOf(words, scratch >> 2);
      nanos = words[(scratch >> 2) + 2]!;
    }
    this.#line.take(this.batch.decode(this.#messages, this.#counters, seconds, nanos));
  }

  /** Clears an errno that is no trouble. */
  #judgeError(): void {
    if (this.errno === ECONNREFUSED) this.#counters.icmpErrors += 1;
    else if (this.errno !== EAGAIN && this.errno !== EINTR) return;
    this.errno = 0;
  }
}
