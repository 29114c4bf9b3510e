import { parseAddress } from "@udp-relay/address-validation";
import { MemoryTransport } from "../../src/transport/memory.ts";
import type { MemoryNetwork, MemoryTransportOptions } from "../../src/transport/memory.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";

/** A network whose time passes only while somebody waits for something. */
export function memoryAdapter(
  network: MemoryNetwork,
  open: (options?: MemoryTransportOptions) => MemoryTransport = (options) =>
    MemoryTransport.open(network, { host: "127.0.0.1", ...options }),
): AdapterUnderTest {
  return {
    name: "memory",
    open: async (options) => open(options),
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
      if (!condition())
        throw new Error(`waited 5 virtual seconds for ${what}: ${JSON.stringify(account?.())}`);
    },
    datagramSockets: true,
    linkLocal: "fe80::1%3",
  };
}
