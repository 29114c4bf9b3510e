/**
 * The state path of a datagram, `ENGINE KIND CLIENTS`: from its key to its client, and the client's receive update. The clock
 * is read once for each 32 datagrams. ENGINE is the table, one datagram after the other or 32 looked up and counted at once, or what one
 * writes by hand: a Map and an object a client.
 */
import type { Endpoint } from "@udp-relay/address-validation";
import { CoarseClock } from "@udp-relay/clock";
import { measure } from "../measure.ts";
import { BATCH, clientsOf, copied, filledTable, sending, showSenders } from "./clients.ts";
import type { ClientKind, Rinfo } from "./clients.ts";

const [engine, kind, countText] = process.argv.slice(2) as [string, ClientKind, string];
const count = Number(countText);
const clients = clientsOf(kind, count);
const clock = new CoarseClock();
let place = 0;

if (engine === "table") {
  const table = filledTable(kind, count, clients);
  showSenders(table, clients);
  const { ids, endpoints, rinfos } = sending({ ...clients, rinfos: copied(clients.rinfos) });
  if (kind === "u32") {
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const tick = clock.update();
        const guard = table.enter();
        for (let n = Math.min(BATCH, iterations - done); n > 0; n--) {
          table.received(table.find(ids[place]!), 128, tick);
          place = place + 1 === count ? 0 : place + 1;
        }
        guard.leave();
      }
      return place;
    });
  } else if (kind === "ipv4") {
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const tick = clock.update();
        const guard = table.enter();
        for (let n = Math.min(BATCH, iterations - done); n > 0; n--) {
          table.received(table.findEndpoint(endpoints[place]!), 128, tick);
          place = place + 1 === count ? 0 : place + 1;
        }
        guard.leave();
      }
      return place;
    });
  } else {
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const tick = clock.update();
        const guard = table.enter();
        for (let n = Math.min(BATCH, iterations - done); n > 0; n--) {
          table.received(table.fromRinfo(rinfos[place]!, tick), 128, tick);
          place = place + 1 === rinfos.length ? 0 : place + 1;
        }
        guard.leave();
      }
      return place;
    });
  }
} else if (engine === "batch") {
  const table = filledTable(kind, count, clients);
  const { ids, endpoints } = sending(clients);
  const slots = new Int32Array(BATCH);
  const lengths = new Uint16Array(BATCH).fill(128);
  if (kind === "u32") {
    const senders = new Uint32Array(BATCH);
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const datagrams = Math.min(BATCH, iterations - done);
        const tick = clock.update();
        const guard = table.enter();
        for (let n = 0; n < datagrams; n++) {
          senders[n] = ids[place]!;
          place = place + 1 === count ? 0 : place + 1;
        }
        table.findBatch(senders, slots, datagrams);
        table.receivedBatch(slots, lengths, datagrams, tick);
        guard.leave();
      }
      return place;
    });
  } else {
    const senders: Endpoint[] = endpoints.slice(0, BATCH);
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const datagrams = Math.min(BATCH, iterations - done);
        const tick = clock.update();
        const guard = table.enter();
        for (let n = 0; n < datagrams; n++) {
          senders[n] = endpoints[place]!;
          place = place + 1 === count ? 0 : place + 1;
        }
        table.findEndpointBatch(senders, slots, datagrams);
        table.receivedBatch(slots, lengths, datagrams, tick);
        guard.leave();
      }
      return place;
    });
  }
} else if (engine === "Map") {
  interface Client {
    lastReceiveMs: number;
    packets: number;
    bytes: number;
  }
  const map = new Map<number | string, Client>();
  const keyOf = ({ address, port }: Rinfo): string => `${address}:${port}`;
  for (let i = 0; i < count; i++) {
    const key = kind === "u32" ? clients.ids[i]! : keyOf(clients.rinfos[i]!);
    map.set(key, { lastReceiveMs: 0, packets: 0, bytes: 0 });
  }
  const receive = (client: Client, tick: number): void => {
    client.lastReceiveMs = tick;
    client.packets++;
    client.bytes += 128;
  };
  if (kind === "u32") {
    const { ids } = sending(clients);
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const tick = clock.update();
        for (let n = Math.min(BATCH, iterations - done); n > 0; n--) {
          receive(map.get(ids[place]!)!, tick);
          place = place + 1 === count ? 0 : place + 1;
        }
      }
      return place;
    });
  } else {
    const { rinfos } = sending({ ...clients, rinfos: copied(clients.rinfos) });
    measure((iterations) => {
      for (let done = 0; done < iterations; done += BATCH) {
        const tick = clock.update();
        for (let n = Math.min(BATCH, iterations - done); n > 0; n--) {
          receive(map.get(keyOf(rinfos[place]!))!, tick);
          place = place + 1 === rinfos.length ? 0 : place + 1;
        }
      }
      return place;
    });
  }
} else {
  throw new TypeError(`no engine ${engine}`);
}
