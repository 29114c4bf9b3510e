import { describe, expect, it } from "vitest";
import {
  endpointFromBytes,
  endpointFromRinfo,
  endpointsEqual,
  formatEndpoint,
  hashEndpoint,
  parseEndpoint,
} from "../src/index.ts";

describe("smoke", () => {
  it("gives one endpoint for one peer, however it was written", () => {
    const text = parseEndpoint("1.2.3.4:5678");
    const mapped = endpointFromRinfo({ address: "::ffff:1.2.3.4", port: 5678 });
    const bytes = endpointFromBytes(Uint8Array.of(1, 2, 3, 4), 0, 4, 5678);
    expect(endpointsEqual(text, mapped)).toBe(true);
    expect(endpointsEqual(text, bytes)).toBe(true);
    expect(hashEndpoint(text, 7)).toBe(hashEndpoint(bytes, 7));
    expect(formatEndpoint(mapped)).toBe("1.2.3.4:5678");
  });

  it("formats IPv6 as RFC 5952 does", () => {
    expect(formatEndpoint(parseEndpoint("[2001:DB8:0:0:1:0:0:1]:53"))).toBe("[2001:db8::1:0:0:1]:53");
  });
});
