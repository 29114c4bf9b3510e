import { parseEndpoint } from "@udp-relay/address-validation";
import type { TunnelClientTable } from "../src/index.ts";

export const endpoint = parseEndpoint("192.0.2.1:5000");
export const options = { capacity: 4, timeoutMs: 8_000, key: "u32", workers: 1 } as const;

/** Joins and counts one datagram, in a guard of its own. */
export function hear(clients: TunnelClientTable, id: number, tick: number): number {
  using _guard = clients.enter();
  const slot = clients.join(id, endpoint, tick);
  if (slot < 0) return 0;
  clients.received(slot, 100, tick);
  return clients.handle(slot);
}
