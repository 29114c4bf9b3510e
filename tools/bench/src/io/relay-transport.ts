import { writeSync } from "node:fs";
import { parseAddress } from "@udp-relay/address-validation";
import type { DatagramTransport, TransportOptions } from "@udp-relay/adapters";
import type { LinuxTransport } from "@udp-relay/adapters/linux";
import { jobOf, receiverAddress, receiverPort } from "./forwarding.ts";

// Arguments: PORT BASE SOURCES CLIENTS TRANSPORT [full]. Only the transport that is measured is loaded; with "full" a
// RelayEndpoint stands on it, otherwise the job is done on the batches.
const job = jobOf(process.argv.slice(2));
const [mode = "", extent] = process.argv.slice(6);
const transport = await open(mode, { host: "127.0.0.1", port: job.port });
const receivers = Array.from({ length: job.clients }, (_, id) =>
  parseAddress(receiverAddress(id, job), receiverPort(id, job)),
);

if (extent === "full") (await import("./full-relay.ts")).fullRelay(transport, receivers);
else {
  transport.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) {
      if (batch.length(i) < 8) continue;
      const bytes = batch.slab(i);
      const at = batch.offset(i) + 4;
      const id = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
      if (id < job.clients) transport.forward(batch, i, receivers[id]!);
    }
  };
}
writeSync(1, "ready\n");
// A blocking mode has its thread, here the process's only one, to itself.
if (mode !== "linux" && "runBlocking" in transport) (transport as LinuxTransport).runBlocking();

async function open(name: string, options: TransportOptions): Promise<DatagramTransport> {
  if (name === "node") return (await import("@udp-relay/adapters/node")).NodeTransport.open(options);
  if (name === "bun") return (await import("@udp-relay/adapters/bun")).BunTransport.open(options);
  if (name.startsWith("linux")) {
    const { LinuxTransport } = await import("@udp-relay/adapters/linux");
    if (name === "linux") return LinuxTransport.open(options);
    const offload = name === "linux-segments";
    return LinuxTransport.open({ ...options, blocking: true, gro: offload, gso: offload });
  }
  throw new RangeError(`no transport is called ${name}`);
}
