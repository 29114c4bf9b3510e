import type { Datagram } from "../protocol/protocol.ts";
import { littleEndian32 } from "./byte-order.ts";
import type { StreamMeasurement, StreamMeasurer } from "./stream-measurer.ts";

/* Message layouts: WireGuard white paper, section 5.4. Type in the first byte, three reserved bytes of 0. */
const INITIATION = 1;
const INITIATION_BYTES = 148;
const RESPONSE = 2;
const RESPONSE_BYTES = 92;
const TRANSPORT = 4;
const TRANSPORT_HEADER_BYTES = 16;
/** An empty packet (a keepalive) is its authentication tag alone. */
const TAG_BYTES = 16;
const SENDER_INDEX_AT = 4;
const RESPONSE_RECEIVER_AT = 8;
const RECEIVER_INDEX_AT = 4;
const COUNTER_AT = 8;
/** Of a 64-bit counter: above it a double is no longer exact. WireGuard rekeys after 2^60 messages or 2 minutes. */
const MAX_COUNTER_HIGH = 2 ** 21;

/**
 * WireGuard by what it leaves in the clear: the counter of transport messages, one stream for each receiver index (a
 * rekeying begins another), and the round trip of a handshake: a response names the sender index of its initiation.
 * There is no time in a message, so there is no jitter.
 */
export class WireguardMeasurer implements StreamMeasurer {
  readonly name = "wireguard";
  readonly sequenceBits = 64;

  measure(datagram: Datagram, into: StreamMeasurement): boolean {
    into.clear();
    const { bytes, offset, length } = datagram;
    if (length < TRANSPORT_HEADER_BYTES + TAG_BYTES) return false;
    const type = littleEndian32(bytes, offset);
    if (type === TRANSPORT) {
      const high = littleEndian32(bytes, offset + COUNTER_AT + 4);
      // No rule for the length: padding to 16 ends at the tunnel's MTU, and 1420 is no multiple.
      if (high >= MAX_COUNTER_HIGH) return false;
      into.stream = littleEndian32(bytes, offset + RECEIVER_INDEX_AT);
      into.sequence = high * 2 ** 32 + littleEndian32(bytes, offset + COUNTER_AT);
      return true;
    }
    if (type === INITIATION && length === INITIATION_BYTES) {
      into.mark = littleEndian32(bytes, offset + SENDER_INDEX_AT);
      return true;
    }
    if (type === RESPONSE && length === RESPONSE_BYTES) {
      into.echoOf = littleEndian32(bytes, offset + RESPONSE_RECEIVER_AT);
      return true;
    }
    return false;
  }
}
