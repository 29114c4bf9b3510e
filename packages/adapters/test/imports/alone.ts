import type * as root from "../../src/index.ts";
import type * as bun from "../../src/transport/bun.ts";
import type * as linux from "../../src/transport/linux.ts";
import type * as memory from "../../src/transport/memory.ts";
import type * as node from "../../src/transport/node.ts";
import type * as uwebsockets from "../../src/transport/uwebsockets.ts";
import type { DatagramTransport } from "../../src/transport/datagram-transport.ts";

// Argument: an entry of the package, such as "./node"; after "./uwebsockets" maybe "none", for no app. Imports it, opens
// what it has, sends a datagram to itself and prints as JSON what came of it. No import makes WebAssembly.
const MAKERS = ["Module", "Memory", "Instance", "compile", "instantiate"];
const [entry = ".", app] = process.argv.slice(2);
const web = (globalThis as unknown as { WebAssembly: Record<string, unknown> }).WebAssembly;
const real = Object.fromEntries(MAKERS.map((name) => [name, web[name]]));
const refuse = (): never => {
  throw new Error(`importing ${entry} made WebAssembly`);
};
if (entry !== ".") for (const name of MAKERS) web[name] = refuse;
const imported = (await import(`@udp-relay/adapters${entry.slice(1)}`)) as unknown;
for (const name of MAKERS) web[name] = real[name];

try {
  const { kind, reason } = await open();
  console.log(JSON.stringify({ kind, reason }));
} catch (error) {
  const { name, code, message } = error as Error & { code?: string };
  console.log(JSON.stringify({ name, code, message }));
}

async function open(): Promise<{ kind: string; reason?: string }> {
  const host = "127.0.0.1";
  switch (entry) {
    case "./node":
      return echo(await (imported as typeof node).NodeTransport.open({ host }));
    case "./bun":
      return echo(await (imported as typeof bun).BunTransport.open({ host }));
    case "./linux":
      return echo(await (imported as typeof linux).LinuxTransport.open({ host }));
    case "./memory": {
      const { MemoryNetwork, MemoryTransport } = imported as typeof memory;
      const network = new MemoryNetwork();
      const transport = MemoryTransport.open(network, { host: "10.0.0.1", port: 5 });
      return echo(transport, () => {
        network.clock.advance(1_000);
      });
    }
    case "./uwebsockets": {
      const { UWebSocketsTransport } = imported as typeof uwebsockets;
      const none = app === "none" ? undefined : { ws: () => undefined };
      const transport = UWebSocketsTransport.open({ app: none as uwebsockets.UWebSocketApp });
      await transport.close();
      return transport;
    }
    default: {
      const { transport, reason } = await (imported as typeof root).openTransport({ host });
      return { ...(await echo(transport)), reason };
    }
  }
}

async function echo(transport: DatagramTransport, advance?: () => void): Promise<{ kind: string }> {
  const delivered = new Promise<number>((resolve) => {
    transport.onBatch = (batch) => {
      resolve(batch.count);
    };
  });
  transport.send(new Uint8Array(8), transport.localEndpoint);
  transport.flush();
  advance?.();
  await delivered;
  await transport.close();
  return { kind: transport.kind };
}
