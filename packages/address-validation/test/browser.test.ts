import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";

const onBun = "Bun" in globalThis;
const source = new URL("../src/", import.meta.url);

describe("in a browser", () => {
  it("imports nothing but its own files and names no global of Node", () => {
    for (const name of readdirSync(source)) {
      const text = readFileSync(new URL(name, source), "utf8");
      for (const [, specifier] of text.matchAll(/\b(?:from|import\()\s*"([^"]+)"/g)) {
        expect([name, specifier]).toEqual([name, expect.stringMatching(/^\.\/[\w.-]+\.ts$/)]);
      }
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      expect([name, /\b(?:process|Buffer|require|global|setImmediate)\b\s*[.(]/.exec(code)]).toEqual([
        name,
        null,
      ]);
    }
  });

  it.skipIf(onBun)("runs, bundled, where there are only ECMAScript's own globals", async () => {
    const { build } = await import("vite");
    const result = await build({
      configFile: false,
      logLevel: "silent",
      resolve: { conditions: ["@udp-relay/source"] },
      build: {
        write: false,
        target: "es2023",
        lib: { entry: fileURLToPath(new URL("index.ts", source)), formats: ["iife"], name: "addresses" },
      },
    });
    const bundle = Array.isArray(result) ? result[0] : result;
    if (bundle === undefined || !("output" in bundle)) return expect.unreachable("vite built nothing");
    const { code } = bundle.output[0];
    // What a page downloads: the README says 10 kB.
    expect(gzipSync(code).length).toBeLessThan(10_500);
    const context = createContext(Object.create(null) as object, {
      codeGeneration: { strings: false, wasm: false },
    });
    expect(
      runInContext(
        `${code};
        const policy = addresses.AddressPolicy.preset("public-only");
        [
          addresses.formatEndpoint(addresses.parseEndpoint("[2001:DB8::1]:53")),
          addresses.reasonName(policy.judgeRinfo({ address: "::ffff:10.0.0.1", port: 53 })),
          addresses.validateAddress("1.2.3.4", 5678),
        ].join(" ");`,
        context,
      ),
    ).toBe("[2001:db8::1]:53 private true");
  });
});
