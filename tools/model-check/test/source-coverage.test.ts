import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { markedSource, statementAt, takeExecuted } from "../src/source-coverage.ts";

const folder = mkdtempSync(join(tmpdir(), "source-coverage-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const text = `export const limit: number = 3;
const half = (value: number): number => value / 2;
export function pick(way: string): number {
  if (way === "never") {
    return half(1);
  }
  switch (way) {
    case "case":
      return 10;
    default:
      for (let i = 0; ; i++) if (i > limit) return i;
  }
}
`;

describe("what a scenario executes", () => {
  const path = join(folder, "source.ts");
  writeFileSync(path, text);

  it("is known by statement, for each time that it is asked, however often the code ran", async () => {
    const program = join(folder, "marked.mjs");
    writeFileSync(program, stripTypeScriptTypes(markedSource(path)));
    const { pick } = (await import(program)) as { pick: (way: string) => number };
    const ran = (): string[] =>
      takeExecuted()[path]!.map((start) => text.slice(start, text.indexOf("\n", start)));

    for (let time = 0; time < 100_000; time++) pick("default");
    expect(ran()).toEqual([
      'if (way === "never") {',
      "switch (way) {",
      "for (let i = 0; ; i++) if (i > limit) return i;",
    ]);
    expect(pick("case")).toBe(10);
    expect(ran()).toEqual(['if (way === "never") {', "switch (way) {", "return 10;"]);
    expect(ran()).toEqual([]);
  });

  it("is asked for by any place in the text", () => {
    const found = (part: string): string | undefined => {
      const start = statementAt(path, text, text.indexOf(part));
      return start === undefined ? undefined : text.slice(start, start + 10);
    };
    expect(found("half(1)")).toBe("return hal");
    expect(found('"never"')).toBe("if (way ==");
    expect(found("return i")).toBe("for (let i");
    // Runs when the file is loaded, or is asked for by nobody.
    expect(found("value / 2")).toBeUndefined();
    expect(found("limit: number")).toBeUndefined();
  });
});
