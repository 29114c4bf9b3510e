import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "../datagram-transport.ts";
import { DropReason } from "../drop-reason.ts";
import type { DropReasonCode } from "../drop-reason.ts";
import type { TransportCounters } from "../transport-stats.ts";
import { BATCH_MESSAGES, CONTROL_BYTES } from "./batch-memory.ts";
import type { BatchMemory } from "./batch-memory.ts";
import {
  AF_INET,
  AF_INET6,
  CMSG_HEADER_BYTES,
  MSG_CTRUNC,
  MSG_TRUNC,
  NAME_BYTES,
  SO_TIMESTAMPNS,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
} from "./kernel.ts";
import { addressWordAt, EndpointCache, portAt, zoneAt } from "./socket-address.ts";
import type { SocketLine } from "./socket-line.ts";

/** More segments than the kernel ever joins (UDP_MAX_SEGMENTS, Linux 6.9): such a message is not believed. */
const MOST_SEGMENTS = 128;

const NAME_WORDS = NAME_BYTES / 4;
/** A control that was cut may have lost the segment size, without which datagrams stick together. */
const CUT = MSG_TRUNC | MSG_CTRUNC;

/** The datagrams of the messages that one recvmmsg read; several of a message that GRO joined. */
export class ReceivedMessages implements DatagramBatch {
  readonly stable = false;
  count = 0;
  /** Sum of all lengths. */
  byteLength = 0;
  readonly #memory: BatchMemory;
  readonly #line: SocketLine;
  readonly #ipv6: boolean;
  readonly #maxDatagramBytes: number;
  readonly #endpoints = new EndpointCache();
  readonly #messages: Int32Array;
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #waitedMicros: Float64Array;
  #segmentBytes = 0;
  #stampSeconds = 0;
  #stampNanos = 0;

  /** @param joins whether a message may hold several datagrams (GRO) */
  constructor(
    memory: BatchMemory,
    line: SocketLine,
    ipv6: boolean,
    maxDatagramBytes: number,
    joins: boolean,
  ) {
    this.#memory = memory;
    this.#line = line;
    this.#ipv6 = ipv6;
    this.#maxDatagramBytes = maxDatagramBytes;
    const capacity = BATCH_MESSAGES * (joins ? MOST_SEGMENTS : 1);
    this.#messages = new Int32Array(capacity);
    this.#offsets = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#waitedMicros = new Float64Array(capacity);
  }

  /**
   * Takes over the first `messages` that the kernel filled. What is no datagram that may be handed over is
   * counted as dropped. Nothing is believed that the memory has no room for.
   *
   * @param nowSeconds, nowNanos the wall clock, whose difference to a message's stamp is what it waited
   * @returns datagrams, dropped ones included
   */
  decode(messages: number, counters: TransportCounters, nowSeconds: number, nowNanos: number): number {
    const memory = this.#memory;
    const line = this.#line;
    const { words, slotBytes, slots, slotStride } = memory;
    const names = memory.receiveNames >> 2;
    const mostBytes = Math.min(this.#maxDatagramBytes, slotBytes);
    const family = this.#ipv6 ? AF_INET6 : AF_INET;
    this.count = 0;
    this.byteLength = 0;
    let dropped = 0;
    for (let message = 0; message < messages; message++) {
      const length = line.messageLength(message);
      const flags = line.messageFlags(message);
      const name = words[names + message * NAME_WORDS]!;
      const believed = (flags & CUT) === 0 && length >= 0 && (name & 0xffff) === family && name >>> 16 !== 0;
      if (believed && length <= mostBytes && line.controlLength(message) === 0) {
        this.#add(message, slots + message * slotStride, length, 0);
      } else if (believed && length <= slotBytes) {
        this.#readControl(message);
        dropped += this.#split(message, length, this.#waited(nowSeconds, nowNanos), counters);
      } else {
        dropped += 1;
        counters.drop(this.#complaint(length, flags, name));
      }
    }
    return this.count + dropped;
  }

  /** Whether that is a datagram of the current batch. */
  has(index: number): boolean {
    return index >= 0 && index < this.count;
  }

  clear(): void {
    this.count = 0;
  }

  bytes(index: number): Uint8Array {
    const offset = this.#offsets[index]!;
    return this.#memory.bytes.subarray(offset, offset + this.#lengths[index]!);
  }
  slab(): Uint8Array {
    return this.#memory.bytes;
  }
  offset(index: number): number {
    return this.#offsets[index]!;
  }
  /** Of the datagram's first byte, for the kernel. */
  address(index: number): number {
    return this.#memory.address + this.#offsets[index]!;
  }
  length(index: number): number {
    return this.#lengths[index]!;
  }
  endpoint(index: number): Endpoint {
    return this.#endpoints.at(this.#memory.words, this.#nameOf(index), this.#ipv6);
  }
  a0(index: number): number {
    return addressWordAt(this.#memory.words, this.#nameOf(index), this.#ipv6, 0);
  }
  a1(index: number): number {
    return addressWordAt(this.#memory.words, this.#nameOf(index), this.#ipv6, 1);
  }
  a2(index: number): number {
    return addressWordAt(this.#memory.words, this.#nameOf(index), this.#ipv6, 2);
  }
  a3(index: number): number {
    return addressWordAt(this.#memory.words, this.#nameOf(index), this.#ipv6, 3);
  }
  port(index: number): number {
    return portAt(this.#memory.words, this.#nameOf(index));
  }
  zone(index: number): number {
    return zoneAt(this.#memory.words, this.#nameOf(index), this.#ipv6);
  }
  waitedMicros(index: number): number {
    return this.#waitedMicros[index]!;
  }

  #name(message: number): number {
    return (this.#memory.receiveNames + message * NAME_BYTES) >> 2;
  }
  #nameOf(index: number): number {
    return this.#name(this.#messages[index]!);
  }

  #add(message: number, offset: number, length: number, waitedMicros: number): void {
    const index = this.count++;
    this.#messages[index] = message;
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#waitedMicros[index] = waitedMicros;
    this.byteLength += length;
  }

  #drop(datagrams: number, counters: TransportCounters): number {
    counters.dropMany(DropReason.truncated, datagrams);
    return datagrams;
  }

  /** Why a message is not handed over. */
  #complaint(length: number, flags: number, name: number): DropReasonCode {
    if ((flags & CUT) !== 0 || length < 0 || length > this.#memory.slotBytes) return DropReason.truncated;
    return name >>> 16 === 0 ? DropReason.portZero : DropReason.other;
  }

  /** Adds a message's datagrams; returns how many it dropped instead. */
  #split(message: number, length: number, waitedMicros: number, counters: TransportCounters): number {
    const joined = this.#segmentBytes > 0 && this.#segmentBytes < length;
    const segmentBytes = joined ? this.#segmentBytes : length;
    const segments = joined ? Math.ceil(length / segmentBytes) : 1;
    if (segmentBytes > this.#maxDatagramBytes || this.count + segments > this.#messages.length) {
      return this.#drop(segments, counters);
    }
    const slot = this.#memory.slot(message);
    for (let segment = 0; segment < segments; segment++) {
      const start = segment * segmentBytes;
      this.#add(message, slot + start, Math.min(segmentBytes, length - start), waitedMicros);
    }
    return 0;
  }

  #waited(nowSeconds: number, nowNanos: number): number {
    if (this.#stampSeconds === 0) return 0;
    const micros = (nowSeconds - this.#stampSeconds) * 1e6 + (nowNanos - this.#stampNanos) / 1e3;
    return Math.max(0, micros);
  }

  /** Reads segment size and arrival time, 0 where the message has none. Bounded by the control's own room. */
  #readControl(message: number): void {
    this.#segmentBytes = 0;
    this.#stampSeconds = 0;
    this.#stampNanos = 0;
    const length = Math.min(this.#line.controlLength(message) >>> 0, CONTROL_BYTES);
    const { words, receiveControls } = this.#memory;
    const start = receiveControls + message * CONTROL_BYTES;
    for (let at = 0; at + CMSG_HEADER_BYTES < length;) {
      const word = (start + at) >> 2;
      const cmsgLength = words[word]!;
      if (cmsgLength < CMSG_HEADER_BYTES || at + cmsgLength > length) return;
      const level = words[word + 2]!;
      const type = words[word + 3]!;
      if (level === SOL_UDP && type === UDP_GRO && cmsgLength >= 20) this.#segmentBytes = words[word + 4]!;
      else if (level === SOL_SOCKET && type === SO_TIMESTAMPNS && cmsgLength >= 32) {
        this.#stampSeconds = secondsOf(words, word + 4);
        this.#stampNanos = words[word + 6]!;
      }
      at += (cmsgLength + 7) & ~7;
    }
  }
}

/** A signed 64-bit count of seconds as a double. */
export function secondsOf(words: Int32Array, at: number): number {
  return words[at + 1]! * 2 ** 32 + (words[at]! >>> 0);
}
