import { endpointFromWords } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import type { BatchHandler, DatagramBatch, DatagramTransport, TransportStats } from "@udp-relay/adapters";

/** Datagrams of 128 bytes, each from a client of its own, that names client (i * 7) % clients as its receiver. */
class CirclingBatch implements DatagramBatch {
  readonly count: number;
  readonly stable = true;
  /** Of the first datagram. */
  first = 0;
  readonly #datagrams: Uint8Array[];
  readonly #endpoints: Endpoint[];

  constructor(count: number, clients: number) {
    this.count = count;
    this.#endpoints = Array.from({ length: clients }, (_, id) => clientEndpoint(id));
    this.#datagrams = Array.from({ length: clients }, (_, id) => {
      const bytes = new Uint8Array(128);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, id, true);
      view.setUint32(4, (id * 7) % clients, true);
      return bytes;
    });
  }

  #at(index: number): number {
    return (this.first + index) % this.#endpoints.length;
  }
  bytes(index: number): Uint8Array {
    return this.#datagrams[this.#at(index)]!;
  }
  slab(index: number): Uint8Array {
    return this.#datagrams[this.#at(index)]!;
  }
  offset(): number {
    return 0;
  }
  length(): number {
    return 128;
  }
  endpoint(index: number): Endpoint {
    return this.#endpoints[this.#at(index)]!;
  }
  a0(index: number): number {
    return this.endpoint(index).a0;
  }
  a1(index: number): number {
    return this.endpoint(index).a1;
  }
  a2(index: number): number {
    return this.endpoint(index).a2;
  }
  a3(index: number): number {
    return this.endpoint(index).a3;
  }
  port(index: number): number {
    return this.endpoint(index).port;
  }
  zone(index: number): number {
    return this.endpoint(index).zone;
  }
  waitedMicros(): number {
    return 0;
  }
}

export function clientEndpoint(id: number): Endpoint {
  return endpointFromWords(0, 0, 0xffff, 0x0a00_0000 + (id >>> 2), 20_000 + (id & 3));
}

/** A transport without a kernel: hands over the same datagrams for ever, and counts what is forwarded. */
export class CirclingTransport implements DatagramTransport {
  readonly kind = "memory";
  readonly localEndpoint: Endpoint = endpointFromWords(0, 0, 0xffff, 0x7f00_0001, 1);
  onBatch: BatchHandler | undefined;
  forwarded = 0;
  readonly #batch: CirclingBatch;
  readonly #clients: number;

  constructor(batchSize: number, clients: number) {
    this.#batch = new CirclingBatch(batchSize, clients);
    this.#clients = clients;
  }

  /** Hands over `datagrams`, rounded up to whole batches; returns how many were forwarded since the beginning. */
  run(datagrams: number): number {
    const batch = this.#batch;
    for (let n = 0; n < datagrams; n += batch.count) {
      batch.first = (batch.first + batch.count) % this.#clients;
      this.onBatch!(batch);
    }
    return this.forwarded;
  }

  send(): 0 {
    return 0;
  }
  forward(): 0 {
    this.forwarded += 1;
    return 0;
  }
  flush(): void {
    return;
  }
  stats(): TransportStats {
    throw new Error("a bench has no statistics");
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
