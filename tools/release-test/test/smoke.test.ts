import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { releasedPackages, runsOn, withDependents } from "../src/index.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const packages = releasedPackages(root);
const named = (folder: string): (typeof packages)[number] => packages.find((one) => one.folder === folder)!;

describe("the packages of a release", () => {
  it("come after what they depend on", () => {
    const order = packages.map(({ name }) => name);
    for (const { name, dependencies } of packages) {
      for (const dependency of dependencies)
        expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(name));
    }
    expect(order.at(-1)).toBe("@udp-relay/relay");
  });

  it("know who depends on them, through others too", () => {
    expect([...withDependents(packages, "@udp-relay/clock")].sort()).toEqual([
      "@udp-relay/adapters",
      "@udp-relay/clock",
      "@udp-relay/relay",
      "@udp-relay/tunnel-client",
    ]);
    expect([...withDependents(packages, "@udp-relay/relay")]).toEqual(["@udp-relay/relay"]);
  });

  it("run on the versions of their engines", () => {
    expect(runsOn(named("clock"), "20.20.2")).toBe(true);
    expect(runsOn(named("clock"), "20.18.0")).toBe(false);
    expect(runsOn(named("relay"), "20.20.2")).toBe(false);
    expect(runsOn(named("relay"), "22.23.3")).toBe(true);
    expect(runsOn(named("relay"), "26.10.0")).toBe(true);
  });

  it("are imported by the names that their exports give", () => {
    expect(named("quality-analyzer").entryPoints).toContain("@udp-relay/quality-analyzer/simulation");
    expect(named("clock").entryPoints).not.toContain("@udp-relay/clock/package.json");
  });
});
