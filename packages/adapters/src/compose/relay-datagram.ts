import type { Endpoint } from "@udp-relay/address-validation";
import type { Clock } from "@udp-relay/clock";
import type { DatagramBatch } from "../transport/datagram-transport.ts";

/**
 * The datagram that a `RelayEndpoint` handles now: one object for all of them, good until the callback returns,
 * like everything that it refers to but `source`.
 */
export class RelayDatagram {
  /** The batch it came in, and its place there. */
  batch!: DatagramBatch;
  index = 0;
  /** Bytes of the datagram. */
  length = 0;
  /** The sender's address and port. */
  source!: Endpoint;
  /** The sender's slot in the table. */
  from = -1;
  /** Whether this datagram made its sender a client. */
  isNew = false;
  /** The batch's tick, u32 ms. */
  tick = 0;
  readonly #clock: Clock;

  /** @param clock the relay's */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When it arrived in the kernel, u32 µs of the clock's `recentMicros`; the batch's time where that is unknown. */
  get arrivalMicros(): number {
    return (this.#clock.recentMicros() - this.batch.waitedMicros(this.index)) >>> 0;
  }
  /** A view of the bytes. */
  get bytes(): Uint8Array {
    return this.batch.bytes(this.index);
  }
  /** The array that the bytes lie in, from `offset` on: without a view. */
  get slab(): Uint8Array {
    return this.batch.slab(this.index);
  }
  get offset(): number {
    return this.batch.offset(this.index);
  }
}
