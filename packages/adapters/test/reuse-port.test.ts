import { createSocket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { formatEndpoint } from "@udp-relay/address-validation";
import { numbered } from "./conformance/adapter-under-test.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { nativeAdapter as adapter, onBun } from "./conformance/native-adapter.ts";

const supported =
  process.platform === "linux" && (onBun || Number(process.versions.node.split(".")[0]) >= 23);
const SHARDS = 4;
const PEERS = 64;
const DATAGRAMS = 10;

describe("reusePort", () => {
  it.skipIf(!supported)("spreads peers over sockets, and each peer stays with one", async () => {
    const port = await freePort();
    const shards = await Promise.all(
      Array.from({ length: SHARDS }, () => adapter.open({ host: "127.0.0.1", port, reusePort: true })),
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
    const peers = await Promise.all(Array.from({ length: PEERS }, () => adapter.peer(shards[0]!)));
    for (let n = 0; n < DATAGRAMS; n++) for (const peer of peers) peer.send(numbered(n));
    await adapter.until(
      () => received === PEERS * DATAGRAMS,
      "all datagrams",
      () => received,
    );

    const affinity = shards.map((_, index) => [...seenBy.values()].filter((by) => by.has(index)).length);
    const strays = [...seenBy.values()].filter((by) => by.size > 1).length;
    console.log(`affinity: peers by shard ${affinity.join(" ")}, strays ${strays}`);
    expect(seenBy.size).toBe(PEERS);
    expect(strays).toBe(0);
    // 64 peers hashed into 4: all in one has a probability of 4^-63.
    expect(affinity.filter((count) => count > 0).length).toBeGreaterThan(1);
    // The kernel's table cannot tell sockets of one port apart; a descriptor can (Bun).
    expect(shards.map((shard) => shard.stats().kernelDropsKnown)).toEqual(shards.map(() => onBun));
    await Promise.all([...shards, ...peers].map((open) => open.close()));
  });

  it.skipIf(supported)("says that it cannot be had here", async () => {
    const error = await errorOf(adapter.open({ port: await freePort(), reusePort: true }));
    expect(error?.code).toBe("ERR_ADAPTER_UNSUPPORTED");
  });
});

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind({ address: "127.0.0.1", port: 0 }, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
