import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AddressError,
  endpointFromBytes,
  endpointFromWords,
  endpointsEqual,
  hashEndpoint,
  parseAddress,
  parseEndpoint,
  writeAddressBytes,
} from "../src/index.ts";
import type { Endpoint } from "../src/index.ts";

const code = (action: () => unknown): string => {
  try {
    action();
    return "accepted";
  } catch (error) {
    return error instanceof AddressError ? error.code : String(error);
  }
};

describe("bytes", () => {
  it("reads and writes network order", () => {
    const bytes = Uint8Array.from({ length: 20 }, (_, index) => 0x20 + index);
    expect(endpointFromBytes(bytes, 1, 4, 80)).toEqual(parseAddress("33.34.35.36", 80));
    expect(endpointFromBytes(bytes, 4, 6, 80)).toEqual(
      parseAddress("2425:2627:2829:2a2b:2c2d:2e2f:3031:3233", 80),
    );
  });

  it("reads back what it writes, in both families", () => {
    const anyByte = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(anyByte, fc.boolean(), (bytes, mapped) => {
        if (mapped) bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);
        const endpoint = endpointFromBytes(bytes, 0, 6, 1);
        const copy = new Uint8Array(24);
        expect(writeAddressBytes(endpoint, copy, 5, 6)).toBe(16);
        expect(copy.slice(5, 21)).toEqual(bytes);
        expect(writeAddressBytes(endpoint, copy, 0, 4)).toBe(mapped ? 4 : 0);
        if (mapped) expect(endpointFromBytes(copy, 0, 4, 1)).toEqual(endpoint);
      }),
    );
  });

  it("writes nothing where it does not fit", () => {
    const bytes = new Uint8Array(16).fill(7);
    const endpoint = parseAddress("1.2.3.4");
    for (const offset of [-1, 13, 16, NaN, Infinity])
      expect(writeAddressBytes(endpoint, bytes, offset, 4)).toBe(0);
    expect(writeAddressBytes(endpoint, bytes, 1, 6)).toBe(0);
    expect(bytes).toEqual(new Uint8Array(16).fill(7));
  });

  it("refuses what is no address, port or zone with its code", () => {
    const bytes = new Uint8Array(16);
    for (const offset of [-1, 13, 0.5, NaN]) {
      expect(code(() => endpointFromBytes(bytes, offset, 4, 1))).toBe("ERR_ADDRESS_BYTES");
    }
    expect(code(() => endpointFromBytes(bytes, 1, 6, 1))).toBe("ERR_ADDRESS_BYTES");
    expect(code(() => endpointFromBytes(bytes, 0, 5 as 4, 1))).toBe("ERR_ADDRESS_BYTES");
    expect(code(() => endpointFromBytes(bytes, 0, 4, 65_536))).toBe("ERR_ADDRESS_PORT");
    expect(code(() => endpointFromBytes(bytes, 0, 6, 1, -1))).toBe("ERR_ADDRESS_ZONE");
    expect(code(() => endpointFromBytes(bytes, 0, 6, 1, 2 ** 32))).toBe("ERR_ADDRESS_ZONE");
  });
});

describe("canonical words", () => {
  it("keeps a zone only where an address has a scope", () => {
    expect(endpointFromWords(0xfe800000, 0, 0, 1, 5, 3).zone).toBe(3);
    expect(endpointFromWords(0xff020000, 0, 0, 1, 5, 3).zone).toBe(3);
    expect(endpointFromWords(0xff0e0000, 0, 0, 1, 5, 3).zone).toBe(0);
    expect(endpointFromWords(0x20010db8, 0, 0, 1, 5, 3).zone).toBe(0);
    expect(endpointFromWords(0, 0, 0xffff, 0x01020304, 5, 3).zone).toBe(0);
  });

  it("makes signed words of unsigned ones, so that equal addresses are equal numbers", () => {
    const unsigned = endpointFromWords(0xfe800000, 0xffffffff, 0x80000000, 0xdeadbeef, 5);
    expect(endpointsEqual(unsigned, parseAddress("fe80::ffff:ffff:8000:0:dead:beef", 5))).toBe(true);
    expect(unsigned.a0).toBe(0xfe800000 | 0);
  });

  it("differs in any of the six numbers", () => {
    const endpoint = parseEndpoint("[fe80::1:2:3%7]:8");
    const others: Endpoint[] = (["a0", "a1", "a2", "a3", "port", "zone"] as const).map((field) => ({
      ...endpoint,
      [field]: endpoint[field] ^ 1,
    }));
    expect(endpointsEqual(endpoint, { ...endpoint })).toBe(true);
    for (const other of others) {
      expect(endpointsEqual(endpoint, other)).toBe(false);
      expect(hashEndpoint(endpoint)).not.toBe(hashEndpoint(other));
    }
  });
});

describe("hashEndpoint", () => {
  it("is HalfSipHash-1-3", () => {
    // The Linux kernel's vector for the 24 bytes 00 01 … 17 under the key 00 01 … 07 (lib/tests/siphash_kunit.c,
    // test_vectors_hsiphash of 32-bit machines, entry 24).
    const words = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514] as const;
    const [a0, a1, a2, a3, port, zone] = words;
    expect(hashEndpoint({ a0, a1, a2, a3, port, zone }, 0x03020100, 0x07060504)).toBe(0x57150ad7);
  });

  it("depends on both halves of the key", () => {
    const endpoint = parseEndpoint("1.2.3.4:5");
    const hashes = [hashEndpoint(endpoint), hashEndpoint(endpoint, 1), hashEndpoint(endpoint, 0, 1)];
    expect(new Set(hashes).size).toBe(3);
  });
});
