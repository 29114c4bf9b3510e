import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCommandLine } from "../src/config/config-sources.ts";
import { demoPresets } from "../src/demo/demo-presets.ts";
import {
  configOptions,
  parseConfig,
  printConfig,
  type RelayConfigField,
} from "../src/config/relay-config.ts";
import { Relay, RelayError } from "@udp-relay/relay";

const folder = mkdtempSync(join(tmpdir(), "udp-relay-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: unknown): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(RelayError);
    expect((error as RelayError).code).toBe("ERR_RELAY_CONFIG");
    return (error as RelayError).message;
  }
  throw new Error("nothing was refused");
}

describe("configuration: flags before the environment before the file before the defaults", () => {
  const path = file({ port: 1_001, maxClients: 10, timeoutMs: 20_000, deny: ["203.0.113.0/24"] });

  it("takes each from where it was said most directly", () => {
    const line = readCommandLine(["--config", path, "--port", "1003"], {
      UDP_RELAY_PORT: "1002",
      UDP_RELAY_MAX_CLIENTS: "11",
    });
    expect(line?.config).toMatchObject({
      port: 1_003,
      maxClients: 11,
      timeoutMs: 20_000,
      deny: ["203.0.113.0/24"],
      clientsPerPrefix: 8,
    });
    expect(line?.file).toBe(path);
    expect([...(line?.chosen ?? [])].sort()).toEqual(["deny", "maxClients", "port", "timeoutMs"]);
  });

  it("names the file in the environment, too", () => {
    expect(readCommandLine([], { UDP_RELAY_CONFIG: path })?.config.port).toBe(1_001);
  });

  it("names variables that are no setting: misspelt ones, mostly", () => {
    const environment = { UDP_RELAY_MAXCLIENTS: "3", UDP_RELAY_PORT: "4", HOME: "/", UDP_RELAY_CONFIG: path };
    expect(readCommandLine([], environment)?.unknownVariables).toEqual(["UDP_RELAY_MAXCLIENTS"]);
  });

  it("is the demo's where it or nothing was asked for, and nobody's who sets the relay up otherwise", () => {
    const read = (args: string[], environment: Record<string, string>) =>
      readCommandLine(args, environment, demoPresets(args, environment))?.config;
    const demo = { demo: true, protocol: "demo", host: "127.0.0.1", allow: ["127.0.0.0/8"] };
    expect(read([], { UDP_RELAY_OTHER: "1" })).toMatchObject(demo);
    expect(read(["--demo", "--seed", "3"], {})).toMatchObject({ ...demo, seed: 3 });
    expect(read([], { UDP_RELAY_DEMO: "1", UDP_RELAY_PORT: "5" })).toMatchObject({ ...demo, port: 5 });
    const none = { demo: false, protocol: "v3", host: "0.0.0.0", allow: [] };
    expect(read([], { UDP_RELAY_MAX_CLIENTS: "50" })).toMatchObject({ ...none, maxClients: 50 });
    expect(read([], { UDP_RELAY_CONFIG: file({ maxClients: 60 }) })).toMatchObject({
      ...none,
      maxClients: 60,
    });
    expect(read(["--workers", "2"], {})).toMatchObject(none);
  });

  it("reads back what --print-config prints", () => {
    const line = readCommandLine(
      ["--print-config", "--port", "7", "--strict", "--allow", "10.0.0.0/8,::1/128"],
      {},
    );
    expect(line?.printConfig).toBe(true);
    const again = readCommandLine(["--config", file(printConfig(line!.config))], {});
    expect(again?.config).toEqual(line!.config);
  });

  it("does not print the password", () => {
    expect(printConfig(parseConfig({ maintenancePassword: "open sesame" }))).not.toContain("sesame");
  });

  it("has a flag, a variable and an accepted default for every field", () => {
    for (const { field, flag, variable, defaultValue } of configOptions) {
      expect(flag).toMatch(/^--[a-z0-9-]+$/);
      expect(variable).toMatch(/^UDP_RELAY_[A-Z0-9_]+$/);
      expect(parseConfig({})[field]).toEqual(defaultValue);
    }
    expect(new Set(configOptions.map(({ variable }) => variable)).size).toBe(configOptions.length);
  });
});

describe("configuration: a refusal names the field, its value and what is allowed", () => {
  it.each([
    [["--port", "70000"], '--port is "70000", allowed: an integer from 0 to 65535'],
    [["--port", ""], '--port is "", allowed: an integer from 0 to 65535'],
    [["--timeout-ms", "1.5"], '--timeout-ms is "1.5", allowed: an integer from 1000 to 3600000'],
    [["--host", "example.org"], '--host is "example.org", allowed: an IP address'],
    [["--deny", "1.2.3.4/33"], '--deny is "1.2.3.4/33", allowed: address prefixes such as 203.0.113.0/24'],
    [
      ["--peer-relays", "192.0.2.1,nonsense"],
      '--peer-relays is "192.0.2.1,nonsense", allowed: endpoints such as 192.0.2.1:50001',
    ],
    [["--policy", "lax"], '--policy is "lax", allowed: public-only, lan, turn-server, crate'],
    [
      ["--http", "example.org:1"],
      '--http is "example.org:1", allowed: off, a port (on 127.0.0.1), or ADDRESS:PORT',
    ],
  ])("%j", (args, message) => {
    expect(refusal(() => readCommandLine(args, {}))).toBe(message);
  });

  it.each([
    [["--max-clients", "20000"], "--max-clients is 20000, allowed: an integer from 2 to 10000"],
    [["--protocol", "v2", "--v2-port", "5"], "--v2-port is 5, allowed with --protocol v2: off"],
  ])("%j, each allowed but not together", (args, message) => {
    expect(refusal(() => readCommandLine(args, {}))).toContain(message);
    const [variable] = configOptions.filter(({ flag }) => message.startsWith(flag));
    const [field] = args.slice(-2);
    const rest = args.slice(0, -2);
    const environment = { [variable!.variable]: args.at(-1)! };
    expect(field).toBe(variable!.flag);
    expect(refusal(() => readCommandLine(rest, environment))).toContain(
      message.replace(variable!.flag, variable!.variable),
    );
  });

  it("names the variable", () => {
    expect(refusal(() => readCommandLine([], { UDP_RELAY_MAX_CLIENTS: "many" }))).toBe(
      'UDP_RELAY_MAX_CLIENTS is "many", allowed: an integer from 2 to 1000000',
    );
  });

  it.each([
    [{ port: true }, "port is true, allowed: an integer from 0 to 65535"],
    [{ port: null }, undefined],
    [{ strict: "maybe" }, 'strict is "maybe", allowed: true or false'],
    [{ allow: [1] }, "allow is [1], allowed: address prefixes such as 127.0.0.0/8,::1/128"],
    [
      { maxClients: 20_000 },
      "maxClients is 20000, allowed: an integer from 2 to 10000 (--max-clients-ceiling raises that)",
    ],
  ])("in the file: %j", (content, message) => {
    const read = (): unknown => readCommandLine(["--config", file(content)], {});
    if (message === undefined) expect(read).not.toThrow();
    else expect(refusal(read)).toBe(message);
  });

  it.each([
    ["{", /is no JSON/],
    ["[]", /has to hold one object/],
    ["null", /has to hold one object/],
    ['{"maxClient": 3}', /maxClient: no such field; there are host, port/],
  ])("a file that holds %s", (content, message) => {
    expect(refusal(() => readCommandLine(["--config", file(content)], {}))).toMatch(message);
  });

  it("a field that is none, in a program's settings as in a file's", () => {
    expect(refusal(() => parseConfig({ maxClient: 3, port: 1 } as never))).toMatch(
      /^maxClient: no such field; there are host, port/,
    );
    expect(parseConfig({ maxClient: undefined } as never)).toEqual(parseConfig({}));
  });

  it("settings that nobody checked", async () => {
    const started = Relay.start({ host: "127.0.0.1", port: 0 } as never);
    await expect(started).rejects.toMatchObject({ code: "ERR_RELAY_CONFIG" });
    await expect(started).rejects.toThrow("Relay.start(parseConfig({ port: 50001 }))");
  });

  it("a file that is not there", () => {
    expect(refusal(() => readCommandLine(["--config", join(folder, "none.json")], {}))).toMatch(
      /^configuration file .*none\.json: cannot be read \(ENOENT\)$/,
    );
  });

  it("an unknown flag", () => {
    expect(refusal(() => readCommandLine(["--max-client", "3"], {}))).toMatch(
      /unknown option '--max-client'/,
    );
  });
});

/** What each field refuses: as text, which is all that flags and variables can hold, and in the file. */
const wrong: Readonly<Record<RelayConfigField, { text: readonly string[]; json: readonly unknown[] }>> = {
  host: { text: ["", "localhost", "1.2.3", "1.2.3.4:5"], json: [7, true] },
  port: { text: ["", " ", "-1", "65536", "1.5", "fifty"], json: [true, -1, 65_536, [1]] },
  protocol: { text: ["", "V3", "v4"], json: [3] },
  protocolModule: { text: [], json: [1, true] },
  strict: { text: ["", "yes", "2"], json: [1, "on"] },
  v2Port: { text: ["", "on", "65536", "-1"], json: [false, 70_000] },
  v2RequestsPerMinute: { text: ["-1", "1000001", "many"], json: [-1, 0.5] },
  natPorts: { text: ["8054;3478", "65536", "-1"], json: [8_054, [true], ["x"]] },
  natRequestsPerMinute: { text: ["-1", "1000001", "many"], json: [-1, 0.5] },
  announce: { text: ["master.example", "ftp://master.example"], json: [1] },
  serverName: { text: ["x".repeat(201)], json: [1] },
  masterPassword: { text: ["x".repeat(1_001)], json: [1] },
  maxClients: { text: ["1", "1000001", "2.5", ""], json: [1, "all"] },
  maxClientsCeiling: { text: ["1", "1000001"], json: [1] },
  timeoutMs: { text: ["999", "3600001", "30s"], json: [0] },
  clientsPerPrefix: { text: ["0", "1000001"], json: [0] },
  pingsPerMinute: { text: ["-1", "1000001"], json: [-1] },
  maxDatagramBytes: { text: ["63", "65508"], json: [63] },
  policy: { text: ["", "Public-Only"], json: [1] },
  allow: { text: ["10.0.0.0/33", "10.0.0.0/8;::/0", "x"], json: ["y", 1, [1]] },
  deny: { text: ["10.0.0.0/33", "::/129", "x"], json: ["y", 1, [1]] },
  peerRelays: { text: ["192.0.2.1:65536", "relay.example:1"], json: [1, [1]] },
  pairPacketsPerSecond: { text: ["-1", "1000001"], json: [-1] },
  maintenancePassword: { text: ["x".repeat(1_001)], json: [1] },
  workers: { text: ["-1", "65", "auto"], json: [65, true] },
  transport: { text: ["", "udp"], json: [1] },
  http: {
    text: ["", "65536", "1.2.3.4", "1.2.3.4:65536", "[::1]", "[1:2]:80", "999.1.1.1:80"],
    json: [true, 65_536],
  },
  logLevel: { text: ["", "verbose"], json: [30] },
  logFile: { text: [], json: [1] },
  logAddresses: { text: ["", "none"], json: [true] },
  drainSeconds: { text: ["-1", "31", "0.5"], json: [31] },
  refreshMs: { text: ["99", "60001"], json: [99] },
  dashboard: { text: ["", "true"], json: [true] },
  demo: { text: ["", "yes"], json: [1] },
  seed: { text: ["-1", "4294967296"], json: [-1] },
  durationSeconds: { text: ["-1", "1e10", "Infinity"], json: [-1] },
  json: { text: ["", "yes"], json: [1] },
};

describe.each(configOptions)(
  "configuration: what $field refuses",
  ({ field, flag, variable, isSwitch, allowed }) => {
    const isSecret = field.endsWith("Password");
    const sentence = (name: string, value: unknown): string =>
      `${name} is ${isSecret ? "(not shown)" : JSON.stringify(value)}, allowed: ${allowed}`;

    it("is named with its value and what is allowed: flag, variable and field of the file", () => {
      for (const text of wrong[field].text) {
        if (isSwitch) {
          expect(refusal(() => readCommandLine([`${flag}=${text}`], {}))).toContain(flag);
        } else {
          expect(refusal(() => readCommandLine([flag, text], {}))).toBe(sentence(flag, text));
        }
        expect(refusal(() => readCommandLine([], { [variable]: text }))).toBe(sentence(variable, text));
        const inFile = (): unknown => readCommandLine(["--config", file({ [field]: text })], {});
        expect(refusal(inFile)).toBe(sentence(field, text));
      }
      for (const value of wrong[field].json) {
        const inFile = (): unknown => readCommandLine(["--config", file({ [field]: value })], {});
        expect(refusal(inFile)).toBe(sentence(field, value));
      }
    });
  },
);
