import { endpointFromWords } from "@udp-relay/address-validation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DropReason } from "../src/transport/drop-reason.ts";
import { TransportCounters } from "../src/transport/transport-stats.ts";
import { BATCH_MESSAGES, BatchMemory } from "../src/transport/linux/batch-memory.ts";
import { BatchReceiver } from "../src/transport/linux/batch-receiver.ts";
import { BatchSender } from "../src/transport/linux/batch-sender.ts";
import { SocketLine } from "../src/transport/linux/socket-line.ts";
import { LyingKernel } from "./linux/lying-kernel.ts";

const SLOT_BYTES = 300;
const DATAGRAM_BYTES = 200;

/** Anything an unsigned or signed 32-bit field may say, with the values near the truth more often. */
const anyWord = fc.oneof(
  fc.integer({ min: -2, max: SLOT_BYTES + 2 }),
  fc.constantFrom(-1, 0x7fff_ffff, -0x8000_0000, 65_536, 65_535),
  fc.integer(),
);

/** What the kernel says of one message: its four fields, its control's words and its sender's. */
const lie = fc.record({
  length: anyWord,
  flags: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(0x8, 0x20, 0x40), fc.integer()),
  nameLength: anyWord,
  controlLength: fc.oneof(fc.constantFrom(0, 24), anyWord),
  control: fc.oneof(
    // A control as the kernel writes it for joined datagrams.
    fc.oneof(fc.integer({ min: 1, max: 4 }), anyWord).map((segment) => [20, 0, 17, 104, segment]),
    fc.array(fc.oneof(anyWord, fc.constantFrom(1, 17, 35, 104, 20, 32)), { maxLength: 16 }),
  ),
  name: fc
    .tuple(
      fc.oneof(fc.constantFrom(0x5000_0002, 0x5000_000a, 2), fc.integer()),
      fc.array(fc.integer(), { maxLength: 7 }),
    )
    .map(([first, rest]) => [first, ...rest]),
});

describe("the ring against a kernel that lies", () => {
  for (const [join, ipv6] of [
    [false, false],
    [true, false],
    [true, true],
  ]) {
    it(`makes no pointer outside itself (gso ${join}, IPv6 ${ipv6})`, () => {
      let handedOver = 0;
      let pointers = 0;
      fc.assert(
        fc.property(
          fc.array(
            fc.record({
              result: fc.oneof(fc.integer({ min: -1, max: BATCH_MESSAGES }), anyWord),
              lies: fc.array(lie, { minLength: 1, maxLength: 8 }),
              sendResults: fc.array(fc.oneof(fc.constantFrom(-1, 0, 1, 1_000), anyWord), { minLength: 1 }),
              errno: fc.constantFrom(1, 4, 5, 11, 22, 90, 105, 111, 9_999),
              indices: fc.array(fc.oneof(fc.integer({ min: -2, max: 70 }), fc.double(), anyWord), {
                maxLength: 40,
              }),
            }),
            { minLength: 1, maxLength: 4 },
          ),
          (rounds) => {
            const kernel = new LyingKernel();
            const memory = new BatchMemory(kernel, SLOT_BYTES, DATAGRAM_BYTES);
            const line = new SocketLine();
            const counters = new TransportCounters();
            const options = { ipv6: ipv6!, gro: true, arrivalTimes: true, maxDatagramBytes: DATAGRAM_BYTES };
            const receiver = new BatchReceiver(kernel, memory, line, counters, 3, options);
            const sender = new BatchSender(kernel, memory, line, counters, 3, ipv6!, join!);
            for (const round of rounds) {
              kernel.say(round, memory);
              const messages = receiver.read(0);
              expect(messages).toBeGreaterThanOrEqual(0);
              expect(messages).toBeLessThanOrEqual(BATCH_MESSAGES);
              const { batch } = receiver;
              for (let i = 0; i < batch.count; i++) {
                const [offset, length] = [batch.offset(i), batch.length(i)];
                // Inside one slot: not even another received datagram can be reached. (`expect` for each is slow.)
                const inside =
                  length >= 0 &&
                  length <= DATAGRAM_BYTES &&
                  offset >= memory.slots &&
                  offset < memory.copies &&
                  ((offset - memory.slots) % memory.slotStride) + length <= SLOT_BYTES;
                const sensible = batch.endpoint(i).port > 0 && batch.waitedMicros(i) >= 0;
                if (!inside || !sensible) throw new Error(`datagram ${i}: ${offset}, ${length}`);
                handedOver += 1;
              }
              for (const index of round.indices) {
                if (batch.has(index) && Number.isInteger(index)) {
                  sender.outgoing.refer(batch.offset(index), batch.length(index), batch.endpoint(index), 0);
                }
                // Whatever a caller might say, in bounds or not.
                const to = endpointFromWords(0, 0, 0xffff, 0x7f00_0001, 1 + (Math.abs(index | 0) % 3));
                sender.outgoing.refer(index, round.lies[0]!.length, to, 0);
                sender.outgoing.append(new Uint8Array(Math.abs(index | 0) % DATAGRAM_BYTES), to, 0);
              }
              const before = sender.outgoing.count;
              const sentBefore = counters.sentDatagrams;
              let refused = 0;
              sender.flush((bytes) => {
                expect(bytes.length).toBeLessThanOrEqual(DATAGRAM_BYTES);
                refused += 1;
              });
              expect(counters.sentDatagrams - sentBefore + refused).toBeLessThanOrEqual(before);
              expect(sender.outgoing.count).toBe(0);
              receiver.finish();
              pointers += kernel.pointersSeen;
            }
          },
        ),
        { numRuns: 200 },
      );
      // The lies are not so wild that nothing is ever believed.
      expect(handedOver).toBeGreaterThan(100);
      expect(pointers).toBeGreaterThan(1_000);
    });
  }

  const joined = (segment: number): number[] => [20, 0, 17, 104, segment];
  const stamped = (seconds: number): number[] => [32, 0, 1, 35, seconds, 0, 5, 0];
  const sender = [0x5000_0002, 0x0100_007f];

  it("drops and counts more datagrams than a batch has room for", () => {
    const { receiver, counters } = reading({ length: SLOT_BYTES, controlLength: 24, control: joined(1) });
    const { batch } = receiver;
    expect(batch.count).toBeGreaterThan(BATCH_MESSAGES);
    expect(batch.count + counters.dropped(DropReason.truncated)).toBe(BATCH_MESSAGES * SLOT_BYTES);
    expect(counters.dropped(DropReason.truncated)).toBeGreaterThan(0);
    for (let i = 0; i < batch.count; i++) expect(batch.length(i)).toBe(1);
  });

  it("takes a stamp of the future for one of now", () => {
    // This kernel's clock says 0.
    const { receiver } = reading({ length: 8, controlLength: 32, control: stamped(1_000) });
    expect(receiver.batch.count).toBe(BATCH_MESSAGES);
    for (let i = 0; i < BATCH_MESSAGES; i++) expect(receiver.batch.waitedMicros(i)).toBe(0);
  });

  /** A batch of messages that all say the same. */
  function reading(said: { length: number; controlLength: number; control: number[] }): {
    receiver: BatchReceiver;
    counters: TransportCounters;
  } {
    const kernel = new LyingKernel();
    const memory = new BatchMemory(kernel, SLOT_BYTES, DATAGRAM_BYTES);
    const counters = new TransportCounters();
    const receiver = new BatchReceiver(kernel, memory, new SocketLine(), counters, 3, {
      ipv6: false,
      gro: true,
      arrivalTimes: true,
      maxDatagramBytes: DATAGRAM_BYTES,
    });
    const lies = [{ ...said, flags: 0, nameLength: 16, name: sender }];
    kernel.say({ result: BATCH_MESSAGES, lies, sendResults: [1], errno: 0 }, memory);
    receiver.read(0);
    return { receiver, counters };
  }
});
