import { readFileSync } from "node:fs";
import fc from "fast-check";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { bytes, defineLayout, line, u32, u64, u8, update } from "@udp-relay/atomics-layout";
import { generateModule } from "../src/codegen.ts";
import { layoutPicture } from "../src/layout-picture.ts";
import { arbitraryLayout } from "./arbitrary-layout.ts";
import { Everything, Least } from "./fixtures/everything.layout.ts";

describe("a generated file", () => {
  it.each([80, 100, 110, 200])("is what prettier would make of it at %i columns", async (printWidth) => {
    const samples = fc.sample(arbitraryLayout("Sample"), { numRuns: 3, seed: printWidth });
    for (const plans of [[Everything, Least], ...samples.map((plan) => [plan])]) {
      const text = generateModule(plans, { source: "sample.layout.ts", printWidth });
      expect(await format(text, { parser: "typescript", printWidth })).toBe(text);
    }
  });

  it("is the same every time, and the committed one is fresh", () => {
    const text = generateModule([Everything, Least], { source: "everything.layout.ts" });
    expect(generateModule([Everything, Least], { source: "everything.layout.ts" })).toBe(text);
    expect(readFileSync(new URL("fixtures/everything.generated.ts", import.meta.url), "utf8")).toBe(text);
  });
});

describe("the memory picture", () => {
  it("shows every byte, its field and who writes it", () => {
    const plan = defineLayout(
      "Picture",
      {
        hot: line(
          { packets: u64, seenMs: u32, flags: u8.singleWriter(), small: u8.singleWriter() },
          { writers: "mixed" },
        ),
        image: line({ pixels: bytes(100).immutable() }, { lines: 2 }),
      },
      { updates: { received: update(["now"], { packets: { add: 1 }, seenMs: { advance: "now" } }) } },
    );
    expect(layoutPicture(plan)).toEqual([
      "line 0: hot (atomic, written by any thread; singleWriter, written by the owner)",
      "",
      "      0               4               8               12",
      "      +---------------+---------------+---------------+---------------+",
      "    0 |            packets            |    seenMs     |#1 |#2 |       |",
      "      +---------------+---------------+---------------+---------------+",
      "   16 |                                                               |",
      "      +---------------+---------------+---------------+---------------+",
      "   32 |                                                               |",
      "      +---------------+---------------+---------------+---------------+",
      "   48 |                                                               |",
      "      +---------------+---------------+---------------+---------------+",
      "",
      "lines 1 to 2: image (immutable)",
      "",
      "      0               4               8               12",
      "      +---------------+---------------+---------------+---------------+",
      "   64 |                          pixels[100]                          |",
      "      +                                                               +",
      "      :                                                               :",
      "      +                                                               +",
      "  144 |                                                               |",
      "      +               +---------------+---------------+---------------+",
      "  160 |               |                                               |",
      "      +---------------+---------------+---------------+---------------+",
      "  176 |                                                               |",
      "      +---------------+---------------+---------------+---------------+",
      "",
      " byte type   field        discipline",
      "    0 u64    packets      atomic, written by any thread",
      "    8 u32    seenMs       atomic, written by any thread",
      "   12 u8     flags #1     singleWriter, written by the owner",
      "   13 u8     small #2     singleWriter, written by the owner",
      "   64 bytes  pixels[100]  immutable",
      "",
      "received(now), one call:",
      "  packets += 1",
      "  seenMs = the later tick of seenMs and now",
    ]);
  });

  it("has rows of one width and names every field, for any layout", () => {
    fc.assert(
      fc.property(arbitraryLayout("Sample"), (plan) => {
        const rows = layoutPicture(plan).filter((row) => /^ *\d* [|+:].*[|+:]$/.test(row));
        expect(new Set(rows.map((row) => row.length))).toEqual(new Set([71]));
        const text = layoutPicture(plan).join("\n");
        for (const name of Object.keys(plan.fields)) expect(text).toContain(name);
      }),
      { numRuns: 50, seed: 3 },
    );
  });
});
