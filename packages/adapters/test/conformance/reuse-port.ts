import { formatEndpoint } from "@udp-relay/address-validation";
import { expect } from "vitest";
import { freePort } from "../free-port.ts";
import { type AdapterUnderTest, numbered } from "./adapter-under-test.ts";

const SHARDS = 4;
const PEERS = 64;
const DATAGRAMS = 10;

/**
 * Sockets that share a port get peers each, and every peer stays with one.
 *
 * @returns of each socket whether it knows what the kernel dropped
 */
export async function spreadPeers(adapter: AdapterUnderTest): Promise<boolean[]> {
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
  const known = shards.map((shard) => shard.stats().kernelDropsKnown);
  await Promise.all([...shards, ...peers].map((open) => open.close()));
  return known;
}
