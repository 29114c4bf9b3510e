import { endpointFromWords, type Endpoint } from "@udp-relay/address-validation";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { addressText, keysOf, order } from "../map/keys.ts";

/** u32 keys, endpoints as words (a batch of an adapter's), or endpoints from a dgram listener's rinfo strings. */
export type ClientKind = "u32" | "ipv4" | "rinfo";

/** What `node:dgram` gives a listener. */
export interface Rinfo {
  readonly address: string;
  readonly port: number;
}

/** Datagrams between two readings of the clock, and in a guard. */
export const BATCH = 32;

/** So many senders' texts the table may keep; more often than this it is shown each until it has kept it. */
const KEPT_TEXTS = 16_384;
const SHOWINGS = 64;

/** Whence all clients with u32 keys send: such a table looks none of them up by endpoint. */
const ONE = endpointFromWords(0, 0, 0xffff, 0x7f00_0001, 50_000);

/** The clients of a run, by all three kinds of key, in the shuffled order of the maps' benchmarks. */
export interface Clients {
  readonly ids: Uint32Array;
  readonly endpoints: readonly Endpoint[];
  readonly rinfos: readonly Rinfo[];
}

export function clientsOf(kind: ClientKind, count: number): Clients {
  if (kind === "u32")
    return { ids: Uint32Array.from(keysOf("u32", count).u32), endpoints: [ONE], rinfos: [] };
  const keys = keysOf("ipv4", count);
  const endpoints = Array.from({ length: count }, (_, i) => {
    return endpointFromWords(keys.a0[i]!, keys.a1[i]!, keys.a2[i]!, keys.a3[i]!, keys.port[i]!);
  });
  const rinfos = Array.from({ length: kind === "rinfo" ? count : 0 }, (_, i) => ({
    address: addressText(keys, i),
    port: keys.port[i]!,
  }));
  return { ids: new Uint32Array(count), endpoints, rinfos };
}

/** Rinfos of the same texts, of which none is the same string: a socket makes a new one for each datagram. */
export function copied(rinfos: readonly Rinfo[]): Rinfo[] {
  return rinfos.map(({ address, port }) => ({
    address: Buffer.from(address, "latin1").toString("latin1"),
    port,
  }));
}

/** Shows a table its senders before it is measured, so that the texts that it keeps are not those that it will be given. */
export function showSenders(table: TunnelClientTable, { rinfos }: Clients): void {
  if (rinfos.length > KEPT_TEXTS) return;
  const guard = table.enter();
  for (let showing = 0; showing < SHOWINGS; showing++) for (const rinfo of rinfos) table.fromRinfo(rinfo, 0);
  guard.leave();
}

/** The same clients in the order in which they send: not that in which they joined, so that memory is not walked through. */
export function sending({ ids, endpoints, rinfos }: Clients): Clients {
  const visits = order(ids.length);
  const inOrder = <Item>(items: readonly Item[]): Item[] => items.map((_, i) => items[visits[i]!]!);
  return {
    ids: ids.map((_, i) => ids[visits[i]!]!),
    endpoints: endpoints.length === ids.length ? inOrder(endpoints) : endpoints,
    rinfos: inOrder(rinfos),
  };
}

/** A table in which all of them have joined. */
export function filledTable(kind: ClientKind, count: number, clients: Clients): TunnelClientTable {
  const clock = new CoarseClock();
  const table = TunnelClientTable.create({
    capacity: count,
    timeoutMs: 30_000,
    key: kind === "u32" ? "u32" : "endpoint",
  });
  const tick = clock.update();
  const guard = table.enter();
  for (let i = 0; i < count; i++) {
    const slot =
      kind === "u32"
        ? table.join(clients.ids[i]!, clients.endpoints[0]!, tick)
        : table.joinEndpoint(clients.endpoints[i]!, tick);
    if (slot < 0) throw new Error(`client ${i} was refused: ${slot}`);
  }
  guard.leave();
  return table;
}
