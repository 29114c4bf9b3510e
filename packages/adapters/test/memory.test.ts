import { parseAddress } from "@udp-relay/address-validation";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";
import { conformance } from "./conformance/suite.ts";

const network = new MemoryNetwork({ link: { delayMs: 1 } });

conformance({
  name: "memory",
  open: async (options) => MemoryTransport.open(network, { host: "127.0.0.1", ...options }),
  async peer(transport, { host = "127.0.0.1", to = host } = {}) {
    const received: Uint8Array[] = [];
    const socket = MemoryTransport.open(network, { host, maxDatagramBytes: 65_507, queueDatagrams: 1 });
    socket.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) received.push(batch.bytes(i));
    };
    const destination = parseAddress(to, transport.localEndpoint.port);
    return { received, send: (bytes) => void socket.send(bytes, destination), close: () => socket.close() };
  },
  async until(condition, what, account) {
    for (let ms = 0; ms < 5_000 && !condition(); ms++) network.clock.advance(1);
    if (!condition()) throw new Error(`waited 5 virtual seconds for ${what}: ${JSON.stringify(account?.())}`);
  },
  datagramSockets: true,
  linkLocal: "fe80::1%3",
});
