import { existsSync, readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { type Protocol, Route } from "@udp-relay/relay";
import { describe, expect, it } from "vitest";
import { flagsTable } from "./flags-table.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const cells = (line: string): string[] => line.split("|").map((cell) => cell.trim().replace(/^-+$/, "---"));

describe("README", () => {
  it("lists every setting as the program has it", () => {
    const [head, , ...rows] = flagsTable();
    const lines = readme.split("\n").map(cells);
    const from = lines.findIndex((line) => line.join("|") === cells(head!).join("|"));
    expect(from).toBeGreaterThan(0);
    expect(lines.slice(from + 2, from + 2 + rows.length)).toEqual(rows.map(cells));
  });

  it("turns a node:dgram relay into a protocol that reads its datagrams", () => {
    const [, diff = ""] = /## In an existing node:dgram relay\n[^]*?```diff\n([^]*?)```/.exec(readme) ?? [];
    const added = diff.match(/^\+.*/gm)!.map((line) => line.slice(1));
    const code = added.slice(0, added.indexOf("};") + 1).join("\n");
    const protocol = runInNewContext(`${code}\nprotocol;`) as Protocol;
    const read = (...bytes: number[]): Partial<Route> => {
      const route = new Route();
      protocol.read({ bytes: Uint8Array.of(0, ...bytes), offset: 1, length: bytes.length }, route);
      return route;
    };
    expect(read(7, 9, 1)).toMatchObject({ action: "forward", sender: 7, receiver: 9 });
    expect(read(7)).toMatchObject({ action: "drop", reason: "tooShort" });
  });

  it("names for each threat tests that there are; a package's name goes for those behind it", () => {
    const lines = readme.split("\n");
    const from = lines.findIndex((line) => line.startsWith("| threat "));
    const rows = lines.slice(from + 2, lines.indexOf("", from)).map((line) => cells(line));
    expect(rows.length).toBeGreaterThan(35);
    let tests = 0;
    for (const [, threat, , named = ""] of rows) {
      if (threat!.startsWith("**")) continue;
      let folder = "relay";
      const found = [...named.matchAll(/(?:([a-z-]+) )?`([a-z0-9-]+)`/g)];
      expect(found.length, threat).toBeGreaterThan(0);
      for (const [, name, test] of found) {
        folder = name ?? folder;
        if (test === "model-check") continue;
        tests++;
        const path = new URL(`../../${folder}/test/${test}.test.ts`, import.meta.url);
        expect([threat, folder, test, existsSync(path)]).toEqual([threat, folder, test, true]);
      }
    }
    expect(tests).toBeGreaterThan(40);
  });

  it("shows the example that the tests run", () => {
    const example = readFileSync(new URL("../examples/rooms-protocol.ts", import.meta.url), "utf8");
    expect(readme).toContain(example.slice(example.indexOf("export default")).trim());
  });
});
