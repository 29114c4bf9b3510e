import { openNodeFfi } from "../../src/transport/linux/node-ffi.ts";
import { untilReal } from "../conformance/adapter-under-test.ts";
import { openLinux } from "./linux-adapter.ts";

// Run with --experimental-ffi: both modes over node:ffi, against each other.
const systemCalls = await openNodeFfi();
const server = await openLinux({ systemCalls, gso: true, arrivalTimes: true });
const client = await openLinux({ systemCalls });
server.onBatch = (batch) => {
  for (let i = 0; i < batch.count; i++) server.forward(batch, i, batch.endpoint(i));
};
let echoed = 0;
client.onBatch = (batch) => (echoed += batch.count);
for (let n = 0; n < 300; n++) client.send(Uint8Array.of(n & 255), server.localEndpoint);
await untilReal(() => echoed === 300, "300 echoes");

const blocking = await openLinux({ systemCalls, blocking: true });
for (let n = 0; n < 100; n++) client.send(Uint8Array.of(n), blocking.localEndpoint);
client.flush();
let received = 0;
blocking.onBatch = (batch) => (received += batch.count);
blocking.runBlocking({
  onTurn: () => {
    if (received === 100) void blocking.close();
  },
});
console.log(`${server.binding}: ${echoed} of 300 echoed, blocking ${received} of 100`);
await Promise.all([server.close(), client.close()]);
