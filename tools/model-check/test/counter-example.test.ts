import { describe, expect, it } from "vitest";
import { defineScenario, namesOfRegion, runScenario, thread } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

describe("a counter-example", () => {
  it("names fields of records, narrow and 64-bit ones too, and says what was old", () => {
    const layout = { byteLength: 16, fields: { packets: { byteOffset: 0 }, tick: { byteOffset: 8 } } };
    const { failure } = runScenario(
      defineScenario({
        name: "named",
        touches: [],
        setup: () => new ModelWords(12),
        names: ({ buffer }) =>
          namesOfRegion(
            { memory: { buffer }, section: () => ({ byteOffset: 16, byteLength: 32 }) },
            { records: layout },
          ),
        threads: [
          thread(
            "writer",
            (words: ModelWords) => words,
            (words, call) => {
              call("received", [2], () => {
                words.add64(8, 3);
                words.store(10, 7);
              });
            },
          ),
          thread(
            "reader",
            (words: ModelWords) => words,
            (words) => (words.load64(8) === 3 ? words.peek(10) : 7),
          ),
        ],
        check: ({ results }) => (results.get("reader") === 7 ? undefined : "a count without its tick"),
      }),
    );
    expect(failure).toBe(
      [
        "a count without its tick",
        "  writer  received(2):",
        "  writer    add(records[1].packets (64 bits), 3) = 0",
        "  reader  load(records[1].packets (64 bits)) = 3",
        "  reader  peek(records[1].tick) = 0",
        "  writer  received(2):",
        "  writer    store(records[1].tick, 7)",
      ].join("\n"),
    );
  });
});
