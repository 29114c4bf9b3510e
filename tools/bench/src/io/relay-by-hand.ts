import { createSocket } from "node:dgram";
import { jobOf, receiverAddress, receiverPort } from "./forwarding.ts";

// The best relay that we can write by hand over node:dgram: strings and ports made once, no dns.lookup, nothing
// counted, no send errors looked at; with "checked" as the fifth argument they are, which takes a callback a send.
const job = jobOf(process.argv.slice(2));
const addresses = Array.from({ length: job.clients }, (_, id) => receiverAddress(id, job));
const ports = Array.from({ length: job.clients }, (_, id) => receiverPort(id, job));

const checked = process.argv[6] === "checked";
let failed = 0;
const onSent = (error: Error | null): void => {
  if (error !== null) failed += 1;
};

const socket = createSocket({
  type: "udp4",
  recvBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
  lookup: (address, _options, callback) => {
    callback(null, address, 4);
  },
});
socket.on("message", (bytes) => {
  if (bytes.length < 8) return;
  const id = bytes.readUInt32LE(4);
  if (id >= job.clients) return;
  if (checked) socket.send(bytes, ports[id], addresses[id], onSent);
  else socket.send(bytes, ports[id], addresses[id]);
});
socket.bind(job.port, "127.0.0.1", () => {
  console.log("ready");
});
process.once("exit", () => {
  if (failed > 0) console.error(`${failed} sends failed`);
});
