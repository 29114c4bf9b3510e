import { describe, expect, it } from "vitest";
import { AddressPolicy, parseEndpoint } from "../src/index.ts";

describe("explain", () => {
  const policy = AddressPolicy.preset("public-only", {
    allow: ["0.0.0.0/0", "10.1.0.0/16"],
    deny: ["9.9.9.0/24"],
    own: ["198.41.0.4"],
    ports: { deny: [53] },
  });

  it.each([
    [
      "8.8.8.8:5",
      "8.8.8.8:5 is accepted: 8.8.8.8, which is in no special-purpose block: allowed by 0.0.0.0/0",
    ],
    [
      "127.0.0.1:5",
      "127.0.0.1:5 is refused (loopback): 127.0.0.1, which is in 127.0.0.0/8 (Loopback [RFC1122], Section 3.2.1.3): " +
        "preset public-only refuses that, and 0.0.0.0/0 is too wide to allow it",
    ],
    [
      "10.1.2.3:5",
      "10.1.2.3:5 is accepted: 10.1.2.3, which is in 10.0.0.0/8 (Private-Use [RFC1918]): allowed by 10.1.0.0/16",
    ],
    [
      "9.9.9.9:5",
      "9.9.9.9:5 is refused (denied-prefix): 9.9.9.9, which is in no special-purpose block: denied by 9.9.9.0/24",
    ],
    ["198.41.0.4:5", "198.41.0.4:5 is refused (own-endpoint): 198.41.0.4, which is this relay itself"],
    ["8.8.8.8:53", "8.8.8.8:53 is refused (port-denied): the port rules refuse port 53"],
    ["8.8.8.8:0", "8.8.8.8:0 is refused (port-zero): nothing can be sent to port 0"],
    [
      "[64:ff9b::7f00:1]:5",
      "[64:ff9b::7f00:1]:5 is refused (embedded-loopback): by nat64 it carries 127.0.0.1, which is in 127.0.0.0/8 " +
        "(Loopback [RFC1122], Section 3.2.1.3): preset public-only refuses that, and 0.0.0.0/0 is too wide to allow it",
    ],
  ])("%s", (text, expected) => {
    expect(policy.explain(parseEndpoint(text))).toBe(expected);
  });

  it("names both addresses of Teredo", () => {
    const crate = AddressPolicy.preset("crate");
    expect(crate.explain(parseEndpoint("[2001:0:4136:e378:8000:63bf:3fff:fdd2]:5"))).toMatch(
      /by teredo it carries client 192\.0\.2\.45, .*; by teredo it carries server 65\.54\.227\.120, /,
    );
  });
});
