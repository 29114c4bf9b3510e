import { PING_BYTES, PONG_BYTES } from "./cncnet-v3.ts";
import type { Datagram, Protocol, Route } from "./protocol.ts";

/** `i16 sender BE | i16 receiver BE | payload`. */
const V2_HEADER_BYTES = 4;

/**
 * The CnCNet V2 tunnel protocol. Its ids are allotted over HTTP, {@link Protocol.allotsIds}; here they are u16, and
 * shown to people as the signed numbers that the wire means. It measures nothing.
 */
export class CncnetV2 implements Protocol {
  readonly name = "v2";
  readonly allotsIds = true;

  read(datagram: Datagram, route: Route): void {
    const { length } = datagram;
    if (length < V2_HEADER_BYTES) {
      route.drop("tooShort");
      return;
    }
    const sender = readU16(datagram, 0);
    const receiver = readU16(datagram, 2);
    if (sender === 0 && receiver === 0) {
      if (length === PING_BYTES) route.reply(PONG_BYTES);
      else route.drop("badPing");
    } else if (sender === receiver) route.drop("selfAddressed");
    else route.forward(sender, receiver);
  }
}

/** The signed number that an id of V2 is on the wire. */
export function signedId(id: number): number {
  return (id << 16) >> 16;
}

/** Big-endian. The caller has checked the length. */
function readU16({ bytes, offset }: Datagram, at: number): number {
  return (bytes[offset + at]! << 8) | bytes[offset + at + 1]!;
}
