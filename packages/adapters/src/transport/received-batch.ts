import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "./datagram-transport.ts";

/**
 * A batch of datagrams that the runtime delivers one by one, each in an array of its own. Reused for ever:
 * nothing is allocated once its arrays have grown to the largest batch seen.
 */
export class ReceivedBatch implements DatagramBatch {
  count = 0;
  readonly stable: boolean;
  /** Sum of all lengths. */
  byteLength = 0;
  readonly #bytes: Uint8Array[] = [];
  readonly #endpoints: Endpoint[] = [];
  readonly #waitedMicros: number[] = [];

  /** @param stable whether the arrays that are pushed stay unchanged after the batch was handled */
  constructor(stable: boolean) {
    this.stable = stable;
  }

  push(bytes: Uint8Array, endpoint: Endpoint, waitedMicros = 0): void {
    this.#bytes[this.count] = bytes;
    this.#endpoints[this.count] = endpoint;
    this.#waitedMicros[this.count] = waitedMicros;
    this.count += 1;
    this.byteLength += bytes.length;
  }

  /** Forgets the datagrams. Their arrays are kept alive until the next batch of the same size overwrites them. */
  clear(): void {
    this.count = 0;
    this.byteLength = 0;
  }

  bytes(index: number): Uint8Array {
    return this.#bytes[index]!;
  }
  slab(index: number): Uint8Array {
    return this.#bytes[index]!;
  }
  offset(): number {
    return 0;
  }
  length(index: number): number {
    return this.#bytes[index]!.length;
  }
  endpoint(index: number): Endpoint {
    return this.#endpoints[index]!;
  }
  a0(index: number): number {
    return this.#endpoints[index]!.a0;
  }
  a1(index: number): number {
    return this.#endpoints[index]!.a1;
  }
  a2(index: number): number {
    return this.#endpoints[index]!.a2;
  }
  a3(index: number): number {
    return this.#endpoints[index]!.a3;
  }
  port(index: number): number {
    return this.#endpoints[index]!.port;
  }
  zone(index: number): number {
    return this.#endpoints[index]!.zone;
  }
  waitedMicros(index: number): number {
    return this.#waitedMicros[index]!;
  }
}
