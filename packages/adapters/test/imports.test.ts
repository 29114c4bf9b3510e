import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = new URL("../src/", import.meta.url);

/** Every module that importing `entry` loads, by the import statements of the sources. Types load nothing. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (url: URL): void => {
    const path = fileURLToPath(url).slice(fileURLToPath(source).length);
    if (files.has(path)) return;
    files.add(path);
    const text = readFileSync(url, "utf8");
    const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gms);
    for (const [, specifier] of statements) {
      if (specifier!.startsWith(".")) visit(new URL(specifier!, url));
      else packages.add(specifier!);
    }
  };
  visit(new URL(entry, source));
  return { files, packages };
}

const validation = "@udp-relay/address-validation";

describe("importing one transport", () => {
  const shared = ["node:fs", "node:os", validation];
  for (const [entry, packages] of [
    ["transport/node.ts", [...shared, "node:dgram"]],
    ["transport/bun.ts", shared],
    ["transport/linux.ts", [...shared, "node:dgram", "node:util", "@udp-relay/atomics-layout/memory"]],
    ["transport/uwebsockets.ts", ["node:os", validation]],
    ["transport/memory.ts", ["node:os", validation, "@udp-relay/quality-analyzer/simulation"]],
  ] as const) {
    it(`${entry} loads no other transport, no table and no package but its own`, () => {
      const loaded = loadedBy(entry);
      expect([...loaded.packages].sort()).toEqual([...packages].sort());
      const others = ["node", "bun", "uwebsockets", "memory", "linux"].map((name) => `transport/${name}.ts`);
      expect(others.filter((other) => loaded.files.has(other))).toEqual([entry]);
      expect([...loaded.files].filter((file) => file.startsWith("compose/"))).toEqual([]);
    });
  }

  it("is judged by statements that this test can see", () => {
    expect(loadedBy("transport/node.ts").files).toContain("transport/send-queue.ts");
    expect(loadedBy("transport/node.ts").files).not.toContain("transport/bun.ts");
  });
});
