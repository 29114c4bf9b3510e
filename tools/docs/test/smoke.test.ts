import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { llmsText } from "../src/index.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

describe("llms.txt", () => {
  it("says what the READMEs, the manifests and the doc comments say now", () => {
    const committed = readFileSync(new URL("../llms.txt", import.meta.url), "utf8").replaceAll("\r\n", "\n");
    expect(committed === llmsText(root) || "stale: run `npm run docs:llms` and commit what it writes").toBe(
      true,
    );
  });
});
