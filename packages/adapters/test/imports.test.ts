import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = new URL("../src/", import.meta.url);
/** Compiled suites (Node 20) read compiled sources. */
const extension = extname(import.meta.url);

/** Every module that importing `entry` loads, by the import statements of the sources. Types load nothing. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (url: URL): void => {
    const path = fileURLToPath(url).slice(fileURLToPath(source).length);
    const name = path.slice(0, -extension.length);
    if (files.has(name)) return;
    files.add(name);
    const text = readFileSync(url, "utf8");
    const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gms);
    for (const [, specifier] of statements) {
      if (specifier!.startsWith(".")) visit(new URL(specifier!, url));
      else packages.add(specifier!);
    }
  };
  visit(new URL(`${entry}${extension}`, source));
  return { files, packages };
}

const validation = "@udp-relay/address-validation";

describe("importing one transport", () => {
  const shared = ["node:fs", "node:os", validation];
  for (const [entry, packages] of [
    ["transport/node", [...shared, "node:dgram"]],
    ["transport/bun", shared],
    ["transport/linux", [...shared, "node:dgram", "node:util", "@udp-relay/atomics-layout/memory"]],
    ["transport/uwebsockets", ["node:os", validation]],
    ["transport/memory", ["node:os", validation, "@udp-relay/quality-analyzer/simulation"]],
  ] as const) {
    it(`${entry} loads no other transport, no table and no package but its own`, () => {
      const loaded = loadedBy(entry);
      expect([...loaded.packages].sort()).toEqual([...packages].sort());
      const others = ["node", "bun", "uwebsockets", "memory", "linux"].map((name) => `transport/${name}`);
      expect(others.filter((other) => loaded.files.has(other))).toEqual([entry]);
      expect([...loaded.files].filter((file) => file.startsWith("compose/"))).toEqual([]);
    });
  }

  it("is judged by statements that this test can see", () => {
    expect(loadedBy("transport/node").files).toContain("transport/send-queue");
    expect(loadedBy("transport/node").files).not.toContain("transport/bun");
  });
});
