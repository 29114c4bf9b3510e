import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

/** The main entry as a page gets it: bundled for browsers, with nothing of Node's to resolve to. */
async function bundle(): Promise<Rolldown.OutputChunk[]> {
  const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@udp-relay/source", "browser", "module", "import", "default"] },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry, formats: ["es"], fileName: "clock" },
    },
  });
  const [{ output }] = result as Rolldown.RolldownOutput[] as [Rolldown.RolldownOutput];
  return output.filter((file) => file.type === "chunk");
}

let chunk: Rolldown.OutputChunk;
beforeAll(async () => {
  const chunks = await bundle();
  expect(chunks).toHaveLength(1);
  chunk = chunks[0]!;
});

interface Page {
  run(code: string): unknown;
}

/** The bundle in a realm that has what a page has, and of Node nothing: no process, no setImmediate, no Buffer. */
function openPage(isolated: boolean): Page {
  const context = vm.createContext({
    performance: { now: () => performance.now(), timeOrigin: performance.timeOrigin },
    MessageChannel,
    URL,
    setTimeout,
    // A page's timers are numbers.
    setInterval: (run: () => void, ms: number): number => setInterval(run, ms)[Symbol.toPrimitive](),
    clearInterval,
  });
  const script = chunk.code.replace(/export \{([^}]*)\};?\s*$/, "Object.assign(globalThis, {$1});");
  if (!isolated) vm.runInContext("delete globalThis.SharedArrayBuffer", context);
  // `import.meta` exists in modules only.
  vm.runInContext(script.replaceAll("import.meta.url", '"https://page.example/clock.js"'), context);
  return { run: (code) => vm.runInContext(code, context) as unknown };
}

const codeOf = (call: string): string =>
  `(() => { try { ${call}; return "none"; } catch (error) { return error.code ?? String(error); } })()`;

describe("in a page", () => {
  it("needs nothing of Node's", () => {
    expect([...chunk.imports, ...chunk.dynamicImports]).toEqual([]);
    expect(chunk.code).not.toMatch(/(from|import|import\(|require\()\s*["']node:/);
    expect(openPage(true).run("typeof process + typeof setImmediate + typeof CoarseClock")).toBe(
      "undefinedundefinedfunction",
    );
  });

  it("reads, updates and dates", () => {
    const page = openPage(true);
    page.run("var clock = new CoarseClock(); var tick = clock.update()");
    expect(page.run("clock.recentMs() === tick && clock.stalenessMs() < 1000")).toBe(true);
    expect(page.run("Math.abs(clock.unixMs(tick) - Date.now()) < 1000")).toBe(true);
    expect(page.run("CoarseClock.attach(clock.shared).recentMs() - tick < 1000")).toBe(true);
  });

  it("has a clock of its own without cross-origin isolation, and a typed error where it would leave its thread", () => {
    const page = openPage(false);
    expect(page.run("typeof SharedArrayBuffer")).toBe("undefined");
    page.run("var clock = new CoarseClock()");
    expect(page.run("clock.update() === clock.recentMs() && clock.stalenessMs() < 1000")).toBe(true);
    expect(page.run(codeOf("clock.shared"))).toBe("ERR_CLOCK_NOT_SHAREABLE");
    expect(page.run(codeOf("clock.startTickerThread()"))).toBe("ERR_CLOCK_NOT_SHAREABLE");
    expect(page.run(codeOf("new CoarseClock({ buffer: new ArrayBuffer(64) })"))).toBe(
      "ERR_CLOCK_BUFFER_NOT_SHARED",
    );
  });

  it("says so when it cannot start threads", () => {
    const page = openPage(true);
    page.run("var clock = new CoarseClock()");
    expect(page.run(codeOf("clock.startTickerThread()"))).toBe("ERR_CLOCK_TICKER_THREAD");
  });

  it("ticks", async () => {
    const page = openPage(true);
    page.run("var clock = new CoarseClock(); var tick = clock.recentMs(); var ticker = clock.startTicker()");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(page.run("clock.recentMs() - tick > 10 && ticker.running")).toBe(true);
    page.run("ticker.stop()");
    expect(page.run("ticker.running")).toBe(false);
  });

  it("ends a turn by a message to itself", async () => {
    const page = openPage(true);
    page.run("var clock = new CoarseClock(); var turns = clock.oncePerTurn(); var tick = turns.recentMs()");
    page.run("var until = clock.nowMs() + 5; while (clock.nowMs() < until);");
    expect(page.run("turns.recentMs() === tick")).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(page.run("turns.recentMs() - tick >= 5")).toBe(true);
    // The channel keeps a Node process alive; a page's ends with the page.
    page.run("turns[Symbol.dispose]()");
  });
});
