import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PassingStreams } from "../../src/measure/passing-streams.ts";
import { StreamMeasurement } from "../../src/measure/stream-measurer.ts";
import { WireguardMeasurer } from "../../src/measure/wireguard-measurer.ts";
import { hex, inSlot, wireguardTransport } from "./datagrams.ts";

const read = (payload: Uint8Array): StreamMeasurement | undefined => {
  const into = new StreamMeasurement();
  return new WireguardMeasurer().measure(inSlot(payload), into) ? into : undefined;
};

function handshake(type: 1 | 2, index: number): Uint8Array {
  const packet = new Uint8Array(type === 1 ? 148 : 92);
  packet[0] = type;
  new DataView(packet.buffer).setUint32(type === 1 ? 4 : 8, index, true);
  return packet;
}

describe("a WireGuard message", () => {
  it("of type 4 tells its receiver index and counter", () => {
    // A keepalive: type 4, receiver 0x8d4f2a11, counter 0x0000000100000007, authentication tag.
    expect(read(hex("04000000 112a4f8d 0700000001000000 00112233445566778899aabbccddeeff"))).toMatchObject({
      stream: 0x8d4f2a11,
      sequence: 2 ** 32 + 7,
      sentAt: -1,
    });
  });

  it("has an exact counter up to 2^53, and none beyond", () => {
    expect(read(wireguardTransport(1, 2n ** 53n - 1n))?.sequence).toBe(2 ** 53 - 1);
    expect(read(wireguardTransport(1, 2n ** 53n))).toBeUndefined();
  });

  it("is one of any length: the padding to 16 ends at the tunnel's MTU, 1420 by default", () => {
    expect(read(wireguardTransport(7, 9n, 1_420 + 16))).toMatchObject({ stream: 7, sequence: 9 });
  });

  it("is none when a reserved byte is set, when it is cut, or of another type", () => {
    const good = wireguardTransport(1, 1n);
    for (const at of [1, 2, 3]) {
      const bad = good.slice();
      bad[at] = 1;
      expect(read(bad)).toBeUndefined();
    }
    for (let length = 0; length < good.length; length++) expect(read(good.slice(0, length))).toBeUndefined();
    for (const type of [0, 3, 5, 255]) {
      good[0] = type;
      expect(read(good)).toBeUndefined();
    }
  });

  it("is never read outside of the datagram", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.uint8Array({ maxLength: 160 }), fc.nat(255), (type, rest, poison) => {
        const payload = new Uint8Array([type, 0, 0, 0, ...rest]);
        const results = [0, poison].map((fill) => {
          const slot = inSlot(payload);
          slot.bytes.fill(fill, 0, slot.offset);
          slot.bytes.fill(fill, slot.offset + slot.length);
          const into = new StreamMeasurement();
          return [new WireguardMeasurer().measure(slot, into), Object.entries(into)];
        });
        expect(results[0]).toEqual(results[1]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a passing tunnel", () => {
  it("shows loss and the round trip of its handshake; a rekeying begins another stream", () => {
    const { fromClient, fromBackend } = new PassingStreams(new WireguardMeasurer());
    fromClient.received(inSlot(handshake(1, 0xdeadbeef)), 10);
    expect(fromBackend.received(inSlot(handshake(2, 0xdeadbeef)), 35)).toBe(25);
    // A retransmitted answer tells nothing more.
    expect(fromBackend.received(inSlot(handshake(2, 0xdeadbeef)), 80)).toBe(-1);
    for (let counter = 0n; counter < 1_000n; counter++) {
      if (counter % 10n !== 3n)
        fromClient.received(inSlot(wireguardTransport(7, counter)), 100 + Number(counter));
    }
    for (let counter = 0n; counter < 100n; counter++) {
      fromClient.received(inSlot(wireguardTransport(8, counter)), 1_200 + Number(counter));
    }
    const path = fromClient.read();
    expect(path.packets).toBe(1_100);
    expect(path.lossPerMille).toBeCloseTo((100 * 1_000) / 1_100, 1);
    expect(path.jitterMs).toBeUndefined();
    expect(fromBackend.read().rttMs).toBeCloseTo(25);
  });
});
