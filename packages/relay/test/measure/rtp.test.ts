import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PassingStreams } from "../../src/measure/passing-streams.ts";
import { RtpMeasurer } from "../../src/measure/rtp-measurer.ts";
import { StreamMeasurement } from "../../src/measure/stream-measurer.ts";
import { hex, inSlot, receiverReport, rtp, senderReport } from "./datagrams.ts";

const read = (payload: Uint8Array, measurer = new RtpMeasurer()): StreamMeasurement | undefined => {
  const into = new StreamMeasurement();
  return measurer.measure(inSlot(payload), into) ? into : undefined;
};

describe("an RTP packet", () => {
  it("tells stream, sequence, timestamp and the clock of its static payload type", () => {
    // Version 2, marker and PCMA, sequence 0xfffe, timestamp 0xdeadbeef, SSRC 0xcafebabe, 4 bytes of G.711.
    expect(read(hex("80 88 fffe deadbeef cafebabe d5d5d5d5"))).toMatchObject({
      stream: 0xcafebabe,
      sequence: 0xfffe,
      sentAt: 0xdeadbeef,
      timestampHz: 8_000,
      mark: -1,
      echoOf: -1,
    });
    expect(read(rtp(1, 2, { type: 9 }))?.timestampHz).toBe(8_000);
    expect(read(rtp(1, 2, { type: 33 }))?.timestampHz).toBe(90_000);
  });

  it("of a dynamic type has a clock when one was agreed on, else no timestamp", () => {
    expect(read(rtp(7, 99, { type: 96 }))).toMatchObject({ sequence: 7, sentAt: -1, timestampHz: -1 });
    const agreed = new RtpMeasurer({ clocks: { 96: 48_000 } });
    expect(read(rtp(7, 99, { type: 96 }), agreed)).toMatchObject({ sentAt: 99, timestampHz: 48_000 });
  });

  it("is none with another version, cut short, or shorter than its list of sources", () => {
    const packet = rtp(1, 2, { contributors: 15 });
    expect(read(packet)).toBeDefined();
    for (let length = 0; length < 12 + 60; length++) expect(read(packet.slice(0, length))).toBeUndefined();
    for (const version of [0x00, 0x40, 0xc0]) {
      packet[0] = version;
      expect(read(packet)).toBeUndefined();
    }
  });

  it("needs a sound table of clocks", () => {
    expect(() => new RtpMeasurer({ clocks: { 128: 8_000 } })).toThrow("payload type 128");
    expect(() => new RtpMeasurer({ clocks: { 96: 0 } })).toThrow("the clock of payload type 96 is 0");
  });
});

describe("an RTCP packet", () => {
  it("is marked by the middle 32 bits of its sender report's NTP time", () => {
    expect(read(senderReport(0x11112222, 0x33334444))).toMatchObject({ mark: 0x22223333, sequence: -1 });
  });

  it("echoes by the first report block that has had a sender report", () => {
    // RFC 3550, section 6.4.1: its worked example of a round trip; DLSR 5.250 s.
    expect(read(receiverReport(0xb705_2000, 0x0005_4000))).toMatchObject({
      echoOf: 0xb7052000,
      echoDelayMs: 5_250,
    });
    expect(read(receiverReport(0, 0x0005_4000))).toBeUndefined();
  });

  it("is read behind other parts of a compound packet", () => {
    const description = hex("81 ca 0001 11223344");
    const compound = new Uint8Array([...description, ...senderReport(1, 2), ...receiverReport(5, 65_536)]);
    expect(read(compound)).toMatchObject({ mark: 0x00010000, echoOf: 5, echoDelayMs: 1_000 });
  });

  it("whose length or block count lies is not read beyond its end", () => {
    const report = receiverReport(9, 9);
    report[0] = 0x9f; // 31 blocks, of which one is there
    expect(read(report)?.echoOf).toBe(9);
    for (let length = 0; length < report.length; length++)
      expect(read(report.slice(0, length))).toBeUndefined();
  });
});

describe("whatever arrives", () => {
  it("is never read outside of the datagram", () => {
    const measurer = new RtpMeasurer();
    const start = fc.constantFrom(0x80, 0x81, 0x8f, 0x9f, 0xbf);
    const kind = fc.oneof(fc.constantFrom(200, 201, 202, 223, 192), fc.nat(255));
    fc.assert(
      fc.property(
        start,
        kind,
        fc.uint8Array({ maxLength: 120 }),
        fc.nat(255),
        (first, type, rest, poison) => {
          const payload = new Uint8Array([first, type, ...rest]);
          const results = [0, poison].map((fill) => {
            const slot = inSlot(payload);
            slot.bytes.fill(fill, 0, slot.offset);
            slot.bytes.fill(fill, slot.offset + slot.length);
            const into = new StreamMeasurement();
            return [measurer.measure(slot, into), Object.entries(into)];
          });
          expect(results[0]).toEqual(results[1]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("a passing RTP session", () => {
  it("shows the loss, reordering, duplicates and jitter that it has, each direction apart", () => {
    const streams = new PassingStreams(new RtpMeasurer());
    let up = 0;
    for (let i = 0; i < 2_000; i++) {
      // 20 ms of G.711 each; every 50th is lost; the arrival alternates between on time and 4 ms late.
      if (i % 50 === 10) continue;
      streams.fromClient.received(inSlot(rtp(65_000 + i, i * 160)), 1_000 + i * 20 + (i % 2) * 4);
      up += 1;
    }
    streams.fromClient.received(inSlot(rtp(65_000 + 1_999, 1_999 * 160)), 41_000);
    streams.fromClient.received(inSlot(rtp(65_000 + 1_960, 1_960 * 160)), 41_001);
    const path = streams.fromClient.read();
    expect(up).toBe(1_960);
    expect(path.packets).toBe(2_000);
    expect(path.duplicates).toBe(1);
    expect(path.reordered).toBe(1);
    // 39 of 2,000 after the late one came.
    expect(path.lossPerMille).toBeCloseTo(19.5, 0);
    expect(path.jitterMs).toBeGreaterThan(3);
    expect(streams.fromBackend.read()).toMatchObject({ packets: 0, lossPerMille: undefined });
  });

  it("tells the round trip to the end that answers a sender report", () => {
    const streams = new PassingStreams(new RtpMeasurer());
    streams.fromClient.received(inSlot(senderReport(0x10, 0x20000000)), 1_000);
    expect(streams.fromBackend.received(inSlot(receiverReport(0x0010_2000, 65_536)), 2_042)).toBeCloseTo(42);
    expect(streams.fromBackend.read().rttMs).toBeCloseTo(42);
    expect(streams.fromClient.read().rttMs).toBeUndefined();
    // An answer that claims to have been held back longer than it was, or that answers nothing, tells nothing.
    streams.fromClient.received(inSlot(senderReport(0x11, 0)), 3_000);
    expect(streams.fromBackend.received(inSlot(receiverReport(0x0011_0000, 655_360)), 3_010)).toBe(-1);
    expect(streams.fromBackend.received(inSlot(receiverReport(77, 0)), 3_020)).toBe(-1);
  });

  it("follows four streams at most, and forgets the one silent for longest", () => {
    const { fromClient } = new PassingStreams(new RtpMeasurer());
    for (let ssrc = 1; ssrc <= 1_000; ssrc++) fromClient.received(inSlot(rtp(1, 0, { ssrc })), ssrc);
    expect(fromClient.read().packets).toBe(4);
  });
});
