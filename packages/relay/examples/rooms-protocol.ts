import type { Datagram, MeasureFormat, Measurement, Protocol, Route } from "@udp-relay/relay";

/**
 * A protocol of one's own: `| kind u8 | sender u8 | receiver u8 | sequence u16 BE | sent ms u16 BE | payload … |`.
 *
 *     udp-relay --protocol-module ./rooms-protocol.js
 */
export default class RoomsProtocol implements Protocol {
  readonly name = "rooms";
  readonly measures: MeasureFormat = { sequenceBits: 16, timestampHz: 1_000 };

  read({ bytes, offset, length }: Datagram, route: Route): void {
    const kind = bytes[offset];
    if (length < 7) route.drop("tooShort");
    else if (kind === 0) route.register(bytes[offset + 1]!);
    else if (kind === 1) route.forward(bytes[offset + 1]!, bytes[offset + 2]!);
    else if (kind === 2) route.reply(7);
    else route.drop("noHeader");
  }

  measure({ bytes, offset }: Datagram, into: Measurement): boolean {
    if (bytes[offset] !== 1) return false;
    into.sequence = (bytes[offset + 3]! << 8) | bytes[offset + 4]!;
    into.sentAt = (bytes[offset + 5]! << 8) | bytes[offset + 6]!;
    into.echoOf = -1;
    return true;
  }
}
