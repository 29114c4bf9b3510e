import { RelayError } from "../relay-error.ts";

/**
 * Media clock of the static payload types, Hz: RFC 3551, section 6, tables 4 and 5. G722 (9) counts at 8,000 although
 * it samples at 16,000 (section 4.5.2).
 */
const staticClocks: Readonly<Record<number, number>> = {
  0: 8_000, // PCMU
  3: 8_000, // GSM
  4: 8_000, // G723
  5: 8_000, // DVI4
  6: 16_000, // DVI4
  7: 8_000, // LPC
  8: 8_000, // PCMA
  9: 8_000, // G722
  10: 44_100, // L16, 2 channels
  11: 44_100, // L16, 1 channel
  12: 8_000, // QCELP
  13: 8_000, // CN
  14: 90_000, // MPA
  15: 8_000, // G728
  16: 11_025, // DVI4
  17: 22_050, // DVI4
  18: 8_000, // G729
  25: 90_000, // CelB
  26: 90_000, // JPEG
  28: 90_000, // nv
  31: 90_000, // H261
  32: 90_000, // MPV
  33: 90_000, // MP2T
  34: 90_000, // H263
};

const PAYLOAD_TYPES = 128;

/**
 * Clock in Hz of each of the 128 payload types, 0 where it is not known: those packets count for loss, not for jitter.
 *
 * @param dynamic clocks that the session's signalling agreed on, by payload type, such as `{ 96: 90_000, 111: 48_000 }`
 * @throws RelayError ERR_RELAY_CONFIG
 */
export function payloadClocks(dynamic: Readonly<Record<number, number>> = {}): Int32Array<ArrayBuffer> {
  const clocks = new Int32Array(PAYLOAD_TYPES);
  for (const [type, hz] of Object.entries({ ...staticClocks, ...dynamic })) {
    const index = Number(type);
    if (!Number.isInteger(index) || index < 0 || index >= PAYLOAD_TYPES) {
      throw new RelayError("ERR_RELAY_CONFIG", `payload type ${type} is not an integer from 0 to 127`);
    }
    if (!Number.isInteger(hz) || hz < 1 || hz > 1e9) {
      throw new RelayError(
        "ERR_RELAY_CONFIG",
        `the clock of payload type ${type} is ${hz}, allowed: 1 to 1e9 Hz`,
      );
    }
    clocks[index] = hz;
  }
  return clocks;
}
