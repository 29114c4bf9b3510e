import { endpointFromWords } from "@udp-relay/address-validation";
import { JOIN_FULL, TunnelClientTable } from "@udp-relay/tunnel-client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const CLIENTS = 5;

/** A table with clients 0 to 4, in a guard. */
function filled(key: "u32" | "endpoint"): { table: TunnelClientTable; slots: number[] } {
  const table = TunnelClientTable.create({ capacity: CLIENTS, timeoutMs: 30_000, timeConstantMs: 64, key });
  table.enter();
  const slots = Array.from({ length: CLIENTS }, (_, i) => {
    const endpoint = endpointFromWords(0, 0, 0xffff, 0xc000_0200 + i, 5_000);
    return key === "u32" ? table.join(i, endpoint, 0) : table.joinEndpoint(endpoint, 0);
  });
  return { table, slots };
}

/** What is exact of each client: a rate knows when the last datagram of a call came, not when each did. */
const counts = (table: TunnelClientTable, tick: number): unknown[] =>
  table.snapshot(tick).map(({ packetsReceived, bytesReceived, packetsSent, bytesSent, idleMs, ageMs }) => [
    [packetsReceived, bytesReceived],
    [packetsSent, bytesSent],
    [idleMs, ageMs],
  ]);

/** A client's place, or one of what `join` answers to who is refused and what is no slot. */
const sender = fc.oneof(
  { arbitrary: fc.nat(CLIENTS - 1), weight: 8 },
  fc.constantFrom(JOIN_FULL, -1, 1_000_000, 0x7fff_ffff, -0x8000_0000),
);
const size = fc.oneof(fc.nat(1_500), fc.constantFrom(0, 65_507, 0xffff_ffff));
/** Runs of one client as well as mixtures. */
const datagrams = fc
  .array(fc.tuple(sender, fc.array(size, { minLength: 1, maxLength: 9 })), { maxLength: 12 })
  .map((runs) => runs.flatMap(([from, sizes]) => sizes.map((bytes) => ({ from, bytes }))));

describe("receivedBatch", () => {
  it.each(["u32", "endpoint"] as const)("counts what received does one by one, by %s", (key) => {
    const batches = fc.array(fc.tuple(datagrams, fc.nat(30)), { maxLength: 5 });
    fc.assert(
      fc.property(batches, (drawn) => {
        const [byOne, byBatch] = [filled(key), filled(key)];
        let tick = 0;
        for (const [batch, laterMs] of drawn) {
          tick += laterMs;
          const slotOf = ({ slots }: typeof byOne, from: number): number => slots[from] ?? from;
          for (const { from, bytes } of batch) byOne.table.received(slotOf(byOne, from), bytes, tick);
          const slots = Int32Array.from(batch, ({ from }) => slotOf(byBatch, from));
          const lengths = batch.map(({ bytes }) => bytes);
          byBatch.table.receivedBatch(slots, lengths, batch.length, tick);
        }
        expect(counts(byBatch.table, tick + 1)).toEqual(counts(byOne.table, tick + 1));
      }),
      { numRuns: 100, seed: 15 },
    );
  });

  it("counts no more than there is in both lists, and nothing of a count below zero", () => {
    const { table, slots } = filled("u32");
    const senders = Int32Array.from([0, 1, 2, 3, 4, 0, 1, 2], (from) => slots[from]!);
    const received = (): number[] => table.snapshot(0).map(({ packetsReceived }) => packetsReceived);
    table.receivedBatch(senders, [1, 1, 1, 1, 1], 1_000, 0);
    expect(received()).toEqual([1, 1, 1, 1, 1]);
    table.receivedBatch(senders.subarray(0, 2), new Uint16Array(32), 8, 0);
    table.receivedBatch(senders, new Uint16Array(32), -4, 0);
    table.receivedBatch(senders, new Uint16Array(32), 0, 0);
    expect(received()).toEqual([2, 2, 1, 1, 1]);
  });

  it("feeds the rate of each client of a batch", () => {
    const { table, slots } = filled("u32");
    const senders = Int32Array.from([0, 1, 2, 3, 4, 4, 4, 4], (from) => slots[from]!);
    for (let tick = 0; tick <= 1_000; tick++) table.receivedBatch(senders, Array(8).fill(100), 8, tick);
    // 100 bytes a millisecond, and 400 from client 4.
    const rates = table.snapshot(1_000).map(({ bytesPerSecondIn }) => bytesPerSecondIn / 100_000);
    expect(rates.slice(0, 4)).toEqual(Array(4).fill(expect.closeTo(1, 1)));
    expect(rates[4]).toBeCloseTo(4, 0);
  });
});
