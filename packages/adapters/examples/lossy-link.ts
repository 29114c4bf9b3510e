import { RelayEndpoint } from "@udp-relay/adapters";
import { MemoryNetwork, MemoryTransport } from "@udp-relay/adapters/memory";
import { TunnelClientTable } from "@udp-relay/tunnel-client";

const network = new MemoryNetwork({ link: { delayMs: 20, loss: { kind: "independent", perMille: 10 } } });
const { clock } = network; // what takes a `Clock` lives in the network's time
const clients = TunnelClientTable.create({ capacity: 100, timeoutMs: 5_000, clock });
clients.onExpire((gone) => console.log(`${gone.packetsReceived} packets, gone at ${clock.nowMs()} ms`));
const transport = MemoryTransport.open(network, { host: "10.0.0.1", port: 50_001, bytesPerSecond: 600_000 });
const relay = new RelayEndpoint({
  transport,
  clients,
  clock,
  sweepIntervalMs: 0, // would be real time: the loop below sweeps
  onDatagram: (datagram, endpoint) => void endpoint.forward(datagram, datagram.from),
});

let returned = 0;
const player = MemoryTransport.open(network, { host: "10.0.1.1", port: 4_000 });
player.onBatch = (batch) => void (returned += batch.count);
for (let turn = 0; turn < 400; turn++) {
  if (turn < 200) player.send(new Uint8Array(100), relay.localEndpoint);
  clock.advance(50); // nothing happens before; a run is repeatable to the last event
  clients.sweep(clock.update(), 10_000);
}
console.log(`200 sent, ${relay.stats().handled} handled, ${returned} returned, ${network.stats().lost} lost`);
await relay.close();
