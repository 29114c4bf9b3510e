import { readFileSync } from "node:fs";
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

  it("shows the example that the tests run", () => {
    const example = readFileSync(new URL("../examples/rooms-protocol.ts", import.meta.url), "utf8");
    expect(readme).toContain(example.slice(example.indexOf("export default")).trim());
  });
});
