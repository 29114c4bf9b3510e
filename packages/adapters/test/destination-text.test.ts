import fc from "fast-check";
import { endpointFromWords, formatAddress, parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { DestinationText } from "../src/transport/destination-text.ts";

describe("the text of destinations", () => {
  it("is what formatting gives, for any sequence of addresses", () => {
    const word = fc.constantFrom(0, 1, 2, 3, 0x7f000001, -1, 0xffff);
    const endpoint = fc
      .tuple(word, word, word, fc.oneof(word, fc.integer()), fc.integer({ min: 1, max: 3 }))
      .map(([a0, a1, a2, a3, port]) => endpointFromWords(a0, a1, a2, a3, port));
    fc.assert(
      fc.property(fc.array(endpoint, { maxLength: 200 }), (endpoints) => {
        const texts = new DestinationText(false);
        for (const one of [...endpoints, ...endpoints]) expect(texts.of(one)).toBe(formatAddress(one));
      }),
    );
  });

  it("is right for more addresses than the cache holds", () => {
    const texts = new DestinationText(false);
    for (let pass = 0; pass < 2; pass++) {
      for (let n = 0; n < 40_000; n++) {
        const endpoint = endpointFromWords(0, 0, 0xffff, 0x0a000000 + n * 7, 1);
        expect(texts.of(endpoint)).toBe(formatAddress(endpoint));
      }
    }
  });

  it("maps IPv4 for a dual-stack socket, and keeps zones apart", () => {
    const texts = new DestinationText(true);
    expect(texts.of(parseEndpoint("10.1.2.3:4"))).toBe("::ffff:10.1.2.3");
    expect(texts.of(parseEndpoint("[fe80::1%70003]:4"))).toBe("fe80::1%70003");
    expect(texts.of(parseEndpoint("[fe80::1%70004]:4"))).toBe("fe80::1%70004");
  });
});
