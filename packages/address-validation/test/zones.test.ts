import { networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import {
  endpointFromBytes,
  endpointsEqual,
  formatAddress,
  installZones,
  parseAddress,
  zonesFromNetworkInterfaces,
} from "../src/index.ts";

afterEach(() => {
  installZones(undefined);
});

const interfaces = {
  lo: [{ scopeid: 0 }, {}],
  eth0: [{}, { scopeid: 0 }, { scopeid: 4 }],
  wlan0: [{ scopeid: 7 }],
  gone: undefined,
};
const linkLocal = Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

describe("zones", () => {
  it("makes one endpoint of a name and of an index", () => {
    installZones(zonesFromNetworkInterfaces(interfaces));
    const byName = parseAddress("fe80::1%eth0", 9);
    const byIndex = endpointFromBytes(linkLocal, 0, 6, 9, 4);
    expect(endpointsEqual(byName, byIndex)).toBe(true);
    expect(endpointsEqual(byName, parseAddress("fe80::1%wlan0", 9))).toBe(false);
    expect(endpointsEqual(byName, parseAddress("fe80::1", 9))).toBe(false);
  });

  it("writes the name where it is known, else the number, and reads both back", () => {
    installZones(zonesFromNetworkInterfaces(interfaces));
    expect(formatAddress(parseAddress("fe80::1%4"))).toBe("fe80::1%eth0");
    expect(formatAddress(parseAddress("fe80::1%5"))).toBe("fe80::1%5");
    const hashed = parseAddress("fe80::1%unheard-of");
    expect(hashed.zone).toBeGreaterThanOrEqual(2 ** 31);
    expect(parseAddress(formatAddress(hashed))).toEqual(hashed);
  });

  it("tells interfaces apart without a resolver, the same way in every thread", async () => {
    const here = ["eth0", "eth1", "Ethernet", "wlp0s20f3"].map(
      (name) => parseAddress(`fe80::1%${name}`).zone,
    );
    expect(new Set(here).size).toBe(4);
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./zones-worker.${ending}`, import.meta.url));
    const there = await new Promise<number[]>((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    });
    await worker.terminate();
    expect(there).toEqual(here);
  });

  it("does not trust a resolver's numbers", () => {
    const unknown = parseAddress("fe80::1%eth0").zone;
    for (const index of [-1, 0.5, NaN, 2 ** 31, 2 ** 32]) {
      installZones({ indexOf: () => index, nameOf: () => "x" });
      expect(parseAddress("fe80::1%eth0").zone).toBe(unknown);
    }
    // A name that means something else is not written.
    installZones({ indexOf: (name) => (name === "a" ? 1 : 0), nameOf: () => "a" });
    expect(formatAddress(parseAddress("fe80::1%2"))).toBe("fe80::1%2");
    expect(formatAddress(parseAddress("fe80::1%1"))).toBe("fe80::1%a");
  });

  it("returns the resolver before, so that it can be put back", () => {
    const mine = zonesFromNetworkInterfaces(interfaces);
    expect(installZones(mine)).toBeUndefined();
    expect(installZones(undefined)).toBe(mine);
  });

  it("reads this host's own interfaces", () => {
    const here = networkInterfaces();
    const resolver = zonesFromNetworkInterfaces(here);
    for (const [name, addresses] of Object.entries(here)) {
      const scopeid = addresses
        ?.map((address) => ("scopeid" in address ? address.scopeid : 0))
        .find((id) => id);
      if (scopeid === undefined) expect(resolver.indexOf(name)).toBe(0);
      else expect(resolver.nameOf(resolver.indexOf(name))).toBe(name);
    }
  });
});
