import { describe, expect, it } from "vitest";
import { runScenario } from "../src/index.ts";
import type { Scenario } from "../src/index.ts";
import { deadHolder } from "./planted/dead-holder.ts";
import { plainCrossing } from "./planted/plain-crossing.ts";
import { publishBeforeValue } from "./planted/publish-before-value.ts";
import { tombstoneReuse } from "./planted/tombstone-reuse.ts";
import { tornCounter } from "./planted/torn-counter.ts";
import { unfencedEpoch } from "./planted/unfenced-epoch.ts";

const planted: [(fixed: boolean) => Scenario, found: string][] = [
  [publishBeforeValue, "a key without its value"],
  [tombstoneReuse, "2 entries of one key"],
  [tornCounter, "torn: read"],
  [deadHolder, "waits for ever, after one was interrupted"],
  [unfencedEpoch, "read a slot that was reused under it"],
  [plainCrossing, "which was never the count"],
];

describe("planted bugs", () => {
  for (const [make, message] of planted) {
    it(`finds ${make(false).name}`, () => {
      const { failure } = runScenario(make(false));
      expect(failure).toContain(message);
    });

    it(`passes ${make(true).name}, fixed`, () => {
      expect(runScenario(make(true)).failure).toBeUndefined();
    });
  }
});
