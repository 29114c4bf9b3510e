import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCommandLine } from "../src/config/config-sources.ts";
import { configOptions, parseConfig, printConfig } from "../src/config/relay-config.ts";
import { RelayError } from "@udp-relay/relay";

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
      "--max-clients is 20000, allowed: an integer from 2 to 10000 (--max-clients-ceiling raises that)",
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
