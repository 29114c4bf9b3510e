import { describe, expect, it } from "vitest";
import { AddressError, formatEndpoint, isIPv4, parseAddress, parseEndpoint } from "../src/index.ts";

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return error instanceof AddressError ? error.code : String(error);
  }
  return "accepted";
};

describe("parseEndpoint", () => {
  it.each([
    ["1.2.3.4:5678", "1.2.3.4:5678"],
    ["0.0.0.0:0", "0.0.0.0:0"],
    ["255.255.255.255:65535", "255.255.255.255:65535"],
    ["[::]:1", "[::]:1"],
    ["[::1]:53", "[::1]:53"],
    ["[1::]:53", "[1::]:53"],
    ["[1:2:3:4:5:6:7::]:53", "[1:2:3:4:5:6:7:0]:53"],
    ["[::2:3:4:5:6:7:8]:53", "[0:2:3:4:5:6:7:8]:53"],
    ["[1:2:3:4:5:6:7:8]:53", "[1:2:3:4:5:6:7:8]:53"],
    ["[2001:0DB8::00aB]:53", "[2001:db8::ab]:53"],
    ["[::ffff:1.2.3.4]:5", "1.2.3.4:5"],
    ["[::FFFF:0102:0304]:5", "1.2.3.4:5"],
    ["[0:0:0:0:0:ffff:1.2.3.4]:5", "1.2.3.4:5"],
    ["[64:ff9b::1.2.3.4]:5", "[64:ff9b::102:304]:5"],
    ["[fe80::1%3]:53", "[fe80::1%3]:53"],
    ["[fe80::1%4294967295]:53", "[fe80::1%4294967295]:53"],
    ["[ff02::1%2]:53", "[ff02::1%2]:53"],
    ["[fec0::1%2]:53", "[fec0::1%2]:53"],
  ])("reads %s as %s", (text, canonical) => {
    expect(formatEndpoint(parseEndpoint(text))).toBe(canonical);
  });

  it.each([
    // What inet_aton reads as something else: octal, hexadecimal, short, padded, one number.
    ["01.2.3.4:5", "ERR_ADDRESS_SYNTAX"],
    ["0177.0.0.1:5", "ERR_ADDRESS_SYNTAX"],
    ["0x7f.0.0.1:5", "ERR_ADDRESS_SYNTAX"],
    ["127.1:5", "ERR_ADDRESS_SYNTAX"],
    ["127.0.1:5", "ERR_ADDRESS_SYNTAX"],
    ["2130706433:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.004:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.00:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.256:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4.5:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4.:5", "ERR_ADDRESS_SYNTAX"],
    [".1.2.3.4:5", "ERR_ADDRESS_SYNTAX"],
    ["1..3.4:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.+4:5", "ERR_ADDRESS_SYNTAX"],
    ["١.2.3.4:5", "ERR_ADDRESS_SYNTAX"],
    [" 1.2.3.4:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4 :5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4\n:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4%1:5", "ERR_ADDRESS_ZONE"],
    ["", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4", "ERR_ADDRESS_SYNTAX"],
    ["localhost:5", "ERR_ADDRESS_SYNTAX"],
    ["[1.2.3.4]:5", "ERR_ADDRESS_SYNTAX"],
    ["::1:5", "ERR_ADDRESS_SYNTAX"],
    ["[::1]", "ERR_ADDRESS_SYNTAX"],
    ["[::1]5", "ERR_ADDRESS_SYNTAX"],
    ["[::1:5", "ERR_ADDRESS_SYNTAX"],
    ["::1]:5", "ERR_ADDRESS_SYNTAX"],
    ["[[::1]]:5", "ERR_ADDRESS_SYNTAX"],
    ["[]:5", "ERR_ADDRESS_SYNTAX"],
    ["[:]:5", "ERR_ADDRESS_SYNTAX"],
    ["[:::]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1::2::3]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1:2:3:4:5:6:7]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1:2:3:4:5:6:7:8:9]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1:2:3:4::5:6:7:8]:5", "ERR_ADDRESS_SYNTAX"],
    ["[:1:2:3:4:5:6:7]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1:2:3:4:5:6:7:]:5", "ERR_ADDRESS_SYNTAX"],
    ["[12345::]:5", "ERR_ADDRESS_SYNTAX"],
    ["[g::]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1.2.3.4::]:5", "ERR_ADDRESS_SYNTAX"],
    ["[::1.2.3.4:5]:5", "ERR_ADDRESS_SYNTAX"],
    ["[::1.2.3]:5", "ERR_ADDRESS_SYNTAX"],
    ["[::01.2.3.4]:5", "ERR_ADDRESS_SYNTAX"],
    ["[1:2:3:4:5:6:7:1.2.3.4]:5", "ERR_ADDRESS_SYNTAX"],
    ["1.2.3.4:", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:65536", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:99999999999", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:01", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:+1", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:-1", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:0x5", "ERR_ADDRESS_PORT"],
    ["1.2.3.4: 5", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:5 ", "ERR_ADDRESS_PORT"],
    ["1.2.3.4:5e1", "ERR_ADDRESS_PORT"],
    ["[fe80::1%]:5", "ERR_ADDRESS_ZONE"],
    ["[fe80::1%0]:5", "ERR_ADDRESS_ZONE"],
    ["[fe80::1%01]:5", "ERR_ADDRESS_ZONE"],
    ["[fe80::1%4294967296]:5", "ERR_ADDRESS_ZONE"],
    ["[fe80::1%a%b]:5", "ERR_ADDRESS_ZONE"],
    ["[fe80::1%a b]:5", "ERR_ADDRESS_ZONE"],
    ["[fe80::1%é]:5", "ERR_ADDRESS_ZONE"],
    ["[2001:db8::1%1]:5", "ERR_ADDRESS_ZONE"],
    ["[::1%1]:5", "ERR_ADDRESS_ZONE"],
    ["[ff0e::1%1]:5", "ERR_ADDRESS_ZONE"],
    ["[::ffff:1.2.3.4%1]:5", "ERR_ADDRESS_ZONE"],
  ])("refuses %j with %s", (text, code) => {
    expect(codeOf(() => parseEndpoint(text))).toBe(code);
  });

  it("refuses what is no string", () => {
    for (const value of [undefined, null, 5, {}, ["1.2.3.4:5"], new String("1.2.3.4:5")]) {
      expect(codeOf(() => parseEndpoint(value as string))).toBe("ERR_ADDRESS_SYNTAX");
      expect(codeOf(() => parseAddress(value as string))).toBe("ERR_ADDRESS_SYNTAX");
    }
  });

  it("keeps hostile text bounded and escaped in its message", () => {
    try {
      parseEndpoint(`\u001b[2J\n${"x".repeat(100_000)}`);
      expect.unreachable();
    } catch (error) {
      const { message } = error as Error;
      expect(message.length).toBeLessThan(200);
      expect(message).not.toMatch(/[\u0000-\u001f]/);
    }
  });
});

describe("parseAddress", () => {
  it("takes the port apart from the text", () => {
    expect(parseAddress("1.2.3.4", 65_535).port).toBe(65_535);
    expect(parseAddress("::1").port).toBe(0);
    for (const port of [-1, 65_536, 1.5, NaN, Infinity, "5" as unknown as number]) {
      expect(codeOf(() => parseAddress("::1", port))).toBe("ERR_ADDRESS_PORT");
    }
  });

  it("gives IPv4 its mapped words and no zone", () => {
    const { a0, a1, a2, a3, port, zone } = parseAddress("255.0.0.1", 9);
    expect([a0, a1, a2, a3, port, zone]).toEqual([0, 0, 0xffff, 0xff000001 | 0, 9, 0]);
    expect(isIPv4(parseAddress("::ffff:0:1"))).toBe(true);
    expect(isIPv4(parseAddress("::fffe:0:1"))).toBe(false);
  });

  it("gives frozen endpoints", () => {
    expect(Object.isFrozen(parseAddress("1.2.3.4"))).toBe(true);
  });
});
