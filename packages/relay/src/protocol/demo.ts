import { CncnetV3, V3_HEADER_BYTES } from "./cncnet-v3.ts";
import {
  type Datagram,
  type MeasureFormat,
  type Measurement,
  type Protocol,
  type Route,
  readU32,
} from "./protocol.ts";

/** Sequence, sent and echo stamps follow the ids, u32 little-endian each. */
export const DEMO_HEADER_BYTES: number = V3_HEADER_BYTES + 12;
/** Stamps count microseconds of the sender's own clock; 0 stands for 'nothing to echo'. */
const NO_ECHO = 0;

/**
 * CnCNet V3 with a 12-byte measuring header after the ids, spoken by the demo's players:
 *
 *     0        4        8        12       16       20
 *     | sender |receiver|sequence|  sent  |  echo  | payload …
 *
 * `sent` is the sender's clock, `echo` the `sent` of a datagram that it received in the last moments.
 */
export class DemoProtocol implements Protocol {
  readonly name = "demo";
  readonly measures: MeasureFormat = { sequenceBits: 32, timestampHz: 1_000_000 };
  readonly #v3 = new CncnetV3();

  read(datagram: Datagram, route: Route): void {
    this.#v3.read(datagram, route);
    if (route.action === "forward" && datagram.length < DEMO_HEADER_BYTES) route.drop("noHeader");
  }

  measure(datagram: Datagram, into: Measurement): boolean {
    if (datagram.length < DEMO_HEADER_BYTES) return false;
    into.sequence = readU32(datagram, V3_HEADER_BYTES);
    into.sentAt = readU32(datagram, V3_HEADER_BYTES + 4);
    const echo = readU32(datagram, V3_HEADER_BYTES + 8);
    into.echoOf = echo === NO_ECHO ? -1 : echo;
    return true;
  }
}
