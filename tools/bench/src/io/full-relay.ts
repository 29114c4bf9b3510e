import { AddressPolicy } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { RelayEndpoint } from "@udp-relay/adapters";
import type { DatagramTransport } from "@udp-relay/adapters";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";

/** Everything on: clock, policy, sender's look-up by its endpoint, both clients' records, priority class. */
export function fullRelay(transport: DatagramTransport, receivers: readonly Endpoint[]): void {
  const clock = new CoarseClock();
  // The load's sources send from 16 more endpoints.
  const clients = TunnelClientTable.create({
    ...{ capacity: receivers.length + 64, timeoutMs: 3_600_000 },
    ...{ key: "endpoint" as const, clock },
  });
  const policy = AddressPolicy.preset("lan", { allow: ["127.0.0.0/8"] });
  const guard = clients.enter();
  for (const receiver of receivers) clients.joinEndpoint(receiver, clock.update());
  guard.leave();
  new RelayEndpoint({
    ...{ transport, clients, clock, policy, minimumBytes: 8, sweepIntervalMs: 0 },
    onDatagram: (datagram, relay) => {
      const { slab, offset } = datagram;
      const at = offset + 4;
      const id = (slab[at]! | (slab[at + 1]! << 8) | (slab[at + 2]! << 16) | (slab[at + 3]! << 24)) >>> 0;
      const receiver = receivers[id];
      if (receiver === undefined) return;
      const to = clients.findEndpoint(receiver);
      if (to >= 0) relay.forward(datagram, to);
    },
  });
}
