import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { RelayError } from "@udp-relay/relay";
import { readCommandLine } from "../src/config/config-sources.ts";
import { refusedRuntime } from "../src/runtime-version.ts";
import { runCli } from "./run-cli.ts";

const read = (args: string[], environment: Record<string, string> = {}) =>
  readCommandLine(args, environment)?.config;
const refusal = (args: string[], environment: Record<string, string> = {}): string => {
  try {
    read(args, environment);
  } catch (error) {
    if (error instanceof RelayError && error.code === "ERR_RELAY_CONFIG") return error.message;
    throw error;
  }
  return "accepted";
};

describe("the command line", () => {
  it("takes flags before the environment before the defaults", () => {
    expect(read([])).toMatchObject({ port: 50_001, maxClients: 200, strict: false });
    expect(read([], { UDP_RELAY_PORT: "4000", UDP_RELAY_STRICT: "1" })).toMatchObject({
      port: 4000,
      strict: true,
    });
    expect(read(["--port", "5000"], { UDP_RELAY_PORT: "4000" })).toMatchObject({ port: 5000 });
    expect(read(["--allow", "127.0.0.0/8,::1/128", "--duration", "1.5"])).toMatchObject({
      allow: ["127.0.0.0/8", "::1/128"],
      durationSeconds: 1.5,
    });
  });

  it("names the field, its value and what is allowed", () => {
    expect(refusal(["--port", "70000"])).toBe('--port is "70000", allowed: an integer from 0 to 65535');
    expect(refusal([], { UDP_RELAY_MAX_CLIENTS: "1" })).toBe(
      'UDP_RELAY_MAX_CLIENTS is "1", allowed: an integer from 2 to 1000000',
    );
    expect(refusal(["--protocol", "v9"])).toBe('--protocol is "v9", allowed: v3, v2, demo');
    expect(refusal(["--max-clients", "20000"])).toContain("--max-clients-ceiling");
    expect(refusal(["--wat"])).toContain("unknown option '--wat'");
    expect(refusal(["stray"])).toBe('"stray" is no flag; udp-relay --help lists what there is');
    expect(refusal(["--prot", "5"])).toBe(
      "unknown option '--prot' (did you mean --port?); udp-relay --help lists what there is",
    );
    expect(refusal(["--port"])).toBe("--port needs a value; udp-relay --help lists what there is");
  });
});

describe("the program", () => {
  // Bun has no `--import` of a data: URL, and no version of Node to be too old.
  it.skipIf(process.versions.bun !== undefined)(
    "tells an old Node so, in one sentence, before anything of it is loaded",
    () => {
      const old = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
      const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
      const args = [
        "--conditions=@udp-relay/source",
        "--import",
        `data:text/javascript,${old}`,
        cli,
        "proxy",
      ];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(stderr).toBe("udp-relay: Node is 20.20.2, allowed: Node >= 22.12, or Bun\n");
      expect([status, stdout]).toEqual([2, ""]);
      const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
      expect((JSON.parse(manifest) as { engines: { node: string } }).engines.node).toBe(">=22.12");
      const refused = ["20.20.2", "22.11.9", "22.12.0", "23.0.0", "24.21.0"].map((node) =>
        refusedRuntime(node),
      );
      expect(refused.map((reason) => reason !== undefined)).toEqual([true, true, false, false, false]);
    },
  );

  it.each([
    [["--wat"], "unknown option '--wat'"],
    [["--port", "x"], "--port is"],
    [["--allow", "300.0.0.0/8", "--host", "127.0.0.1"], "300.0.0.0/8"],
  ])("answers %j in one sentence on stderr with exit code 2", async (args, words) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
    expect(stderr).toContain(words);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("says that the port is in use, with exit code 2", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const { port } = socket.address();
    const { code, stderr } = await runCli(["--host", "127.0.0.1", "--port", String(port)]);
    socket.close();
    expect(stderr).toBe(`udp-relay: port ${port} of 127.0.0.1 is in use; --port chooses another\n`);
    expect(code).toBe(2);
  });

  it("prints its version, as packed, with exit code 0", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("prints its help with exit code 0", async () => {
    const { code, stdout, stderr } = await runCli(["--help"]);
    expect(stdout).toContain("--max-clients <value>");
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});
