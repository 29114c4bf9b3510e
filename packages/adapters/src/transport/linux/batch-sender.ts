import type { Endpoint } from "@udp-relay/address-validation";
import { getSystemErrorName } from "node:util";
import { DropReason, dropReasonOf } from "../drop-reason.ts";
import type { DropReasonCode } from "../drop-reason.ts";
import type { TransportCounters } from "../transport-stats.ts";
import type { BatchMemory } from "./batch-memory.ts";
import { ECONNREFUSED, EINTR, EINVAL, EIO, EMSGSIZE, MSG_DONTWAIT } from "./kernel.ts";
import { OutgoingDatagrams } from "./outgoing-datagrams.ts";
import type { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";

/** Interrupted calls in a row before the datagram is given up. */
const MOST_INTERRUPTIONS = 100;

/** Sends datagrams by sendmmsg, as many a call as there are, and counts what becomes of each. Never waits. */
export class BatchSender {
  readonly outgoing: OutgoingDatagrams;
  readonly #calls: SystemCalls;
  readonly #memory: BatchMemory;
  readonly #line: SocketLine;
  readonly #counters: TransportCounters;
  readonly #fd: number;
  #join: boolean;
  /** Whether headers were written for joined messages. */
  #joined: boolean;
  #errno = 0;

  /** @param join whether to use segmentation offload, until the kernel refuses it */
  constructor(
    calls: SystemCalls,
    memory: BatchMemory,
    line: SocketLine,
    counters: TransportCounters,
    fd: number,
    ipv6: boolean,
    join: boolean,
  ) {
    this.outgoing = new OutgoingDatagrams(memory, ipv6);
    this.#calls = calls;
    this.#memory = memory;
    this.#line = line;
    this.#counters = counters;
    this.#fd = fd;
    this.#join = join;
    this.#joined = join;
  }

  /** Whether segmentation offload is in use. */
  get joins(): boolean {
    return this.#join;
  }

  /**
   * Sends everything. Where the kernel takes no more for now (EAGAIN, ENOBUFS) the rest is given to `refused`.
   *
   * @returns whether the kernel took or refused everything for good
   */
  flush(refused: (bytes: Uint8Array, endpoint: Endpoint, priorityClass: number) => void): boolean {
    const { outgoing } = this;
    if (outgoing.count === 0) return true;
    outgoing.prepare(this.#join);
    let message = 0;
    while (message < outgoing.messages) {
      const sent = this.#send(message, outgoing.messages - message);
      if (sent === outgoing.messages) {
        this.#countSent(outgoing.count, outgoing.byteLength);
        break;
      }
      if (sent > 0) {
        for (const end = message + sent; message < end; message++) {
          this.#countSent(outgoing.datagrams(message), outgoing.bytesOf(message));
        }
        continue;
      }
      const part = outgoing.datagrams(message) > 1 ? this.#sendParts(message) : this.#refuse();
      if (part >= 0) {
        outgoing.forEachFrom(message, part, refused);
        this.#clear();
        return false;
      }
      message += 1;
    }
    this.#clear();
    return true;
  }

  /** Messages that the kernel took; 0, and `#errno`, when it did not take the first. */
  #send(message: number, count: number): number {
    const headers = this.#memory.address + this.outgoing.header(message);
    let retried = false;
    for (let interruptions = 0; ;) {
      const sent = this.#calls.sendmmsg(this.#fd, headers, count, MSG_DONTWAIT);
      this.#errno = sent < 0 ? this.#calls.errno() : 0;
      this.#line.breathe();
      if (sent > 0) return Math.min(sent, count);
      if (this.#errno === EINTR && ++interruptions <= MOST_INTERRUPTIONS) continue;
      if (this.#errno !== ECONNREFUSED || retried) return 0;
      // The ICMP error of an earlier datagram, reported to whoever sends next.
      retried = true;
      this.#counters.icmpErrors += 1;
      this.#counters.retriedSends += this.outgoing.datagrams(message);
    }
  }

  /** Ends a datagram that was refused: -1 when it is dropped and counted, 0 when it has to wait. */
  #refuse(): number {
    const reason = dropReasonOfErrno(this.#errno);
    if (reason === DropReason.queueFull) return 0;
    this.#counters.drop(reason);
    return -1;
  }

  /**
   * A joined message was refused: sends its datagrams one by one if joining may be the reason.
   *
   * @returns the first datagram that has to wait, -1 when none has to
   */
  #sendParts(message: number): number {
    const count = this.outgoing.datagrams(message);
    const errno = this.#errno;
    const reason = dropReasonOfErrno(errno);
    if (reason === DropReason.queueFull) return 0;
    if (errno !== EINVAL && errno !== EMSGSIZE && errno !== EIO) {
      this.#counters.dropMany(reason, count);
      return -1;
    }
    // EIO: the route's device cannot (udp(7)); it will not learn.
    if (errno === EIO) this.#join = false;
    for (let part = 0; part < count; part++) {
      const bytes = this.outgoing.isolate(message, part);
      if (this.#send(message, 1) > 0) this.#countSent(1, bytes);
      else if (this.#refuse() === 0) return part;
    }
    return -1;
  }

  #clear(): void {
    this.outgoing.clear();
    if (this.#join || !this.#joined) return;
    this.#joined = false;
    this.outgoing.separate();
  }

  #countSent(datagrams: number, bytes: number): void {
    this.#counters.sentDatagrams += datagrams;
    this.#counters.sentBytes += bytes;
  }
}

const reasons: (DropReasonCode | undefined)[] = [];

/** The reason for an errno, `other` for one without a reason of its own. */
export function dropReasonOfErrno(errno: number): DropReasonCode {
  return (reasons[errno] ??= errno > 0 ? dropReasonOf({ code: errorName(errno) }) : DropReason.other);
}

export function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}
