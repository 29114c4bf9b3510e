import type { Endpoint } from "@udp-relay/address-validation";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import type { DatagramBatch } from "./datagram-transport.ts";

/**
 * A batch of datagrams that the runtime delivers one by one, each in an array of its own, its sender as text and
 * port. The text becomes an endpoint when somebody asks: a protocol that goes by ids need not. Reused for ever:
 * nothing is allocated once its arrays have grown to the largest batch seen.
 */
export class RinfoBatch implements DatagramBatch {
  count = 0;
  /** The runtimes give each datagram a fresh array. */
  readonly stable = true;
  /** Sum of all lengths. */
  byteLength = 0;
  readonly #bytes: Uint8Array[] = [];
  readonly #addresses: string[] = [];
  readonly #ports: number[] = [];
  readonly #endpoints: (Endpoint | undefined)[] = [];
  readonly #rinfo = { address: "", port: 0 };

  push(bytes: Uint8Array, address: string, port: number): void {
    const index = this.count++;
    this.#bytes[index] = bytes;
    this.#addresses[index] = address;
    this.#ports[index] = port;
    this.#endpoints[index] = undefined;
    this.byteLength += bytes.length;
  }

  /** Forgets the datagrams. Their arrays are kept alive until later ones take their places. */
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
    const known = this.#endpoints[index];
    if (known !== undefined) return known;
    this.#rinfo.address = this.#addresses[index]!;
    this.#rinfo.port = this.#ports[index]!;
    return (this.#endpoints[index] = endpointFromRinfo(this.#rinfo));
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
    return this.#ports[index]!;
  }
  zone(index: number): number {
    return this.endpoint(index).zone;
  }
  waitedMicros(): number {
    return 0;
  }
}
