import { describe, expect, it } from "vitest";
import { AddressPolicy, parseAddress, reasonName } from "../src/index.ts";
import type { AddressPolicyOptions } from "../src/index.ts";
import { codeOf, reasonOf } from "./verdicts.ts";

describe("presets", () => {
  const verdicts: [text: string, crate: string, publicOnly: string, lan: string, turnServer: string][] = [
    ["8.8.8.8:5000", "accepted", "accepted", "global", "accepted"],
    ["8.8.8.8:53", "accepted", "accepted", "global", "port-denied"],
    ["8.8.8.8:1023", "accepted", "accepted", "global", "port-denied"],
    ["8.8.8.8:1024", "accepted", "accepted", "global", "accepted"],
    ["8.8.8.8:0", "port-zero", "port-zero", "port-zero", "port-zero"],
    ["10.0.0.1:5000", "accepted", "private", "accepted", "private"],
    ["192.168.1.2:5000", "accepted", "private", "accepted", "private"],
    ["172.32.0.1:5000", "accepted", "accepted", "global", "accepted"],
    ["169.254.1.1:5000", "accepted", "link-local", "accepted", "link-local"],
    ["100.64.0.1:5000", "accepted", "shared-address-space", "shared-address-space", "shared-address-space"],
    ["127.0.0.1:5000", "loopback", "loopback", "loopback", "loopback"],
    ["0.0.0.0:5000", "unspecified", "unspecified", "unspecified", "unspecified"],
    ["0.0.0.1:5000", "accepted", "this-network", "this-network", "this-network"],
    ["224.0.0.251:5353", "multicast", "multicast", "multicast", "multicast"],
    ["255.255.255.255:5000", "broadcast", "broadcast", "broadcast", "broadcast"],
    ["240.0.0.1:5000", "accepted", "reserved", "reserved", "reserved"],
    ["192.0.2.1:5000", "accepted", "documentation", "documentation", "documentation"],
    ["192.0.0.9:5000", "accepted", "accepted", "anycast-service", "accepted"],
    ["192.88.99.1:5000", "accepted", "deprecated", "deprecated", "deprecated"],
    ["[2a00::1]:5000", "accepted", "accepted", "global", "accepted"],
    ["[::1]:5000", "loopback", "loopback", "loopback", "loopback"],
    ["[::]:5000", "unspecified", "unspecified", "unspecified", "unspecified"],
    ["[ff0e::1]:5000", "multicast", "multicast", "multicast", "multicast"],
    ["[fe80::1%3]:5000", "accepted", "link-local", "accepted", "link-local"],
    ["[fd00::1]:5000", "accepted", "unique-local", "accepted", "unique-local"],
    ["[2001:db8::1]:5000", "accepted", "documentation", "documentation", "documentation"],
    ["[4000::1]:5000", "accepted", "reserved", "reserved", "reserved"],
    ["[::ffff:127.0.0.1]:5000", "loopback", "loopback", "loopback", "loopback"],
    ["[::127.0.0.1]:5000", "embedded-loopback", "ipv4-compatible", "ipv4-compatible", "ipv4-compatible"],
    ["[2002:7f00:1::1]:5000", "embedded-loopback", "6to4", "6to4", "6to4"],
    ["[2002:808:808::1]:5000", "accepted", "6to4", "6to4", "6to4"],
    ["[2001:0:808:808:0:0:80ff:fffe]:5000", "embedded-loopback", "teredo", "teredo", "teredo"],
    ["[2001:0:7f00:1::f7f7:f7f7]:5000", "embedded-loopback", "teredo", "teredo", "teredo"],
    ["[64:ff9b::127.0.0.1]:5000", "embedded-loopback", "embedded-loopback", "nat64", "embedded-loopback"],
    ["[64:ff9b::10.0.0.1]:5000", "accepted", "embedded-private", "nat64", "embedded-private"],
    ["[64:ff9b::8.8.8.8]:5000", "accepted", "accepted", "nat64", "accepted"],
    [
      "[64:ff9b:1::127.0.0.1]:5000",
      "embedded-loopback",
      "nat64-local-use",
      "nat64-local-use",
      "nat64-local-use",
    ],
  ];

  it.each(verdicts)("judge %s", (text, crate, publicOnly, lan, turnServer) => {
    const names = (["crate", "public-only", "lan", "turn-server"] as const).map((name) =>
      reasonOf(AddressPolicy.preset(name), text),
    );
    expect(names).toEqual([crate, publicOnly, lan, turnServer]);
  });

  it("are public-only by default", () => {
    expect(new AddressPolicy().preset).toBe("public-only");
    expect(codeOf(() => AddressPolicy.preset("toString" as "lan"))).toBe("ERR_ADDRESS_POLICY");
  });

  it("read a local-use NAT64 address every way that it can be meant", () => {
    const crate = AddressPolicy.preset("crate");
    // 127.0.0.1 at the positions of /48, /56 and /64 (RFC 6052 section 2.2), none of which the last 32 bits show.
    expect(reasonOf(crate, "[64:ff9b:1:7f00:0:100::]:5")).toBe("embedded-unspecified");
    expect(reasonOf(crate, "[64:ff9b:1:7f:0:1::]:5")).toBe("embedded-unspecified");
    expect(reasonOf(crate, "[64:ff9b:1:0:7f:0:100::]:5")).toBe("embedded-loopback");
    // As /96 it is 8.8.8.8, and nothing else, because bits follow.
    expect(reasonOf(crate, "[64:ff9b:1:fffe::808:808]:5")).toBe("accepted");
    // A configured prefix ends the guessing.
    const known = crate.extend({ nat64Prefixes: ["64:ff9b:1::/48"] });
    expect(reasonOf(known, "[64:ff9b:1:808:8:800::]:5")).toBe("accepted");
    expect(reasonOf(known, "[64:ff9b:1:7f00:0:100::]:5")).toBe("embedded-loopback");
  });
});

describe("network-specific NAT64 prefixes", () => {
  // The examples of RFC 6052 section 2.4, all of 192.0.2.33.
  it.each([
    ["2001:db8::/32", "2001:db8:c000:221::"],
    ["2001:db8:100::/40", "2001:db8:1c0:2:21::"],
    ["2001:db8:122::/48", "2001:db8:122:c000:2:2100::"],
    ["2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"],
    ["2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"],
    ["2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"],
  ])("find 192.0.2.33 behind %s", (prefix, text) => {
    const options: AddressPolicyOptions = { preset: "crate", nat64Prefixes: [prefix], deny: ["192.0.2.33"] };
    const endpoint = parseAddress(text, 5000);
    expect(reasonName(new AddressPolicy(options).judge(endpoint))).toBe("embedded-denied-prefix");
    expect(new AddressPolicy({ ...options, nat64Prefixes: [] }).judge(endpoint)).toBe(0);
    expect(new AddressPolicy({ ...options, deny: ["192.0.2.32", "192.0.2.34"] }).judge(endpoint)).toBe(0);
  });

  it("are refused in other lengths, and in IPv4", () => {
    for (const prefix of ["2001:db8::/33", "2001:db8::/128", "10.0.0.0/8", "::ffff:0:0/96", "x"]) {
      expect(codeOf(() => new AddressPolicy({ nat64Prefixes: [prefix] }))).toBe("ERR_ADDRESS_PREFIX");
    }
  });
});
