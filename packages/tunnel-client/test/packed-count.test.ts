import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COUNT, HALVES } from "../src/client-record.ts";
import { bytesModulo, isUncounted, readCount } from "../src/packed-count.ts";
import { receiveLine, type TableMemory } from "../src/table-memory.ts";
import { LoneClient } from "./lone-client.ts";

/** Sets a client's received counters as if so much had come already. */
function countedBefore({ table, slot }: LoneClient, packets: bigint, bytes: bigint): void {
  const { memory } = table as unknown as { memory: TableMemory };
  const { ops } = memory;
  const line = receiveLine(memory, slot);
  const low = (word: bigint): number => Number(BigInt.asIntN(32, word));
  const word = BigInt.asUintN(64, bytes * 2n ** 24n + packets);
  const upper = bytes + packets / 2n ** 24n;
  ops.storePair((line + COUNT) * 4, low(word), low(word >> 32n));
  ops.storePair((line + HALVES) * 4, low(packets / 2n ** 23n), low(upper / 2n ** 39n));
}

/** Counts about a boundary of either part, and anywhere else below 2^53. */
const edges = (bits: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc
      .tuple(fc.nat(1_000), fc.nat(40))
      .map(([crossings, before]) => BigInt(Math.max(0, (crossings + 1) * 2 ** bits - before))),
    fc.maxSafeNat().map((count) => BigInt(count) / 4n),
  );

describe("packets and bytes in one word", () => {
  it("are exact across the boundaries of their parts", () => {
    const datagrams = fc.array(fc.oneof(fc.nat(1_500), fc.constantFrom(0, 65_507, 0xffff_ffff)), {
      minLength: 1,
      maxLength: 60,
    });
    using client = new LoneClient();
    const { table, slot, handle } = client;
    const { memory } = table as unknown as { memory: TableMemory };
    const line = receiveLine(memory, slot);
    fc.assert(
      fc.property(edges(23), edges(39), datagrams, (packetsBefore, bytesBefore, sizes) => {
        countedBefore(client, packetsBefore, bytesBefore);
        let [packets, bytes] = [packetsBefore, bytesBefore];
        for (const size of sizes) {
          const modulo = bytesModulo(memory, line);
          table.received(slot, size, 0);
          [packets, bytes] = [packets + 1n, bytes + BigInt(size)];
          const { packetsReceived, bytesReceived } = table.snapshotOf(handle, 0)!;
          expect([packetsReceived, bytesReceived]).toEqual([Number(packets), Number(bytes)]);
          // A rate may be one byte off for each 2^24 packets.
          expect([0, 1]).toContain((bytesModulo(memory, line) - modulo - size) >>> 0);
        }
      }),
      { numRuns: 200, seed: 15 },
    );
  });

  it("are exact when more comes in one tick than a part holds", () => {
    using client = new LoneClient();
    const { table, slot, handle } = client;
    const datagrams = 2 ** 24 + 3;
    for (let n = 0; n < datagrams; n++) table.received(slot, 70_000, 0);
    expect(table.snapshotOf(handle)).toMatchObject({
      packetsReceived: datagrams,
      bytesReceived: datagrams * 70_000,
    });
  });

  it("can be read while HALVES is one behind, as when a thread dies in between, and the next datagram mends it", () => {
    using client = new LoneClient();
    const { table, slot } = client;
    const { memory } = table as unknown as { memory: TableMemory };
    const line = receiveLine(memory, slot);
    const count = { packets: 0, bytes: 0 };
    const halves = (): number[] => [memory.ops.loadPair((line + HALVES) * 4), memory.ops.pairHigh()];
    countedBefore(client, 2n ** 23n - 1n, 2n ** 39n - 1n);
    expect(halves()).toEqual([0, 0]);
    table.received(slot, 1, 0);
    expect(halves()).toEqual([1, 1]);
    memory.ops.storePair((line + HALVES) * 4, 0, 0);
    readCount(memory, line, count);
    expect(count).toEqual({ packets: 2 ** 23, bytes: 2 ** 39 });
    table.received(slot, 5, 1);
    expect(halves()).toEqual([1, 1]);
    readCount(memory, line, count);
    expect(count).toEqual({ packets: 2 ** 23 + 1, bytes: 2 ** 39 + 5 });
  });

  it("are nothing until the first datagram, and something ever after", () => {
    using client = new LoneClient();
    const { memory } = client.table as unknown as { memory: TableMemory };
    const line = receiveLine(memory, client.slot);
    expect(isUncounted(memory, line)).toBe(true);
    client.table.received(client.slot, 0, 0);
    expect(isUncounted(memory, line)).toBe(false);
    countedBefore(client, 2n ** 25n, 2n ** 40n - 2n);
    expect(isUncounted(memory, line)).toBe(false);
  });
});
