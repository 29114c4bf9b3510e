import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";

const clock = new CoarseClock();
using clients = TunnelClientTable.create({ capacity: 10_000, timeoutMs: 30_000, clock });
clients.onExpire(({ endpoint, bytesReceived, reason }) => console.log(endpoint, bytesReceived, reason));

/** What a node:dgram socket's listener does: socket.on("message", onMessage). */
function onMessage(bytes: Uint8Array, rinfo: { address: string; port: number }): number {
  const tick = clock.update();
  const guard = clients.enter(); // once a batch, or once a callback: slots are good until it ends
  const from = clients.fromRinfo(rinfo, tick); // >= 0, or JOIN_FULL, JOIN_PREFIX_FULL, …
  if (from >= 0) clients.received(from, bytes.length, tick); // exact, from any number of threads
  const handle = from < 0 ? 0 : clients.handle(from); // outlives the guard
  guard.leave(); // or `using guard = clients.enter()`
  return handle;
}

const handle = onMessage(new Uint8Array(100), { address: "192.0.2.7", port: 5000 });
const client = clients.client(handle); // undefined once it is gone
console.log(`${client?.bytesReceived} bytes, priority ${client?.priority}, ${clients.size} client`);
setInterval(() => clients.sweep(clock.update(), 1_000), 1_000).unref(); // expires whoever is silent
// In a worker thread: TunnelClientTable.attach(shared), with what postMessage(clients.shared) brought.
