import { AddressPolicy } from "@udp-relay/address-validation";
import { RelayEndpoint } from "@udp-relay/adapters";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { measure, report } from "../measure.ts";
import { CirclingTransport, clientEndpoint } from "./circling-transport.ts";

// Arguments: WHAT CLIENTS BATCH. What a relay's JavaScript adds to the kernel's work for one datagram, in ns.
const [what = "", clientsText = "", batchText = ""] = process.argv.slice(2);
const clients = Number(clientsText);
const transport = new CirclingTransport(Number(batchText), clients);

if (what === "budget") {
  report(250);
} else {
  if (what === "array") overAnArray();
  else relayEndpoint(what === "id" ? "u32" : "endpoint");
  measure((datagrams) => transport.run(datagrams));
}

/** The bare job: the receiver's endpoint by index. */
function overAnArray(): void {
  const receivers = Array.from({ length: clients }, (_, id) => clientEndpoint(id));
  transport.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) {
      const to = receivers[u32(batch.slab(i), batch.offset(i) + 4)];
      if (to !== undefined) transport.forward();
    }
  };
}

/** Everything on: clock, policy, sender's look-up, both clients' records, priority class. */
function relayEndpoint(key: "u32" | "endpoint"): void {
  const clock = new CoarseClock();
  const table = TunnelClientTable.create({ capacity: clients + 1, timeoutMs: 3_600_000, key, clock });
  const policy = AddressPolicy.preset("lan");
  new RelayEndpoint({
    transport,
    clients: table,
    clock,
    policy,
    minimumBytes: 8,
    sweepIntervalMs: 0,
    ...(key === "u32" ? { identify: (datagram) => u32(datagram.slab, datagram.offset) } : {}),
    onDatagram: (datagram, relay) => {
      const id = u32(datagram.slab, datagram.offset + 4);
      const to = key === "u32" ? table.find(id) : table.findEndpoint(receivers[id]!);
      if (to >= 0) relay.forward(datagram, to);
    },
  });
  const receivers = Array.from({ length: clients }, (_, id) => clientEndpoint(id));
  // Everybody joins before the clock starts.
  transport.run(2 * clients);
  if (transport.forwarded === 0) throw new Error("nothing was forwarded");
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
