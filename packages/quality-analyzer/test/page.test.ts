import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

/** What a page gets that imports the analyzer and the simulation: bundled for browsers. */
async function bundle(): Promise<Rolldown.OutputChunk[]> {
  const entry = fileURLToPath(new URL("./programs/page-entry.ts", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@udp-relay/source", "browser", "module", "import", "default"] },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry, formats: ["es"], fileName: "quality" },
    },
  });
  const [{ output }] = result as Rolldown.RolldownOutput[] as [Rolldown.RolldownOutput];
  return output.filter((file) => file.type === "chunk");
}

let chunks: Rolldown.OutputChunk[];
beforeAll(async () => {
  chunks = await bundle();
});

describe("in a page", () => {
  it("needs nothing of Node's, no region, no WebAssembly and no shared memory", () => {
    expect(chunks).toHaveLength(1);
    const [{ code, imports, dynamicImports }] = chunks as [Rolldown.OutputChunk];
    expect([...imports, ...dynamicImports]).toEqual([]);
    expect(code).not.toMatch(/node:|WebAssembly|SharedArrayBuffer|class Region/);
  });

  it("measures, without cross-origin isolation", () => {
    const context = vm.createContext({});
    vm.runInContext("delete globalThis.SharedArrayBuffer; delete globalThis.WebAssembly", context);
    const script = chunks[0]!.code.replace(/export \{([^}]*)\};?\s*$/, "Object.assign(globalThis, {$1});");
    vm.runInContext(script, context);
    const run = (code: string): unknown => vm.runInContext(code, context) as unknown;
    run(`var quality = new QualityAnalyzer(); var link = new SimulatedLink({ delayMs: 20, loss: { kind: "independent", perMille: 100 } });
      for (let i = 0; i < 1000; i++) if (link.send(100, i * 20) > 0) quality.recordSequence(i, link.arrivalMs(0), i * 20);
      quality.recordRtt(40);`);
    expect(run("quality.lifetime.lost")).toBe(run("link.truth.lost"));
    expect(run("quality.lifetime.lost > 50 && quality.jitterMs === 0 && quality.rttMs === 40")).toBe(true);
    expect(run("typeof SharedArrayBuffer + typeof process")).toBe("undefinedundefined");
  });
});
