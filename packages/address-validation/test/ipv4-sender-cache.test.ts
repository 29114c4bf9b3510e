import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IPv4SenderCache, isIPv4, parseAddress } from "../src/index.ts";

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
/** Text that is nearly an address: what an octet, a dot or a digit too many or too few makes of one. */
const nearly = fc
  .array(
    fc.constantFrom("0", "1", "2", "5", "9", "00", "01", "255", "256", "999", ".", "..", ":", "/", " ", "٣"),
    {
      maxLength: 9,
    },
  )
  .map((parts) => parts.join(""));

/** What a cache answers, and what the package's parser makes of the same text. */
function answers(
  cache: IPv4SenderCache,
  address: string,
  port: number,
): [number | undefined, number | undefined] {
  const found = cache.find(address, port) ? cache.word : undefined;
  let parsed: number | undefined;
  try {
    const endpoint = parseAddress(address, port);
    parsed = isIPv4(endpoint) && !address.includes(":") ? endpoint.a3 : undefined;
  } catch {
    parsed = undefined;
  }
  return [found, parsed];
}

describe("IPv4SenderCache", () => {
  it("answers as the parser does, whatever was kept before", () => {
    const cache = new IPv4SenderCache();
    const few = fc.integer({ min: 0, max: 3 }).map((at) => [0, 5_000, 16_384, 65_535][at]!);
    const anyPort = fc.oneof(few, fc.integer({ min: -1, max: 65_536 }), fc.constantFrom(NaN, 1.5, 2 ** 32));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(ipv4, nearly), anyPort), { maxLength: 40 }), (senders) => {
        for (const [address, port] of [...senders, ...senders]) {
          const [found, parsed] = answers(cache, address, port);
          expect(found).toBe(parsed);
        }
      }),
      { seed: 15 },
    );
  });

  it("keeps senders apart that meet in one place", () => {
    const cache = new IPv4SenderCache();
    const senders = Array.from({ length: 64 }, (_, i) => ({
      address: `203.0.113.${i}`,
      port: 1 + 16_384 * (i & 3),
    }));
    for (let round = 0; round < 200; round++) {
      for (const { address, port } of senders) {
        if (!cache.find(address, port) || cache.word !== parseAddress(address).a3)
          expect.unreachable(`${address}:${port}`);
      }
    }
  });

  it("answers false for what is no IPv4 address in text, and no port", () => {
    const cache = new IPv4SenderCache();
    const refused: [unknown, unknown][] = [
      ["::ffff:192.0.2.1", 5],
      ["2001:db8::1", 5],
      ["192.0.2.1 ", 5],
      ["192.0.2.1", "5"],
      [undefined, 5],
      [3_221_225_985, 5],
      ["", 0],
    ];
    for (const [address, port] of refused) expect(cache.find(address as string, port as number)).toBe(false);
    expect(cache.find("0.0.0.0", 0)).toBe(true);
    expect(cache.word).toBe(0);
    expect(cache.find("255.255.255.255", 65_535)).toBe(true);
    expect(cache.word).toBe(-1);
  });
});
