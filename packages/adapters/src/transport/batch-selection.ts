import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "./datagram-transport.ts";

/** Some datagrams of another batch, in its order. Good as long as that batch. */
export class BatchSelection implements DatagramBatch {
  count = 0;
  #batch: DatagramBatch | undefined;
  readonly #indices: number[] = [];

  /** Starts a selection of nothing. */
  select(batch: DatagramBatch): void {
    this.#batch = batch;
    this.count = 0;
  }

  add(index: number): void {
    this.#indices[this.count++] = index;
  }

  /** The batch that is selected from. */
  get batch(): DatagramBatch {
    return this.#batch!;
  }
  /** Index in that batch. */
  at(index: number): number {
    return this.#indices[index]!;
  }

  get stable(): boolean {
    return this.batch.stable;
  }
  bytes(index: number): Uint8Array {
    return this.batch.bytes(this.at(index));
  }
  slab(index: number): Uint8Array {
    return this.batch.slab(this.at(index));
  }
  offset(index: number): number {
    return this.batch.offset(this.at(index));
  }
  length(index: number): number {
    return this.batch.length(this.at(index));
  }
  endpoint(index: number): Endpoint {
    return this.batch.endpoint(this.at(index));
  }
  a0(index: number): number {
    return this.batch.a0(this.at(index));
  }
  a1(index: number): number {
    return this.batch.a1(this.at(index));
  }
  a2(index: number): number {
    return this.batch.a2(this.at(index));
  }
  a3(index: number): number {
    return this.batch.a3(this.at(index));
  }
  port(index: number): number {
    return this.batch.port(this.at(index));
  }
  zone(index: number): number {
    return this.batch.zone(this.at(index));
  }
  waitedMicros(index: number): number {
    return this.batch.waitedMicros(this.at(index));
  }
}
