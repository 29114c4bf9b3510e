import { describe, expect, it } from "vitest";
import { AddressPolicy, parseAddress, parseEndpoint, reasonName } from "../src/index.ts";
import { codeOf, reasonOf } from "./verdicts.ts";

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

describe("rules that JavaScript lets through", () => {
  const words = parseEndpoint("8.8.8.8:53");
  it.each([
    ["a misspelt rule", { denny: ["8.8.8.0/24"] }, "denny"],
    ["a rule of the wrong case", { peerrelays: ["8.8.8.8"] }, "peerrelays"],
    ["one text for a list", { deny: "8.8.8.0/24" }, '["8.8.8.0/24"]'],
    ["one address for a list", { own: "8.8.8.8" }, "own"],
    ["another word for deny", { unlisted: "refuse" }, '"refuse"'],
    ["ports as a list", { ports: ["1024-65535"] }, "ports"],
    ["ports as a text", { ports: "1024-65535" }, "ports"],
    ["a misspelt rule of ports", { ports: { denied: [53] } }, "denied"],
    ["one port for a list", { ports: { deny: 53 } }, "ports.deny"],
    ["no rules at all", null, "policy"],
    ["a rinfo for an endpoint", { own: [{ address: "8.8.8.8", port: 53 }] }, "wildcard"],
  ])("are refused, and not left out: %s", (_, rules, named) => {
    const made = (): unknown => new AddressPolicy(rules as never);
    expect(codeOf(made)).toBe("ERR_ADDRESS_POLICY");
    expect(made).toThrow(named);
    expect(codeOf(() => AddressPolicy.preset("lan").extend(rules as never))).toBe("ERR_ADDRESS_POLICY");
  });

  it("are as if they were absent when they are undefined, unknown ones too", () => {
    const rules = { deny: undefined, ports: undefined, unlisted: undefined, denny: undefined };
    expect(new AddressPolicy(rules as never).judge(words)).toBe(0);
    expect(AddressPolicy.preset("crate", { ports: { allow: undefined } }).judge(words)).toBe(0);
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
