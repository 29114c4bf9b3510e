import type { Endpoint } from "@udp-relay/address-validation";
import { endpointsEqual } from "@udp-relay/address-validation";
import { CONTROL_BYTES, OUTGOING_DATAGRAMS } from "./batch-memory.ts";
import type { BatchMemory } from "./batch-memory.ts";
import {
  CMSG_HEADER_BYTES,
  IOVEC_BYTES,
  MAXIMUM_SEGMENTS,
  MMSGHDR_BYTES,
  MSG_CONTROLLEN,
  MSG_IOV,
  MSG_IOVLEN,
  MSG_NAME,
  MSG_NAMELEN,
  NAME_BYTES,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_IN_BYTES,
  SOL_UDP,
  UDP_SEGMENT,
} from "./kernel.ts";
import { writeSocketAddress } from "./socket-address.ts";

/** Bytes of a joined message: an IPv6 payload's limit would be 65,527, an IPv4 packet's is smaller. */
const MOST_JOINED_BYTES = 65_507;
const NONE = -1;
/** Heads of chains by destination; at least twice the datagrams, so that chains stay short. */
const BUCKETS = 1_024;
/** cmsg_len and room of a u16. */
const SEGMENT_CONTROL_LENGTH = CMSG_HEADER_BYTES + 2;
const SEGMENT_CONTROL_SPACE = CMSG_HEADER_BYTES + 8;

/**
 * Datagrams that wait for one flush, and the messages that sendmmsg is given for them: one each, or with
 * segmentation offload (UDP_SEGMENT, linux/udp.h) one for all of one size for one destination. Datagrams for
 * one destination keep their order.
 */
export class OutgoingDatagrams {
  count = 0;
  /** Sum of all lengths. */
  byteLength = 0;
  /** Messages that `prepare` made. */
  messages = 0;
  readonly #memory: BatchMemory;
  readonly #ipv6: boolean;
  #copyOffset: number;
  readonly #offsets = new Int32Array(OUTGOING_DATAGRAMS);
  readonly #lengths = new Int32Array(OUTGOING_DATAGRAMS);
  /** Clamped: 256 must not become the best class. */
  readonly #classes = new Uint8ClampedArray(OUTGOING_DATAGRAMS);
  readonly #endpoints = new Array<Endpoint | undefined>(OUTGOING_DATAGRAMS).fill(undefined);
  /** Datagrams in the order of their iovecs, and the first of each message in it. */
  readonly #order = new Int32Array(OUTGOING_DATAGRAMS);
  readonly #firsts = new Int32Array(OUTGOING_DATAGRAMS + 1);
  readonly #next = new Int32Array(OUTGOING_DATAGRAMS);
  readonly #tails = new Int32Array(OUTGOING_DATAGRAMS);
  readonly #heads = new Int32Array(OUTGOING_DATAGRAMS);
  readonly #buckets = new Int32Array(BUCKETS).fill(NONE);
  readonly #bucketNext = new Int32Array(OUTGOING_DATAGRAMS);

  constructor(memory: BatchMemory, ipv6: boolean) {
    this.#memory = memory;
    this.#ipv6 = ipv6;
    this.#copyOffset = memory.copies;
    const nameLength = ipv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    for (let i = 0; i < OUTGOING_DATAGRAMS; i++) {
      memory.words[(this.header(i) + MSG_NAMELEN) >> 2] = nameLength;
    }
    this.separate();
  }

  /** Whether another datagram of that length fits; if not, flush first. */
  hasRoom(length: number): boolean {
    return this.count < OUTGOING_DATAGRAMS && this.#copyOffset + length <= this.#memory.byteLength;
  }

  /** Appends a copy. There must be room. */
  append(bytes: Uint8Array, endpoint: Endpoint, priorityClass: number): boolean {
    const offset = this.#copyOffset;
    if (!this.hasRoom(bytes.length)) return false;
    this.#memory.bytes.set(bytes, offset);
    this.#copyOffset = offset + bytes.length;
    return this.refer(offset, bytes.length, endpoint, priorityClass);
  }

  /** Appends bytes that lie in the memory already; false, appending nothing, when they do not or are too many. */
  refer(offset: number, length: number, endpoint: Endpoint, priorityClass: number): boolean {
    const index = this.count;
    const memory = this.#memory;
    if (index >= OUTGOING_DATAGRAMS || !(length <= memory.datagramBytes)) return false;
    if (!memory.pointVector(memory.sendVectors + index * IOVEC_BYTES, offset, length)) return false;
    const name = (memory.sendNames + index * NAME_BYTES) >> 2;
    writeSocketAddress(memory.words, name, endpoint, this.#ipv6);
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#endpoints[index] = endpoint;
    this.#classes[index] = priorityClass;
    this.byteLength += length;
    this.count = index + 1;
    return true;
  }

  /** Makes the messages. @param join whether to use segmentation offload */
  prepare(join: boolean): void {
    if (join) this.#prepareJoined();
    else this.messages = this.count;
  }

  /** Makes message i datagram i again, after messages were joined. */
  separate(): void {
    this.#memory.resetSendHeaders();
    for (let i = 0; i < OUTGOING_DATAGRAMS; i++) {
      this.#order[i] = i;
      this.#firsts[i] = i;
    }
    this.#firsts[OUTGOING_DATAGRAMS] = OUTGOING_DATAGRAMS;
  }

  /** Byte offset of a message's header. */
  header(message: number): number {
    return this.#memory.sendHeaders + message * MMSGHDR_BYTES;
  }
  /** Datagrams of a message. */
  datagrams(message: number): number {
    return this.#firsts[message + 1]! - this.#firsts[message]!;
  }
  bytesOf(message: number): number {
    let bytes = 0;
    for (let i = this.#firsts[message]!; i < this.#firsts[message + 1]!; i++) {
      bytes += this.#lengths[this.#order[i]!]!;
    }
    return bytes;
  }

  /** Rewrites a joined message's header to send only its datagram `part`; returns that one's bytes. */
  isolate(message: number, part: number): number {
    const at = this.#firsts[message]! + part;
    const memory = this.#memory;
    const header = this.header(message);
    memory.point(header + MSG_IOV, memory.sendVectors + at * IOVEC_BYTES);
    memory.words[(header + MSG_IOVLEN) >> 2] = 1;
    memory.words[(header + MSG_CONTROLLEN) >> 2] = 0;
    return this.#lengths[this.#order[at]!]!;
  }

  /** Calls back with each datagram of the messages from `message`, `part` on, in order. */
  forEachFrom(
    message: number,
    part: number,
    callback: (bytes: Uint8Array, endpoint: Endpoint, priorityClass: number) => void,
  ): void {
    for (let i = this.#firsts[message]! + part; i < this.count; i++) {
      const index = this.#order[i]!;
      const offset = this.#offsets[index]!;
      const bytes = this.#memory.bytes.subarray(offset, offset + this.#lengths[index]!);
      callback(bytes, this.#endpoints[index]!, this.#classes[index]!);
    }
  }

  /** Forgets the datagrams. */
  clear(): void {
    this.count = 0;
    this.byteLength = 0;
    this.messages = 0;
    this.#copyOffset = this.#memory.copies;
  }

  #prepareJoined(): void {
    const receivers = this.#chain();
    const memory = this.#memory;
    let message = 0;
    let vector = 0;
    for (let receiver = 0; receiver < receivers; receiver++) {
      let index = this.#heads[receiver]!;
      this.#buckets[this.#bucketOf(index)] = NONE;
      while (index !== NONE) {
        const segmentBytes = this.#lengths[index]!;
        const first = vector;
        const head = index;
        let bytes = 0;
        let open = true;
        while (open && index !== NONE && vector - first < MAXIMUM_SEGMENTS) {
          const length = this.#lengths[index]!;
          if (vector > first && (length > segmentBytes || length === 0 || bytes + length > MOST_JOINED_BYTES))
            break;
          memory.pointVector(memory.sendVectors + vector * IOVEC_BYTES, this.#offsets[index]!, length);
          this.#order[vector++] = index;
          bytes += length;
          // Only the last segment may be shorter; an empty datagram has none.
          open = length === segmentBytes && length > 0;
          index = this.#next[index]!;
        }
        this.#firsts[message] = first;
        this.#writeMessage(message, head, first, vector - first, segmentBytes);
        message += 1;
      }
    }
    this.#firsts[message] = vector;
    this.messages = message;
  }

  /** Chains datagrams by destination; returns how many destinations there are. */
  #chain(): number {
    let receivers = 0;
    for (let index = 0; index < this.count; index++) {
      this.#next[index] = NONE;
      const bucket = this.#bucketOf(index);
      let receiver = this.#buckets[bucket]!;
      while (receiver !== NONE && !this.#sameDestination(this.#heads[receiver]!, index)) {
        receiver = this.#bucketNext[receiver]!;
      }
      if (receiver === NONE) {
        this.#bucketNext[receivers] = this.#buckets[bucket]!;
        this.#buckets[bucket] = receivers;
        this.#heads[receivers] = index;
        this.#tails[receivers] = index;
        receivers += 1;
      } else {
        this.#next[this.#tails[receiver]!] = index;
        this.#tails[receiver] = index;
      }
    }
    return receivers;
  }

  #bucketOf(index: number): number {
    const { a3, a1, port } = this.#endpoints[index]!;
    return ((Math.imul(a3 ^ a1, 0x9e3779b1) >>> 16) ^ port) & (BUCKETS - 1);
  }

  #sameDestination(one: number, other: number): boolean {
    const a = this.#endpoints[one]!;
    const b = this.#endpoints[other]!;
    return a === b || endpointsEqual(a, b);
  }

  #writeMessage(message: number, head: number, first: number, count: number, segmentBytes: number): void {
    const memory = this.#memory;
    const { words } = memory;
    const header = this.header(message);
    memory.point(header + MSG_NAME, memory.sendNames + head * NAME_BYTES);
    memory.point(header + MSG_IOV, memory.sendVectors + first * IOVEC_BYTES);
    words[(header + MSG_IOVLEN) >> 2] = count;
    words[(header + MSG_CONTROLLEN) >> 2] = count > 1 ? SEGMENT_CONTROL_SPACE : 0;
    if (count === 1) return;
    const control = (memory.sendControls + message * CONTROL_BYTES) >> 2;
    words[control] = SEGMENT_CONTROL_LENGTH;
    words[control + 1] = 0;
    words[control + 2] = SOL_UDP;
    words[control + 3] = UDP_SEGMENT;
    words[control + 4] = segmentBytes;
  }
}
