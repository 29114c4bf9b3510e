import { describe, expect, it } from "vitest";
import { countDown, countUp, totalOf } from "../src/lifetime-counter.ts";
import { ownRecord } from "../src/record-memory.ts";
import { SeededRandom } from "../src/simulation/index.ts";

const { record, words } = ownRecord(16);
const total = (): number => totalOf(words[0]!, words[1]!);

function put(value: number): void {
  words[0] = value | 0;
  words[1] = Math.floor(value / 2 ** 31);
}

describe("lifetime counter", () => {
  it("counts past 2^31, 2^32 and 2^40, in any steps", () => {
    const random = new SeededRandom(3);
    for (const start of [0, 2 ** 31 - 500, 2 ** 32 - 500, 3 * 2 ** 31 - 500, 2 ** 40 - 500]) {
      put(start);
      let expected = start;
      for (let i = 0; i < 400; i++) {
        if (random.nextUnit() < 0.3 && expected > 0) {
          countDown(record, 0);
          expected--;
        } else {
          const amount = random.nextUint32() % 9;
          countUp(record, 0, amount);
          expected += amount;
        }
        expect(total()).toBe(expected);
      }
    }
  });

  it("counts in great steps, over many crossings", () => {
    put(0);
    for (let i = 1; i <= 40; i++) {
      countUp(record, 0, 2 ** 30 + 1);
      expect(total()).toBe(i * (2 ** 30 + 1));
    }
  });

  it("stays right when its writer dies between the two stores", () => {
    for (const edge of [2 ** 31, 2 ** 32, 2 ** 40]) {
      put(edge - 1);
      const high = words[1]!;
      countUp(record, 0, 1);
      words[1] = high; // the low word stored, the high word not
      expect(total()).toBe(edge);
      countUp(record, 0, 5);
      expect(total()).toBe(edge + 5);

      put(edge);
      const low = words[0]!;
      countDown(record, 0);
      words[0] = low; // on the way down the high word comes first
      expect(total()).toBe(edge);
    }
  });

  it("does not fall below 0", () => {
    put(0);
    countDown(record, 0);
    expect(total()).toBe(0);
  });
});
