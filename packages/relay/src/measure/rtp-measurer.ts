import type { Datagram } from "../protocol/protocol.ts";
import { bigEndian16, bigEndian32 } from "./byte-order.ts";
import { payloadClocks } from "./rtp-clock.ts";
import type { StreamMeasurement, StreamMeasurer } from "./stream-measurer.ts";

/** RFC 3550, section 5.1: fixed header, before the list of contributing sources. */
const RTP_HEADER_BYTES = 12;
/** RFC 3550, section 6.4: header, sender's SSRC, sender's information, one report block. */
const RTCP_HEADER_BYTES = 4;
const SENDER_INFO_AT = 8;
const SENDER_INFO_BYTES = 20;
const REPORT_BLOCK_BYTES = 24;
const LSR_IN_BLOCK = 16;
const DLSR_IN_BLOCK = 20;
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
/** DLSR counts in units of 1/65,536 s (section 6.4.1). */
const DLSR_UNITS_PER_MS = 65.536;
/** A compound packet of more parts is not looked through to its end. */
const MAX_RTCP_PARTS = 16;

/** What the session's signalling agreed on. */
export interface RtpMeasurerOptions {
  /** Clocks in Hz of dynamic payload types, as the session's signalling agreed on: `{ 96: 90_000 }`. */
  readonly clocks?: Readonly<Record<number, number>> | undefined;
}

/**
 * RTP (RFC 3550) by its fixed header, which SRTP leaves in the clear, and RTCP sender and receiver reports, on the same
 * port (RFC 5761) or on one of their own. A sender report's mark is the middle of its NTP time (LSR); a report block
 * that names it tells the round trip between here and the reporter, whatever the clocks of the two ends say.
 */
export class RtpMeasurer implements StreamMeasurer {
  readonly name = "rtp";
  readonly sequenceBits = 16;
  readonly #clocks: Int32Array<ArrayBuffer>;

  /** @throws RelayError ERR_RELAY_CONFIG */
  constructor(options: RtpMeasurerOptions = {}) {
    this.#clocks = payloadClocks(options.clocks);
  }

  measure(datagram: Datagram, into: StreamMeasurement): boolean {
    into.clear();
    const { bytes, offset, length } = datagram;
    if (length < RTCP_HEADER_BYTES || bytes[offset]! >>> 6 !== 2) return false;
    const type = bytes[offset + 1]!;
    // RFC 5761, section 4: RTCP's types 192..223 are RTP's payload types 64..95 with the marker bit.
    return type >= 192 && type <= 223 ? readReports(datagram, into) : this.#readPacket(datagram, type, into);
  }

  #readPacket(datagram: Datagram, type: number, into: StreamMeasurement): boolean {
    const { bytes, offset, length } = datagram;
    const contributors = bytes[offset]! & 0xf;
    if (length < RTP_HEADER_BYTES + 4 * contributors) return false;
    const hz = this.#clocks[type & 0x7f]!;
    into.stream = bigEndian32(bytes, offset + 8);
    into.sequence = bigEndian16(bytes, offset + 2);
    if (hz > 0) {
      into.sentAt = bigEndian32(bytes, offset + 4);
      into.timestampHz = hz;
    }
    return true;
  }
}

/** The first sender report's mark, and the first block that echoes one. */
function readReports(datagram: Datagram, into: StreamMeasurement): boolean {
  const { bytes, offset, length } = datagram;
  const end = offset + length;
  let at = offset;
  for (let part = 0; part < MAX_RTCP_PARTS && end - at >= RTCP_HEADER_BYTES; part++) {
    if (bytes[at]! >>> 6 !== 2) break;
    const type = bytes[at + 1]!;
    const partEnd = at + 4 * (bigEndian16(bytes, at + 2) + 1);
    if (partEnd > end) break;
    let blocks = at + SENDER_INFO_AT;
    if (type === SENDER_REPORT) {
      blocks += SENDER_INFO_BYTES;
      if (blocks <= partEnd && into.mark < 0) into.mark = bigEndian32(bytes, at + SENDER_INFO_AT + 2);
    }
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
      readEcho(bytes, blocks, partEnd, bytes[at]! & 0x1f, into);
    }
    at = partEnd;
  }
  return into.mark >= 0 || into.echoOf >= 0;
}

function readEcho(
  bytes: Uint8Array,
  from: number,
  end: number,
  count: number,
  into: StreamMeasurement,
): void {
  for (let i = 0; i < count && into.echoOf < 0; i++) {
    const block = from + i * REPORT_BLOCK_BYTES;
    if (block + REPORT_BLOCK_BYTES > end) return;
    const lastReport = bigEndian32(bytes, block + LSR_IN_BLOCK);
    // 0: the reporter has had no sender report yet.
    if (lastReport === 0) continue;
    into.echoOf = lastReport;
    into.echoDelayMs = bigEndian32(bytes, block + DLSR_IN_BLOCK) / DLSR_UNITS_PER_MS;
  }
}
