import type { Datagram } from "../../src/protocol/protocol.ts";

/** A datagram in the middle of a receive slot whose other bytes must not be read. */
export function inSlot(payload: Uint8Array, before = 5, after = 7): Datagram {
  const bytes = new Uint8Array(before + payload.length + after).fill(0xa5);
  bytes.set(payload, before);
  return { bytes, offset: before, length: payload.length };
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function rtp(
  sequence: number,
  timestamp: number,
  { ssrc = 0x11223344, type = 0, contributors = 0 } = {},
): Uint8Array {
  const packet = new Uint8Array(12 + 4 * contributors + 20);
  const view = new DataView(packet.buffer);
  packet[0] = 0x80 | contributors;
  packet[1] = type;
  view.setUint16(2, sequence & 0xffff);
  view.setUint32(4, timestamp >>> 0);
  view.setUint32(8, ssrc);
  return packet;
}

export function senderReport(ntpSeconds: number, ntpFraction: number): Uint8Array {
  const packet = new Uint8Array(28);
  const view = new DataView(packet.buffer);
  packet[0] = 0x80;
  packet[1] = 200;
  view.setUint16(2, 6);
  view.setUint32(8, ntpSeconds);
  view.setUint32(12, ntpFraction);
  return packet;
}

export function receiverReport(lastReport: number, delayUnits: number): Uint8Array {
  const packet = new Uint8Array(32);
  const view = new DataView(packet.buffer);
  packet[0] = 0x81;
  packet[1] = 201;
  view.setUint16(2, 7);
  view.setUint32(24, lastReport);
  view.setUint32(28, delayUnits);
  return packet;
}

export function wireguardTransport(receiver: number, counter: bigint, payloadBytes = 16): Uint8Array {
  const packet = new Uint8Array(16 + payloadBytes);
  const view = new DataView(packet.buffer);
  packet[0] = 4;
  view.setUint32(4, receiver, true);
  view.setBigUint64(8, counter, true);
  return packet;
}
