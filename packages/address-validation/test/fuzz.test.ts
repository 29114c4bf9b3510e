import fc from "fast-check";
import { isIP } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AddressError,
  endpointFromRinfo,
  endpointFromWords,
  endpointsEqual,
  formatAddress,
  formatEndpoint,
  formatPrefix,
  parseAddress,
  parseEndpoint,
  parsePrefix,
  validateAddress,
} from "../src/index.ts";
import { Random } from "./random.ts";

const STRINGS = process.env.UDP_RELAY_LONG === "1" ? 5_000_000 : 1_000_000;
const ALPHABET = "0123456789abcdefABCDEFgx:.%[]/ -+\u0000é";
const SEEDS = [
  "1.2.3.4:5678",
  "255.255.255.255:65535",
  "[::]:0",
  "[2001:db8:0:1:1:1:1:1]:53",
  "[::ffff:127.0.0.1]:53",
  "[fe80::1%eth0]:53",
  "1:2:3:4:5:6:7:8",
  "64:ff9b::1.2.3.4",
  "10.0.0.0/8",
  "2001:db8::/32",
];

/** Half noise, half valid text with one to three characters changed, removed or doubled. */
function randomText(random: Random): string {
  if (random.below(2) === 0) {
    let text = "";
    for (let i = random.below(48); i > 0; i--) text += random.pick(ALPHABET);
    return text;
  }
  let text = random.pick(SEEDS);
  for (let i = random.below(3); i >= 0; i--) {
    const at = random.below(text.length + 1);
    text =
      text.slice(0, at) +
      random.pick(["", ALPHABET[random.below(36)]!, text.charAt(at).repeat(2)]) +
      text.slice(at + 1);
  }
  return text;
}

const { stackTraceLimit } = Error;

describe("fuzz", () => {
  // Nine of ten strings end in an error, most of whose cost is the stack that nobody reads here.
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it(`throws nothing but AddressError for ${STRINGS.toLocaleString("en")} strings, and reads back what it accepts`, () => {
    const random = new Random(0x5eed);
    let accepted = 0;
    for (let i = 0; i < STRINGS; i++) {
      const text = randomText(random);
      try {
        const kind = i % 4;
        if (kind === 0) {
          const endpoint = parseEndpoint(text);
          if (!endpointsEqual(parseEndpoint(formatEndpoint(endpoint)), endpoint))
            throw new Error(`lost: ${text}`);
        } else if (kind === 1) {
          const endpoint = parseAddress(text);
          if (!endpointsEqual(parseAddress(formatAddress(endpoint)), endpoint))
            throw new Error(`lost: ${text}`);
        } else if (kind === 2) {
          const prefix = formatPrefix(parsePrefix(text));
          if (formatPrefix(parsePrefix(prefix)) !== prefix) throw new Error(`lost: ${text}`);
        } else {
          validateAddress(text, random.below(70_000));
          endpointFromRinfo({ address: text, port: random.below(70_000) });
        }
        accepted++;
      } catch (error) {
        if (!(error instanceof AddressError)) throw error;
      }
    }
    // Guards against a generator that only makes refused text.
    expect(accepted).toBeGreaterThan(STRINGS / 50);
    expect(accepted).toBeLessThan(STRINGS / 2);
  }, 120_000);

  it("accepts exactly the addresses that node:net accepts, zones aside", () => {
    const random = new Random(7);
    const differences: string[] = [];
    let accepted = 0;
    for (let i = 0; i < 200_000; i++) {
      const text = randomText(random);
      if (text.includes("%")) continue;
      let ours = true;
      try {
        parseAddress(text);
        accepted++;
      } catch {
        ours = false;
      }
      if (ours !== (isIP(text) !== 0)) differences.push(text);
    }
    expect(accepted).toBeGreaterThan(1_000);
    expect(differences).toEqual([]);
  });

  it("reads back every endpoint that it writes", () => {
    const word = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 0xffff, 0x10000, 0x20010db8));
    const words = fc.oneof(
      fc.tuple(word, word, word, word),
      fc.tuple(fc.constant(0), fc.constant(0), fc.constant(0xffff), fc.integer()),
      fc.tuple(fc.constantFrom(0xfe800000 | 0, 0xff020000 | 0), word, word, word),
    );
    const port = fc.integer({ min: 0, max: 65_535 });
    const zone = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(words, port, zone, ([a0, a1, a2, a3], aPort, aZone) => {
        const endpoint = endpointFromWords(a0, a1, a2, a3, aPort, aZone);
        expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint);
        expect(parseAddress(formatAddress(endpoint), aPort)).toEqual(endpoint);
      }),
      { numRuns: 5_000 },
    );
  });
});
