import { once } from "node:events";
import { createSocket } from "node:dgram";
import { formatEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { numbered, untilReal } from "./conformance/adapter-under-test.ts";
import { udpPeer } from "./conformance/udp-peer.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";

const SHARDS = 4;
const PEERS = 64;
const DATAGRAMS = 10;

describe.skipIf(!linuxHere)("reusePort on the linux transport", () => {
  it("spreads peers over sockets, each peer stays with one, and drops are known of each", async () => {
    const port = await freePort();
    const shards = await Promise.all(
      Array.from({ length: SHARDS }, () => openLinux({ port, reusePort: true })),
    );
    const seenBy = new Map<string, Set<number>>();
    let received = 0;
    for (const [index, shard] of shards.entries()) {
      shard.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) {
          const peer = formatEndpoint(batch.endpoint(i));
          seenBy.set(peer, (seenBy.get(peer) ?? new Set()).add(index));
          received += 1;
        }
      };
    }
    const peers = await Promise.all(Array.from({ length: PEERS }, () => udpPeer(shards[0]!)));
    for (let n = 0; n < DATAGRAMS; n++) for (const peer of peers) peer.send(numbered(n));
    await untilReal(
      () => received === PEERS * DATAGRAMS,
      "all datagrams",
      () => received,
    );
    const affinity = shards.map((_, index) => [...seenBy.values()].filter((by) => by.has(index)).length);
    const strays = [...seenBy.values()].filter((by) => by.size > 1).length;
    console.log(`affinity: peers by shard ${affinity.join(" ")}, strays ${strays}`);
    expect(seenBy.size).toBe(PEERS);
    expect(strays).toBe(0);
    expect(affinity.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(shards.map((shard) => shard.stats().kernelDropsKnown)).toEqual(shards.map(() => true));
    await Promise.all([...shards, ...peers].map((open) => open.close()));
  });
});

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind({ address: "127.0.0.1", port: 0 });
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
