import { parseEndpoint } from "@udp-relay/address-validation";
import { TunnelClientTable } from "../src/index.ts";
import type { TunnelClientTableOptions } from "../src/index.ts";

/** One client of a table on a virtual clock, in a guard for as long as it is used. */
export class LoneClient {
  readonly table: TunnelClientTable;
  readonly slot: number;
  readonly handle: number;
  tick: number;
  readonly #guard: { leave(): void };

  constructor(options: Partial<TunnelClientTableOptions> = {}, tick = 0) {
    this.table = TunnelClientTable.create({ capacity: 1, timeoutMs: 30_000, workers: 1, ...options });
    this.#guard = this.table.enter();
    this.tick = tick;
    const endpoint = parseEndpoint("192.0.2.1:5000");
    const isId = options.key === "u32";
    this.slot = isId ? this.table.join(7, endpoint, tick) : this.table.joinEndpoint(endpoint, tick);
    this.handle = this.table.handle(this.slot);
  }

  /** Bytes a second received, as they read now. */
  get rate(): number {
    return this.table.snapshotOf(this.handle, this.tick)!.bytesPerSecondIn;
  }

  [Symbol.dispose](): void {
    this.#guard.leave();
    this.table[Symbol.dispose]();
  }
}

/** Lets datagrams of `bytes` come every `1000 / perSecond` ms (rounded down to ticks) until `untilMs`, then stays there. */
export function send(
  client: LoneClient,
  perSecond: number,
  bytes: number,
  untilMs: number,
  each?: (client: LoneClient) => void,
): void {
  const fromMs = client.tick;
  const packets = ((untilMs - fromMs) * perSecond) / 1_000;
  for (let i = 0; i < packets; i++) {
    client.tick = Math.floor(fromMs + (i * 1_000) / perSecond);
    client.table.received(client.slot, bytes, client.tick);
    each?.(client);
  }
  client.tick = untilMs;
}

/** The rate's mean over a span in which datagrams go on, from readings at every millisecond. */
export function meanRate(client: LoneClient, perSecond: number, bytes: number, spanMs: number): Readings {
  const fromMs = client.tick;
  let sent = 0;
  let sum = 0;
  let least = Infinity;
  let most = 0;
  for (let ms = 0; ms < spanMs; ms++) {
    client.tick = fromMs + ms;
    for (; sent * 1_000 <= ms * perSecond; sent++) client.table.received(client.slot, bytes, client.tick);
    const { rate } = client;
    sum += rate;
    least = Math.min(least, rate);
    most = Math.max(most, rate);
  }
  client.tick = fromMs + spanMs;
  return { mean: sum / spanMs, least, most };
}

export interface Readings {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}
