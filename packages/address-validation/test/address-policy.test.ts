import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressError, AddressPolicy, parseAddress, parseEndpoint, reasonName } from "../src/index.ts";
import type { AddressPolicyOptions } from "../src/index.ts";

const reasonOf = (policy: AddressPolicy, text: string): string =>
  reasonName(policy.judge(parseEndpoint(text)));
const codeOf = (action: () => unknown): string => {
  try {
    action();
    return "accepted";
  } catch (error) {
    return error instanceof AddressError ? error.code : String(error);
  }
};

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

describe("allow and deny prefixes", () => {
  it("decide by the longest", () => {
    const policy = AddressPolicy.preset("public-only", {
      deny: ["8.0.0.0/8", "8.8.8.0/24", "2a00::/16"],
      allow: ["8.8.0.0/16", "8.8.8.8/32", "2a00:1::/32"],
    });
    expect(reasonOf(policy, "8.1.1.1:5")).toBe("denied-prefix");
    expect(reasonOf(policy, "8.8.1.1:5")).toBe("accepted");
    expect(reasonOf(policy, "8.8.8.1:5")).toBe("denied-prefix");
    expect(reasonOf(policy, "8.8.8.8:5")).toBe("accepted");
    expect(reasonOf(policy, "9.9.9.9:5")).toBe("accepted");
    expect(reasonOf(policy, "[2a00::1]:5")).toBe("denied-prefix");
    expect(reasonOf(policy, "[2a00:1::1]:5")).toBe("accepted");
  });

  it("open a block only when they are as specific as the block", () => {
    const wide = AddressPolicy.preset("public-only", { allow: ["0.0.0.0/0", "::/0"] });
    for (const text of ["127.0.0.1:5", "10.0.0.1:5", "[::1]:5", "[fe80::1]:5"])
      expect(wide.judge(parseEndpoint(text))).not.toBe(0);
    const exact = AddressPolicy.preset("public-only", { allow: ["127.0.0.0/8", "::1/128", "10.1.0.0/16"] });
    for (const text of ["127.0.0.1:5", "[::1]:5", "10.1.2.3:5"])
      expect(reasonOf(exact, text)).toBe("accepted");
    expect(reasonOf(exact, "10.2.0.1:5")).toBe("private");
  });

  it("are never undone by a more specific block that the preset accepts", () => {
    const policy = AddressPolicy.preset("public-only", { deny: ["192.0.0.0/8"] });
    expect(reasonOf(policy, "192.0.0.9:5")).toBe("denied-prefix");
  });

  it("say nothing of the other family", () => {
    const policy = AddressPolicy.preset("crate", { deny: ["::/0"] });
    expect(reasonOf(policy, "8.8.8.8:5")).toBe("accepted");
    expect(reasonOf(policy, "[::ffff:8.8.8.8]:5")).toBe("accepted");
    expect(reasonOf(policy, "[2a00::1]:5")).toBe("denied-prefix");
  });

  it("reach into embedded addresses", () => {
    const policy = AddressPolicy.preset("crate", { deny: ["8.8.8.0/24"] });
    for (const text of ["2002:808:801::1", "::8.8.8.1", "64:ff9b::8.8.8.1", "2001:0:102:304::f7f7:f7fe"]) {
      expect(reasonOf(policy, `[${text}]:5`)).toBe("embedded-denied-prefix");
    }
  });

  it("are the only ones accepted when the rest is denied", () => {
    const policy = AddressPolicy.preset("public-only", { allow: ["8.8.8.0/24"], unlisted: "deny" });
    expect(reasonOf(policy, "8.8.8.1:5")).toBe("accepted");
    expect(reasonOf(policy, "8.8.4.4:5")).toBe("unlisted");
    expect(reasonOf(policy, "10.0.0.1:5")).toBe("private");
    expect(reasonOf(policy, "[2a00::1]:5")).toBe("unlisted");
  });

  it.each([
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0/8",
    "/8",
    "",
    "2001:db8::/129",
    "2001:db8::1/64",
    "fe80::%1/64",
    "::ffff:0:0/95",
    "10.0.0.0/8 ",
    "localhost/8",
  ])("refuse %j", (prefix) => {
    for (const list of ["allow", "deny"]) {
      expect(codeOf(() => new AddressPolicy({ [list]: [prefix] }))).toBe("ERR_ADDRESS_PREFIX");
    }
  });

  it("refuse a prefix that is both allowed and denied, however it is written", () => {
    for (const [allow, deny] of [
      ["10.0.0.0/8", "10.0.0.0/8"],
      ["10.0.0.0/8", "::ffff:10.0.0.0/104"],
      ["2001:db8::1", "2001:DB8:0::0001/128"],
    ] as const) {
      expect(codeOf(() => new AddressPolicy({ allow: [allow], deny: [deny] }))).toBe("ERR_ADDRESS_POLICY");
    }
  });
});

describe("port rules", () => {
  it("accept and refuse all 65,536 ports as written", () => {
    const policy = AddressPolicy.preset("crate", {
      ports: { allow: ["1000-2000", 53, "60000-65535"], deny: [1_500, "1600-1700", 65_535] },
    });
    const endpoint = parseAddress("8.8.8.8");
    for (let port = 0; port < 65_536; port++) {
      const allowed = port === 53 || (port >= 1_000 && port <= 2_000) || port >= 60_000;
      const denied = port === 1_500 || (port >= 1_600 && port <= 1_700) || port === 65_535;
      const expected = port === 0 ? "port-zero" : allowed && !denied ? "accepted" : "port-denied";
      if (reasonName(policy.judge({ ...endpoint, port })) !== expected) expect.unreachable(`port ${port}`);
    }
  });

  it("refuse what is no port, even if nobody checked it before", () => {
    const policy = AddressPolicy.preset("crate");
    for (const port of [65_536, 1e9, -1, NaN]) {
      expect(reasonName(policy.judgeWords(0, 0, 0xffff, 0x08080808, port))).toBe("port-denied");
    }
  });

  it.each([70_000, -1, 1.5, "5-", "-5", "9-5", "a", "", "1-2-3", "01", " 5", "5-70000"])(
    "refuse %j",
    (item) => {
      expect(codeOf(() => new AddressPolicy({ ports: { deny: [item] } }))).toBe("ERR_ADDRESS_POLICY");
    },
  );
});

describe("own and peer-relay endpoints", () => {
  const policy = AddressPolicy.preset("public-only", {
    own: ["198.41.0.4:50001", "198.41.0.4:50000", "[2a00::1]:50001"],
    peerRelays: ["8.8.8.8", parseEndpoint("9.9.9.9:50001"), "198.41.0.4:1"],
    allow: ["8.8.8.8/32"],
  });

  it("are refused at their port, or at every port when none is given", () => {
    expect(reasonOf(policy, "198.41.0.4:50001")).toBe("own-endpoint");
    expect(reasonOf(policy, "198.41.0.4:50000")).toBe("own-endpoint");
    expect(reasonOf(policy, "198.41.0.4:1")).toBe("peer-relay");
    expect(reasonOf(policy, "198.41.0.4:2")).toBe("accepted");
    expect(reasonOf(policy, "198.41.0.5:50001")).toBe("accepted");
    expect(reasonOf(policy, "[2a00::1]:50001")).toBe("own-endpoint");
    expect(reasonOf(policy, "[2a00::1]:50002")).toBe("accepted");
    expect(reasonOf(policy, "9.9.9.9:50001")).toBe("peer-relay");
    for (const port of [1, 53, 65_535]) expect(reasonOf(policy, `8.8.8.8:${port}`)).toBe("peer-relay");
  });

  it("are refused in every encoding", () => {
    for (const text of ["::ffff:198.41.0.4", "64:ff9b::198.41.0.4"]) {
      expect(reasonOf(policy, `[${text}]:50001`)).toMatch(/own-endpoint$/);
    }
  });

  it("are refused whatever the zone", () => {
    const lan = AddressPolicy.preset("lan", { own: ["[fe80::1%2]:5"] });
    expect(reasonOf(lan, "[fe80::1%3]:5")).toBe("own-endpoint");
    expect(reasonOf(lan, "[fe80::1]:5")).toBe("own-endpoint");
  });

  it("cannot be wildcards, which stand for addresses that only the host knows", () => {
    for (const own of ["0.0.0.0:50001", "[::]:50001", "0.0.0.0", "::"]) {
      expect(codeOf(() => new AddressPolicy({ own: [own] }))).toBe("ERR_ADDRESS_POLICY");
    }
    expect(codeOf(() => new AddressPolicy({ own: ["nonsense"] }))).toBe("ERR_ADDRESS_SYNTAX");
    expect(codeOf(() => new AddressPolicy({ own: ["1.2.3.4:99999"] }))).toBe("ERR_ADDRESS_PORT");
  });
});

describe("extend", () => {
  it("joins lists and leaves the policy it came from alone", () => {
    const base = AddressPolicy.preset("lan", { allow: ["8.8.8.8"], ports: { deny: [53] } });
    const more = base.extend({
      allow: ["9.9.9.9"],
      deny: ["10.0.0.0/8"],
      ports: { deny: [123] },
      own: ["192.168.0.1"],
    });
    expect(more.preset).toBe("lan");
    expect(
      ["8.8.8.8:5", "9.9.9.9:5", "10.0.0.1:5", "8.8.8.8:53", "8.8.8.8:123", "192.168.0.1:5"].map((text) =>
        reasonOf(more, text),
      ),
    ).toEqual(["accepted", "accepted", "denied-prefix", "port-denied", "port-denied", "own-endpoint"]);
    expect(reasonOf(base, "9.9.9.9:5")).toBe("global");
    expect(reasonOf(base, "10.0.0.1:5")).toBe("accepted");
    expect(reasonOf(base.extend({ preset: "crate" }), "9.9.9.9:5")).toBe("accepted");
  });
});

describe("the compiled table", () => {
  // Few distinct bits, so that random prefixes nest, repeat and meet special-purpose blocks.
  const address4 = fc
    .tuple(
      fc.constantFrom(0, 10, 127, 192, 198, 224),
      fc.constantFrom(0, 18, 64, 128, 255),
      fc.constantFrom(0, 1, 128),
      fc.constantFrom(0, 1, 9, 255),
    )
    .map((octets) => octets.join("."));
  const address6 = fc
    .tuple(
      fc.constantFrom("2001", "2002", "64", "fe80", "0", "3fff"),
      fc.constantFrom("0", "db8", "ff9b", "7f00", "8000"),
      fc.constantFrom("0", "1", "8000"),
      fc.constantFrom("0", "ffff"),
      fc.constantFrom("0", "1"),
      fc.constantFrom("0", "ffff"),
      fc.constantFrom("0", "7f00", "a00"),
      fc.constantFrom("0", "1", "ffff"),
    )
    .map((groups) => groups.join(":"));
  const anyAddress = fc.oneof(address4, address6);
  const prefix = fc
    .oneof(
      fc.tuple(address4, fc.integer({ min: 0, max: 32 })),
      fc.tuple(address6, fc.integer({ min: 0, max: 128 })),
    )
    .map(([text, length]) => masked(text, length));
  const options = fc.record({
    preset: fc.constantFrom("crate" as const, "public-only" as const, "lan" as const, "turn-server" as const),
    allow: fc.array(prefix, { maxLength: 8 }),
    deny: fc.array(prefix, { maxLength: 8 }),
    unlisted: fc.constantFrom("preset" as const, "deny" as const),
    own: fc.array(
      anyAddress.filter((text) => !/^[0.:]+$/.test(text)),
      { maxLength: 2 },
    ),
    nat64Prefixes: fc.subarray(["2001:db8::/32", "64:ff9b:1::/48", "3fff::/96", "2002:7f00:1:ffff::/64"]),
  });

  it("decides as the rules read one after the other, for any rules and any address", () => {
    fc.assert(
      fc.property(options, fc.array(anyAddress, { minLength: 1, maxLength: 20 }), (drawn, texts) => {
        const allow = drawn.allow.filter((text) => !drawn.deny.includes(text));
        const policy = new AddressPolicy({ ...drawn, allow });
        for (const text of [...texts, ...drawn.allow.map((item) => item.replace(/\/.*/, ""))]) {
          const endpoint = parseAddress(text, 5_000);
          const verdict = policy.judge(endpoint);
          const explained = policy.explain(endpoint);
          expect(explained).toContain(
            verdict === 0 ? " is accepted: " : ` is refused (${reasonName(verdict)}): `,
          );
        }
      }),
      { numRuns: 600 },
    );
  });
});

/** The prefix of that length around an address, in text. */
function masked(text: string, length: number): string {
  const v6 = text.includes(":");
  const [groups, bits] = v6
    ? [text.split(":").map((group) => parseInt(group, 16)), 16]
    : [text.split(".").map(Number), 8];
  const kept = groups.map((group, index) => {
    const own = Math.max(0, Math.min(bits, length - bits * index));
    return group & ((2 ** bits - 1) ^ (2 ** (bits - own) - 1));
  });
  return `${kept.map((group) => group.toString(v6 ? 16 : 10)).join(v6 ? ":" : ".")}/${length}`;
}
