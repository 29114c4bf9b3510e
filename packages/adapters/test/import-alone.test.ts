import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { onBun } from "./conformance/native-adapter.ts";
import { linuxHere } from "./linux/linux-adapter.ts";

/** Compiled suites (Node 20) run compiled programs. */
const extension = extname(import.meta.url);
const packages = new URL("../../", import.meta.url);
const run = promisify(execFile);
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What the program ends with, having imported an entry where no package but those named is installed. */
async function alone(installed: readonly string[], entry: string, ...more: string[]): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "adapters-alone-"));
  folders.push(folder);
  mkdirSync(join(folder, "node_modules/@udp-relay"), { recursive: true });
  for (const name of ["adapters", ...installed]) {
    const to = join(folder, "packages", name);
    for (const part of ["package.json", "src"]) {
      cpSync(fileURLToPath(new URL(`${name}/${part}`, packages)), join(to, part), { recursive: true });
    }
    symlinkSync(to, join(folder, "node_modules/@udp-relay", name), "junction");
  }
  const program = join(folder, `alone${extension === ".js" ? ".mjs" : extension}`);
  cpSync(fileURLToPath(new URL(`./imports/alone${extension}`, import.meta.url)), program);
  const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
  const { stdout } = await run(process.execPath, [...conditions, program, entry, ...more], {
    timeout: 25_000,
  });
  return JSON.parse(stdout);
}

const validation = "address-validation";
const unsupported = (message: RegExp): object => ({
  ...{ name: "AdapterError", code: "ERR_ADAPTER_UNSUPPORTED" },
  message: expect.stringMatching(message) as string,
});

describe("in a process where nothing else is installed", () => {
  it("./node works on Node, and says on Bun that it does not", async () => {
    const expected = onBun ? unsupported(/Bun/) : { kind: "node" };
    expect(await alone([validation], "./node")).toEqual(expected);
  });

  it("./bun works on Bun, and says elsewhere that it does not", async () => {
    const expected = onBun ? { kind: "bun" } : unsupported(/Bun/);
    expect(await alone([validation], "./bun")).toEqual(expected);
  });

  it("./linux works by what Bun has of its own, and names what is missing on Node", async () => {
    const refused = unsupported(linuxHere ? /npm install koffi/ : /Linux/);
    const expected = linuxHere && onBun ? { kind: "linux" } : refused;
    expect(await alone([validation, "atomics-layout"], "./linux")).toEqual(expected);
  });

  it("./memory works anywhere", async () => {
    expect(await alone([validation, "quality-analyzer"], "./memory")).toEqual({ kind: "memory" });
  });

  it("./uwebsockets works with any app of that shape, and refuses none", async () => {
    expect(await alone([validation], "./uwebsockets")).toEqual({ kind: "uwebsockets" });
    expect(await alone([validation], "./uwebsockets", "none")).toMatchObject({ code: "ERR_ADAPTER_OPTION" });
  });

  it("openTransport chooses what there is, and says why not another", async () => {
    const all = [validation, "atomics-layout", "clock", "quality-analyzer", "sharded-map", "tunnel-client"];
    const [kind, reason] = onBun
      ? ["bun", /^bun: /]
      : ["node", linuxHere ? /^node: linux is not to be had \(.*koffi/ : /^node: linux is not to be had/];
    expect(await alone(all, ".")).toEqual({ kind, reason: expect.stringMatching(reason) as string });
  });
});
