import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { openLog } from "../src/operations/relay-log.ts";
import { shownEndpoint } from "../src/operations/shown-endpoint.ts";

describe("logs", () => {
  it("are JSON lines with a level, a time and a sentence, in the file that was named", () => {
    const folder = mkdtempSync(join(tmpdir(), "udp-relay-log-"));
    const logFile = join(folder, "relay.log");
    writeFileSync(logFile, "what was there before\n");
    const { log } = openLog({ logLevel: "warn", logFile }, true);
    log.info({}, "not this one");
    log.warn({ worker: 1 }, "a worker died");
    const lines = readFileSync(logFile, "utf8").trimEnd().split("\n");
    rmSync(folder, { recursive: true });
    expect(lines.length).toBe(2);
    expect(JSON.parse(lines[1]!)).toMatchObject({
      level: "warn",
      worker: 1,
      msg: "a worker died",
      name: "udp-relay",
    });
  });

  it("go to the file that has the name now once it was opened again; while that cannot be, to the one that is open", () => {
    const folder = mkdtempSync(join(tmpdir(), "udp-relay-log-"));
    const inside = join(folder, "logs");
    const logFile = join(inside, "relay.log");
    mkdirSync(inside);
    const { log, reopen } = openLog({ logLevel: "info", logFile }, true);
    const read = (path: string): string[] =>
      readFileSync(path, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { msg: string }).msg);
    log.info({}, "one");
    renameSync(inside, `${inside}.gone`);
    reopen();
    log.info({}, "two");
    mkdirSync(inside);
    reopen();
    log.info({}, "three");
    const refused = "the log file cannot be opened again: the old one stays";
    expect(read(join(`${inside}.gone`, "relay.log"))).toEqual(["one", refused, "two"]);
    expect(read(logFile)).toEqual(["three"]);
    rmSync(folder, { recursive: true });
  });

  it.skipIf(process.platform !== "linux")(
    "on a full disk (Linux only) lose lines, and say how many; nothing else happens",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "udp-relay-log-"));
      const logFile = join(folder, "relay.log");
      symlinkSync("/dev/full", logFile);
      const { log, reopen } = openLog({ logLevel: "info", logFile }, true);
      for (let line = 0; line < 3; line++) log.info({ line }, "nobody reads this");
      rmSync(logFile);
      reopen();
      log.info({}, "there is room again");
      log.info({}, "and still is");
      const lines = readFileSync(logFile, "utf8").trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        { msg: "there is room again" },
        { level: "warn", lines: 3, msg: "log lines could not be written, and are lost" },
        { msg: "and still is" },
      ]);
      rmSync(folder, { recursive: true });
    },
  );

  it("are refused for a file in a folder that is not there, by name: it is not made", () => {
    const folder = mkdtempSync(join(tmpdir(), "udp-relay-log-"));
    for (const logFile of [join(folder, "lgo", "relay.log"), folder]) {
      expect(() => openLog({ logLevel: "info", logFile }, true)).toThrow(
        `--log-file is ${JSON.stringify(logFile)}, allowed: a file that can be written, in a folder that is there (`,
      );
    }
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it("show addresses whole, or cut to /24 and /48 without a port", () => {
    const v4 = parseEndpoint("198.51.100.77:4711");
    const v6 = parseEndpoint("[2001:db8:12:3456::9]:4711");
    expect(shownEndpoint(v4, "full")).toBe("198.51.100.77:4711");
    expect(shownEndpoint(v4, "anonymous")).toBe("198.51.100.0/24");
    expect(shownEndpoint(v6, "anonymous")).toBe("2001:db8:12::/48");
    // 48 bits of a 6to4 address are its site's whole IPv4 address, here 198.51.100.77.
    const sixToFour = parseEndpoint("[2002:c633:644d:1::9]:4711");
    expect(shownEndpoint(sixToFour, "anonymous")).toBe("2002:c633:6400::/40");
    expect(shownEndpoint(parseEndpoint("[2002:2::1]:1"), "anonymous")).toBe("2002:2:0::/40");
  });
});
