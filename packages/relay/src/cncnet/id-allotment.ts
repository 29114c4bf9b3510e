import { randomInt } from "node:crypto";
import { endpointFromWords, type Endpoint } from "@udp-relay/address-validation";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { RelayControl } from "../shared/relay-control.ts";

/** Ids are 16 bits wide; these two are never given out. */
const IDS = 0x1_0000;
const NOBODY = 0;
const RESERVED = 0x7fff;

/** Where a client is from its allotment to its first datagram: nowhere. No datagram comes from port 0. */
const UNBOUND: Endpoint = endpointFromWords(0, 0, 0, 0, 0);

export function isUnbound({ port }: Endpoint): boolean {
  return port === 0;
}

/**
 * Why there are no ids. `busy`: another thread was allotting for the whole of a bounded wait, or died at it; or there is
 * room, but each free slot rests, since some thread stands still inside a guard.
 */
export type AllotmentRefusal = "full" | "busy";

export interface IdAllotmentOptions {
  /** Draws an id, 0 to 65,535; default: at random. */
  readonly draw?: (() => number) | undefined;
  /** How often a thread looks whether another has finished allotting; default 10,000, some 100 µs. */
  readonly spins?: number | undefined;
}

const DEFAULT_SPINS = 10_000;
/** Each waits some 50 µs for a lock. */
const UNDO_ATTEMPTS = 200;

/**
 * Gives clients their ids before they have sent anything: all that were asked for, or none.
 *
 * One thread at a time allots, under a word of the relay's memory that names it; whoever finds that thread dead takes
 * the word over. Ids that it had drawn and told nobody time out like every other silent client.
 */
export class IdAllotment {
  readonly #clients: TunnelClientTable;
  readonly #control: RelayControl;
  readonly #draw: () => number;
  readonly #spins: number;

  constructor(clients: TunnelClientTable, control: RelayControl, options: IdAllotmentOptions = {}) {
    this.#clients = clients;
    this.#control = control;
    this.#draw = options.draw ?? (() => randomInt(IDS));
    this.#spins = options.spins ?? DEFAULT_SPINS;
  }

  /**
   * Distinct, unused ids at random, each a client of its own from now on, idle since `tick`.
   *
   * @param count at least 1
   * @param tick now, u32 ms
   *
   * Concurrency: any thread, outside guards. Of several threads each gets all of its ids or none, and is refused as
   * full only if what it asked for did not fit. Spins some 100 µs at most, then `busy`.
   */
  allot(count: number, tick: number): readonly number[] | AllotmentRefusal {
    const clients = this.#clients;
    const alive = (owner: number): boolean => clients.region.isOwnerAlive(owner);
    if (!this.#control.enterAllotment(clients.ownerId, alive, this.#spins)) return "busy";
    try {
      if (!this.#fits(count)) clients.sweep(tick, Number.MAX_SAFE_INTEGER);
      return this.#fits(count) ? this.#join(count, tick) : "full";
    } finally {
      this.#control.leaveAllotment();
    }
  }

  #fits(count: number): boolean {
    return this.#clients.size + count <= this.#clients.capacity;
  }

  #join(count: number, tick: number): readonly number[] | AllotmentRefusal {
    const clients = this.#clients;
    const ids: number[] = [];
    const handles: number[] = [];
    const guard = clients.enter();
    while (ids.length < count) {
      const id = this.#draw();
      if (id === NOBODY || id === RESERVED) continue;
      const slot = clients.join(id, UNBOUND, tick);
      if (slot < 0) break;
      if (!clients.created) continue;
      ids.push(id);
      handles.push(clients.handle(slot));
    }
    guard.leave();
    if (ids.length === count) return ids;
    for (const handle of handles) this.#giveBack(handle);
    return "busy";
  }

  /** A shard that is locked is tried again; what a dead thread keeps locked for longer times out. */
  #giveBack(handle: number): void {
    const clients = this.#clients;
    for (let attempt = 0; attempt < UNDO_ATTEMPTS; attempt++)
      if (clients.remove(handle) || clients.resolve(handle) < 0) return;
  }
}
