import type { Endpoint } from "@udp-relay/address-validation";
import { TunnelClientTable } from "./tunnel-client-table.ts";

/** Endpoint of a client that has none. */
export const NO_ENDPOINT: Endpoint = Object.freeze({ a0: 0, a1: 0, a2: 0, a3: 0, port: 0, zone: 0 });

/** What a private table is made for: clients that share all of it share tables. */
export interface PoolSettings {
  readonly timeoutMs: number;
  readonly timeConstantMs: number;
  readonly slowBytesPerSecond: number;
  readonly weights: {
    readonly bandwidth: number;
    readonly latency: number;
    readonly loss: number;
    readonly age: number;
  };
}

/** A place in a private table. */
export interface PooledClient {
  readonly table: TunnelClientTable;
  readonly handle: number;
}

const FIRST_CAPACITY = 16;
const LARGEST_CAPACITY = 65_536;

const pools = new Map<string, ClientPool>();

/** Tables that belong to this thread alone and grow by adding one of twice the size. */
export class ClientPool {
  readonly #settings: PoolSettings;
  readonly #tables: TunnelClientTable[] = [];
  #nextId = 0;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** The pool of all clients with these settings. */
  static for(settings: PoolSettings): ClientPool {
    const key = JSON.stringify(settings);
    let pool = pools.get(key);
    if (pool === undefined) pools.set(key, (pool = new ClientPool(settings)));
    return pool;
  }

  /** A place for one more client, from the largest table on. */
  add(endpoint: Endpoint, tick: number): PooledClient {
    for (let i = this.#tables.length - 1; i >= 0; i--) {
      const place = this.#join(this.#tables[i]!, endpoint, tick);
      if (place !== undefined) return place;
    }
    const last = this.#tables.at(-1)?.capacity ?? FIRST_CAPACITY / 2;
    const table = TunnelClientTable.create({
      ...this.#settings,
      key: "u32",
      capacity: Math.min(LARGEST_CAPACITY, last * 2),
      workers: 1,
      batch: 8,
      owners: 2,
      expiryQueue: 1,
    });
    this.#tables.push(table);
    return this.#join(table, endpoint, tick)!;
  }

  #join(table: TunnelClientTable, endpoint: Endpoint, tick: number): PooledClient | undefined {
    if (table.size === table.capacity) return undefined;
    const guard = table.enter();
    this.#nextId = (this.#nextId + 1) >>> 0;
    const slot = table.join(this.#nextId, endpoint, tick);
    const handle = slot < 0 ? 0 : table.handle(slot);
    guard.leave();
    return slot < 0 ? undefined : { table, handle };
  }
}
