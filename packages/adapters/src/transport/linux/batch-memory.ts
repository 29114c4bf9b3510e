import {
  IOVEC_BYTES,
  MMSGHDR_BYTES,
  MSG_CONTROL,
  MSG_CONTROLLEN,
  MSG_IOV,
  MSG_IOVLEN,
  MSG_NAME,
  NAME_BYTES,
} from "./kernel.ts";
import type { SystemCalls } from "./system-calls.ts";

/** Messages that one recvmmsg reads at most. */
export const BATCH_MESSAGES = 64;
/** Datagrams that wait for one flush at most. */
export const OUTGOING_DATAGRAMS = 256;
/** For each received message: an arrival time (32) and a segment size (24), or what a sent one needs (24). */
export const CONTROL_BYTES = 64;
/** Room for datagrams that are sent from elsewhere than a received batch, at least. */
const COPY_BYTES = 256 * 1024;
const SCRATCH_BYTES = 64;

/**
 * What the kernel reads and writes for one socket, in one ArrayBuffer whose address never changes; the received
 * messages' headers alone lie in the socket's `SocketLine`, where a supervisor sees them.
 *
 *      received          sent              both
 *     +-----------------+-----------------+---------+----------------+---------------+
 *     | iovec x 64      | mmsghdr x 256   | scratch | slot x 64      | copies        |
 *     | sockaddr x 64   | iovec x 256     |         | (received      | (to be sent)  |
 *     | cmsg x 64       | sockaddr x 256  |         |  datagrams)    |               |
 *     |                 | cmsg x 256      |         |                |               |
 *     +-----------------+-----------------+---------+----------------+---------------+
 *
 * A pointer is only ever made by `point` and `pointVector`, of an offset that was checked to lie inside.
 */
export class BatchMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  /** Address of the first byte. */
  readonly address: number;
  /** Bytes of a received message, at most. */
  readonly slotBytes: number;
  /** Bytes of a datagram sent, at most. */
  readonly datagramBytes: number;
  /** Bytes from one slot to the next. */
  readonly slotStride: number;
  /** Byte offsets of the parts, see above. */
  readonly receiveVectors: number;
  readonly receiveNames: number;
  readonly receiveControls: number;
  readonly sendHeaders: number;
  readonly sendVectors: number;
  readonly sendNames: number;
  readonly sendControls: number;
  readonly scratch: number;
  readonly slots: number;
  readonly copies: number;
  readonly byteLength: number;
  readonly #addressLow: number;
  readonly #addressHigh: number;

  /**
   * @param slotBytes of a received message
   * @param datagramBytes of the largest datagram sent
   */
  constructor(calls: Pick<SystemCalls, "addressOf">, slotBytes: number, datagramBytes: number) {
    let end = 0;
    const part = (byteLength: number): number => {
      const start = end;
      end = (start + byteLength + 63) & ~63;
      return start;
    };
    this.slotBytes = slotBytes;
    this.datagramBytes = datagramBytes;
    this.slotStride = (slotBytes + 63) & ~63;
    this.receiveVectors = part(BATCH_MESSAGES * IOVEC_BYTES);
    this.receiveNames = part(BATCH_MESSAGES * NAME_BYTES);
    this.receiveControls = part(BATCH_MESSAGES * CONTROL_BYTES);
    this.sendHeaders = part(OUTGOING_DATAGRAMS * MMSGHDR_BYTES);
    this.sendVectors = part(OUTGOING_DATAGRAMS * IOVEC_BYTES);
    this.sendNames = part(OUTGOING_DATAGRAMS * NAME_BYTES);
    this.sendControls = part(OUTGOING_DATAGRAMS * CONTROL_BYTES);
    this.scratch = part(SCRATCH_BYTES);
    this.slots = part(BATCH_MESSAGES * this.slotStride);
    this.copies = part(Math.max(COPY_BYTES, datagramBytes));
    this.byteLength = end;
    const buffer = new ArrayBuffer(end);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.address = calls.addressOf(this.bytes);
    this.#addressLow = this.address % 2 ** 32;
    this.#addressHigh = Math.floor(this.address / 2 ** 32);
    for (let i = 0; i < BATCH_MESSAGES; i++) {
      this.pointVector(this.receiveVectors + i * IOVEC_BYTES, this.slot(i), slotBytes);
    }
  }

  /** Byte offset of the slot that received message `index` lies in. */
  slot(index: number): number {
    return this.slots + index * this.slotStride;
  }

  /** The address of the byte at `offset`, low and high word. Throws a RangeError for an offset outside. */
  addressAt(offset: number): readonly [low: number, high: number] {
    if (!(offset >= 0 && offset < this.byteLength)) throw new RangeError(`no byte ${offset} in the ring`);
    const low = this.#addressLow + offset;
    return [low | 0, low > 0xffff_ffff ? this.#addressHigh + 1 : this.#addressHigh];
  }

  /** Writes at byte offset `at` a pointer to `offset`. Throws a RangeError for an offset outside. */
  point(at: number, offset: number): void {
    const [low, high] = this.addressAt(offset);
    this.words[at >> 2] = low;
    this.words[(at >> 2) + 1] = high;
  }

  /** Writes an iovec at byte offset `at`, and false, writing nothing, for bytes that are no payload of ours. */
  pointVector(at: number, offset: number, length: number): boolean {
    if (!(length >= 0 && offset >= this.slots && offset + length <= this.byteLength)) return false;
    const low = this.#addressLow + offset;
    const index = at >> 2;
    this.words[index] = low | 0;
    this.words[index + 1] = low > 0xffff_ffff ? this.#addressHigh + 1 : this.#addressHigh;
    this.words[index + 2] = length;
    return true;
  }

  /** Message i is by default datagram i: its own iovec, name and (empty) control. */
  resetSendHeaders(): void {
    for (let i = 0; i < OUTGOING_DATAGRAMS; i++) {
      const header = this.sendHeaders + i * MMSGHDR_BYTES;
      this.point(header + MSG_NAME, this.sendNames + i * NAME_BYTES);
      this.point(header + MSG_IOV, this.sendVectors + i * IOVEC_BYTES);
      this.words[(header + MSG_IOVLEN) >> 2] = 1;
      this.words[(header + MSG_CONTROLLEN) >> 2] = 0;
      this.point(header + MSG_CONTROL, this.sendControls + i * CONTROL_BYTES);
    }
  }
}
