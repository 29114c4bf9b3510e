import { createSocket } from "node:dgram";

// Arguments: PORT. A CnCNet V3 tunnel as one writes it by hand over node:dgram: a Map of objects, strings compared, a sweep by
// a timer, no dns.lookup; what it does not have is what this project has (policy, limits of pairs and of reflection,
// rates, several threads).
interface Client {
  address: string;
  port: number;
  seenMs: number;
  packets: number;
  bytes: number;
}

const TIMEOUT_MS = 30_000;
const MAX_CLIENTS = 10_000;
const CLIENTS_PER_ADDRESS = 8;
const PINGS_PER_MINUTE = 20;

const clients = new Map<number, Client>();
const perAddress = new Map<string, number>();
const pings = new Map<string, number>();
const socket = createSocket({
  type: "udp4",
  recvBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
  lookup: (address, _options, callback) => {
    callback(null, address, 4);
  },
});

socket.on("message", (bytes, { address, port }) => {
  if (bytes.length < 8) return;
  const sender = bytes.readUInt32LE(0);
  const receiver = bytes.readUInt32LE(4);
  if (sender === 0) {
    if (receiver !== 0 || bytes.length !== 50) return;
    const count = (pings.get(address) ?? 0) + 1;
    pings.set(address, count);
    if (count <= PINGS_PER_MINUTE) socket.send(bytes.subarray(0, 12), port, address);
    return;
  }
  if (sender === receiver) return;
  const now = Date.now();
  let from = clients.get(sender);
  if (from === undefined) {
    const count = perAddress.get(address) ?? 0;
    if (clients.size >= MAX_CLIENTS || count >= CLIENTS_PER_ADDRESS) return;
    perAddress.set(address, count + 1);
    from = { address, port, seenMs: now, packets: 0, bytes: 0 };
    clients.set(sender, from);
  } else if (from.port !== port || from.address !== address) {
    if (now - from.seenMs < TIMEOUT_MS) return;
    from.address = address;
    from.port = port;
  }
  from.seenMs = now;
  from.packets++;
  from.bytes += bytes.length;
  const to = clients.get(receiver);
  if (to === undefined || (to.port === port && to.address === address)) return;
  socket.send(bytes, to.port, to.address);
});

setInterval(() => {
  const now = Date.now();
  for (const [id, { seenMs, address }] of clients) {
    if (now - seenMs < TIMEOUT_MS) continue;
    clients.delete(id);
    perAddress.set(address, (perAddress.get(address) ?? 1) - 1);
  }
}, 1_000).unref();
setInterval(() => pings.clear(), 60_000).unref();

socket.bind(Number(process.argv[2]), "127.0.0.1", () => {
  console.log("ready");
});
