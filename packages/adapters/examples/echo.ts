import { openTransport } from "@udp-relay/adapters";

// The best that this runtime and machine have: chosen and explained.
const { transport, reason } = await openTransport({ host: "127.0.0.1", port: 0 });
transport.onBatch = (batch) => {
  for (let i = 0; i < batch.count; i++) {
    const dropped = transport.forward(batch, i, batch.endpoint(i)); // 0, or a DropReason; no copy, no allocation
    if (dropped !== 0) console.log("counted in stats().drops", dropped);
  }
};

console.log(reason.split(":")[0], "listens on port", transport.localEndpoint.port);
transport.send(new TextEncoder().encode("to myself"), transport.localEndpoint);
await new Promise((resolve) => setTimeout(resolve, 200));
const { receivedDatagrams, drops } = transport.stats();
console.log(receivedDatagrams > 10 ? "many" : "few", "datagrams, drops:", JSON.stringify(drops));
await transport.close();
