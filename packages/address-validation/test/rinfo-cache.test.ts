import { afterEach, describe, expect, it } from "vitest";
import { AddressError, endpointFromRinfo, installZones, parseAddress, RinfoCache } from "../src/index.ts";
import { Random } from "./random.ts";

afterEach(() => {
  installZones(undefined);
});

const randomAddress = (random: Random): string =>
  [1 + random.below(223), random.below(256), random.below(256), random.below(256)].join(".");

describe("RinfoCache", () => {
  it("answers with one frozen object as long as nothing replaced it", () => {
    const cache = new RinfoCache(64);
    const first = cache.find("1.2.3.4", 5678);
    expect(cache.find(["1", "2", "3", "4"].join("."), 5678)).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
  });

  it("never confuses addresses or ports, however small it is", () => {
    const random = new Random(3);
    const cache = new RinfoCache(16);
    const peers = Array.from({ length: 200 }, () => ({
      address: randomAddress(random),
      port: random.below(65_536),
    }));
    // One address from several ports, which meet in a cache of 16 places.
    for (let port = 1; port < 65_536; port += 1_024) peers.push({ address: "203.0.113.77", port });
    for (let i = 0; i < 50_000; i++) {
      const { address, port } = random.pick(peers);
      const endpoint = cache.find(address, port)!;
      if (endpoint.port !== port || endpoint.a3 !== parseAddress(address).a3)
        expect.unreachable(`${address}:${port}`);
    }
  });

  it("replaces entries and never rewrites what it handed out", () => {
    const cache = new RinfoCache(16);
    const mine = cache.find("203.0.113.77", 5000)!;
    const copy = { ...mine };
    const random = new Random(4);
    for (let i = 0; i < 10_000; i++) cache.find(randomAddress(random), 5000);
    expect(mine).toEqual(copy);
    const again = cache.find("203.0.113.77", 5000)!;
    expect(again).toEqual(copy);
    expect(again).not.toBe(mine);
  });

  it("keeps clients that share one port apart, and still finds them", () => {
    const cache = new RinfoCache();
    const addresses = Array.from({ length: 500 }, (_, i) => `198.${18 + (i & 1)}.${i >> 1}.${(i * 7) % 251}`);
    const first = addresses.map((address) => cache.find(address, 5000)!);
    const kept = addresses.filter((address, index) => cache.find(address, 5000) === first[index]).length;
    // A cache by port alone would keep one; two of 500 in 16,384 places meet now and then.
    expect(kept).toBeGreaterThan(470);
  });

  it("answers undefined for what is no address or port, and does not remember it", () => {
    const cache = new RinfoCache(16);
    for (const [address, port] of [
      ["", 1],
      ["", -1],
      ["localhost", 1],
      ["1.2.3.4", -1],
      ["1.2.3.4", 65_536],
      ["1.2.3.4", NaN],
      ["1.2.3.4", 1.5],
      ["fe80::1%", 1],
      ["2001:db8::1%eth0", 1],
      [undefined, 1],
      [4, 1],
      ["1.2.3.4", "5"],
      ["1.2.3.4", undefined],
    ] as [string, number][]) {
      expect(cache.find(address, port)).toBeUndefined();
      expect(cache.find(address, port)).toBeUndefined();
    }
  });

  it("knows the wildcard address, with which unused places are filled", () => {
    expect(new RinfoCache(16).find("0.0.0.0", 0)).toEqual(parseAddress("0.0.0.0", 0));
    expect(new RinfoCache(16).find("::", 0)).toEqual(parseAddress("::", 0));
  });

  it("refuses a capacity that is no power of two of 16..1048576", () => {
    for (const capacity of [0, 1, 8, 17, 1 << 21, 2.5, NaN, -16]) {
      expect(() => new RinfoCache(capacity)).toThrow(AddressError);
    }
    expect(new RinfoCache(1 << 20).capacity).toBe(1 << 20);
  });

  it("forgets what zone names meant when another resolver is installed", () => {
    const cache = new RinfoCache(16);
    const rinfo = { address: "fe80::1%eth0", port: 9 };
    const hashed = cache.find(rinfo.address, rinfo.port)!;
    expect(endpointFromRinfo(rinfo)).toEqual(hashed);
    installZones({ indexOf: () => 4, nameOf: () => "eth0" });
    expect(cache.find(rinfo.address, rinfo.port)!.zone).toBe(4);
    expect(endpointFromRinfo(rinfo).zone).toBe(4);
    expect(hashed.zone).toBeGreaterThanOrEqual(2 ** 31);
  });
});

describe("endpointFromRinfo", () => {
  it("throws the typed error for what no socket reports", () => {
    for (const rinfo of [
      { address: "nonsense", port: 1 },
      { address: "1.2.3.4", port: 65_536 },
    ]) {
      expect(() => endpointFromRinfo(rinfo)).toThrow(AddressError);
    }
  });
});
