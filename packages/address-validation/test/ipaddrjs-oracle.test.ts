import { readFileSync } from "node:fs";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { AddressError, classify, parseAddress } from "../src/index.ts";
import type { AddressClass } from "../src/index.ts";

const { records } = JSON.parse(
  readFileSync(new URL("data/python-ipaddress.json", import.meta.url), "utf8"),
) as {
  records: [string, string, string, string][];
};

/** The class of ours that each range name of ipaddr.js 2.5.0 stands for. */
const sameAs: Record<string, AddressClass[]> = {
  unspecified: ["unspecified"],
  broadcast: ["broadcast"],
  multicast: ["multicast"],
  linkLocal: ["link-local"],
  loopback: ["loopback"],
  carrierGradeNat: ["shared-address-space"],
  private: ["private"],
  reserved: ["reserved", "documentation", "benchmarking", "protocol-assignment"],
  uniqueLocal: ["unique-local"],
  discard: ["discard"],
  "6to4": ["6to4"],
  teredo: ["teredo"],
  benchmarking: ["benchmarking"],
  amt: ["anycast-service"],
  as112: ["anycast-service"],
  as112v6: ["anycast-service"],
  rfc6052: ["nat64", "nat64-local-use"],
  orchid2: ["identifier"],
  droneRemoteIdProtocolEntityTags: ["identifier"],
  segmentRouting: ["identifier"],
  deprecatedOrchid: ["deprecated"],
  deprecatedSiteLocal: ["site-local"],
  unicast: ["global"],
};

/** Known differences, by our block and ipaddr.js 2.5.0's range; who is right and why. */
const differences: Record<string, string> = {
  "0.0.0.0/8 unspecified": "ours: only 0.0.0.0 itself is the unspecified address (RFC 1122 section 3.2.1.3)",
  "192.0.0.0/29 reserved": "both: the registry names the block, ipaddr.js the /24 around it",
  "192.0.0.8/32 reserved": "both, as 192.0.0.0/29",
  "192.0.0.9/32 reserved":
    "ours: Globally Reachable True (RFC 7723); by ipaddr.js it cannot be told from the /24",
  "192.0.0.10/32 reserved": "ours: Globally Reachable True (RFC 8155)",
  "192.88.99.0/24 reserved": "both: terminated, which ipaddr.js calls reserved",
  "192.88.99.2/32 reserved": "both, as 192.0.0.0/29",
  "::/96 unicast":
    "ours: deprecated IPv4-compatible form, through which ipaddr.js lets ::127.0.0.1 pass as unicast",
  "::/8 unicast": "ours: reserved by IETF; ipaddr.js has no entry for what lies outside 2000::/3",
  "::/8 rfc6145":
    "both: the SIIT prefix of RFC 2765 lies in what IETF reserves; ours unwraps it as ipv4-translated",
  "100::/8 unicast": "ours, as ::/8",
  "200::/7 unicast": "ours, as ::/8",
  "400::/6 unicast": "ours, as ::/8",
  "800::/5 unicast": "ours, as ::/8",
  "1000::/4 unicast": "ours, as ::/8",
  "4000::/3 unicast": "ours, as ::/8",
  "6000::/3 unicast": "ours, as ::/8",
  "8000::/3 unicast": "ours, as ::/8",
  "a000::/3 unicast": "ours, as ::/8",
  "c000::/3 unicast": "ours, as ::/8",
  "e000::/4 unicast": "ours, as ::/8",
  "f000::/5 unicast": "ours, as ::/8",
  "f800::/6 unicast": "ours, as ::/8",
  "fe00::/9 unicast": "ours, as ::/8",
  "100:0:0:1::/64 unicast": "ours: the dummy prefix of RFC 9780 is missing from ipaddr.js",
  "2001:1::1/128 reserved": "ours: Globally Reachable True (RFC 7723)",
  "2001:1::2/128 reserved": "ours: Globally Reachable True (RFC 8155)",
  "2001:1::3/128 reserved": "ours: Globally Reachable True (RFC 9665)",
};

describe("ipaddr.js 2.5.0 as an oracle", () => {
  it("agrees on the class, except for the differences listed, all of which are real", () => {
    const seen = new Set<string>();
    const unexpected: string[] = [];
    for (const [, , , text] of records) {
      const { addressClass, block } = classify(parseAddress(text));
      const range = ipaddr.process(text).range();
      if (sameAs[range]?.includes(addressClass)) continue;
      const key = `${block?.prefix} ${range}`;
      if (key in differences) seen.add(key);
      else unexpected.push(`${text}: ${key} (${addressClass})`);
    }
    expect(unexpected).toEqual([]);
    expect([...seen].sort()).toEqual(Object.keys(differences).sort());
  });

  it("accepts more text than ours, all of it in the forms that are named as refused", () => {
    // ipaddr.js reads what inet_aton reads. Ours refuses: one text, one address.
    for (const text of ["127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "010.0.0.1"]) {
      expect(ipaddr.isValid(text)).toBe(true);
      expect(() => parseAddress(text)).toThrow(AddressError);
    }
  });

  it("agrees on every word of what both accept", () => {
    for (const [, , , text] of records) {
      const { a0, a1, a2, a3 } = parseAddress(text);
      const parsed = ipaddr.parse(text);
      const parts = (
        parsed.kind() === "ipv4" ? (parsed as ipaddr.IPv4).toIPv4MappedAddress() : (parsed as ipaddr.IPv6)
      ).parts;
      expect([a0, a1, a2, a3].flatMap((word) => [word >>> 16, word & 0xffff])).toEqual(parts);
    }
  });
});
