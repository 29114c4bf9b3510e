import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findSuites } from "../src/suites.ts";

const packages = new URL("../../../packages/", import.meta.url);

describe("the packages' lists", () => {
  it("name files that are there, each once", () => {
    const suites = findSuites([], undefined);
    expect(suites.length).toBeGreaterThan(0);
    for (const { packageName, files } of suites) {
      expect(new Set(files).size).toBe(files.length);
      for (const file of files) {
        expect(
          existsSync(new URL(`${packageName}/test/${file}.test.ts`, packages)),
          `${packageName}/${file}`,
        ).toBe(true);
      }
    }
  });

  it("leave out nothing of the adapters but what is Bun's alone, and what meets no runtime: virtual time, a made-up kernel", () => {
    const files = findSuites(["adapters"], undefined).flatMap((suite) => suite.files);
    const written = readdirSync(new URL("adapters/test", packages))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => name.slice(0, -".test.ts".length));
    expect(written.filter((name) => !files.includes(name))).toEqual([
      "accepted-senders",
      "bun",
      "client-classes",
      "linux-ring-fuzz",
      "overload",
      "relay-endpoint",
      "relay-priority",
    ]);
  });

  it("are narrowed by package and by a part of a file's name", () => {
    expect(findSuites(["adapters"], "linux-sup")).toEqual([
      { packageName: "adapters", files: ["linux-supervised"] },
    ]);
    expect(findSuites(["no such package"], undefined)).toEqual([]);
  });
});
