import { describe, expect, it } from "vitest";
import { addressBlocks, classify, multicastScope, parseAddress } from "../src/index.ts";
import { edgesOf } from "./prefix-edges.ts";

describe("classify", () => {
  it("finds every block by its first and last address, except where a longer block begins or ends there", () => {
    const unreachable: string[] = [];
    for (const block of addressBlocks) {
      const found = edgesOf(block.prefix).map((address) => classify(address).block);
      for (const other of found) {
        // What is found instead must be a longer block of the registries.
        if (other !== block) expect(lengthOf(other!.prefix)).toBeGreaterThan(lengthOf(block.prefix));
      }
      if (!found.includes(block)) unreachable.push(block.prefix);
    }
    // ::/8 begins with ::/96 and ends with nothing special: found. 0.0.0.0/32 is found. Mapped addresses are IPv4.
    expect(unreachable).toEqual(["::ffff:0:0/96"]);
  });

  it("finds the whole mapped block in IPv4", () => {
    expect(edgesOf("::ffff:0:0/96").map((address) => classify(address).addressClass)).toEqual([
      "unspecified",
      "broadcast",
    ]);
  });

  it("lets the more specific of two nested rows decide", () => {
    const classOf = (text: string): string => classify(parseAddress(text)).addressClass;
    expect(classOf("192.0.0.9")).toBe("anycast-service");
    expect(classOf("192.0.0.8")).toBe("dummy");
    expect(classOf("192.0.0.7")).toBe("service-continuity");
    expect(classOf("192.0.0.11")).toBe("protocol-assignment");
    expect(classOf("2001:1::4")).toBe("protocol-assignment");
    expect(classOf("2001:1::3")).toBe("anycast-service");
    expect(classOf("2001:db8::")).toBe("documentation");
    expect(classOf("2001:200::")).toBe("global");
    expect(classOf("100:0:0:1::")).toBe("dummy");
    expect(classOf("100:0:0:2::")).toBe("reserved");
    expect(classOf("8.8.8.8")).toBe("global");
  });
});

describe("embedded IPv4", () => {
  const embeddedIn = (text: string): unknown => {
    const { embedded } = classify(parseAddress(text, 7));
    return embedded && [embedded.embedding, embedded.address, embedded.classification.addressClass];
  };

  it.each([
    ["::7f00:1", "ipv4-compatible", "127.0.0.1", "loopback"],
    ["::2", "ipv4-compatible", "0.0.0.2", "this-network"],
    ["::ffff:0:127.0.0.1", "ipv4-translated", "127.0.0.1", "loopback"],
    ["2002:c000:204::1", "6to4", "192.0.2.4", "documentation"],
    ["2002:a01:203::1", "6to4", "10.1.2.3", "private"],
    ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "teredo", "192.0.2.45", "documentation"],
    ["64:ff9b::8.8.8.8", "nat64", "8.8.8.8", "global"],
    ["64:ff9b:1:fffe::10.0.0.1", "nat64-local-use", "10.0.0.1", "private"],
  ])("%s is %s of %s", (text, embedding, address, addressClass) => {
    expect(embeddedIn(text)).toEqual([embedding, parseAddress(address, 7), addressClass]);
  });

  it("is not seen where there is none", () => {
    for (const text of [
      "::",
      "::1",
      "2001:1::1",
      "2003::1",
      "2001:db8::1.2.3.4",
      "64:ff9b:2::1.2.3.4",
      "1.2.3.4",
    ]) {
      expect(embeddedIn(text)).toBeUndefined();
    }
  });

  it("has the Teredo server too", () => {
    // The example of RFC 4380's Wikipedia article and of Python's documentation.
    const { embedded } = classify(parseAddress("2001:0000:4136:e378:8000:63bf:3fff:fdd2"));
    expect(embedded?.server).toEqual(parseAddress("65.54.227.120"));
    expect(embedded?.serverClassification?.addressClass).toBe("global");
  });
});

describe("multicastScope", () => {
  it.each([
    ["ff00::1", "reserved"],
    ["ff01::1", "interface-local"],
    ["ff02::1", "link-local"],
    ["ff33::1", "realm-local"],
    ["ff14::1", "admin-local"],
    ["ff05::1:3", "site-local"],
    ["ff06::1", "unassigned"],
    ["ff08::1", "organization-local"],
    ["ff3e::8000:1", "global"],
    ["ffff::1", "reserved"],
    ["224.0.0.0", "link-local"],
    ["224.0.0.255", "link-local"],
    ["224.0.1.0", "global"],
    ["232.1.2.3", "global"],
    ["238.255.255.255", "global"],
    ["239.0.0.0", "unassigned"],
    ["239.191.255.255", "unassigned"],
    ["239.192.0.0", "organization-local"],
    ["239.195.255.255", "organization-local"],
    ["239.196.0.0", "unassigned"],
    ["239.254.255.255", "unassigned"],
    ["239.255.0.0", "realm-local"],
    ["239.255.255.255", "realm-local"],
    ["223.255.255.255", undefined],
    ["240.0.0.0", undefined],
    ["fe80::1", undefined],
  ])("of %s is %s", (text, scope) => {
    expect(multicastScope(parseAddress(text))).toBe(scope);
    expect(classify(parseAddress(text)).multicastScope).toBe(scope);
  });
});

function lengthOf(prefix: string): number {
  const length = Number(prefix.slice(prefix.indexOf("/") + 1));
  return prefix.includes(":") ? length : length + 96;
}
