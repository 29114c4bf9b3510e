import { describe, expect, it } from "vitest";
import { countTests, lastSteps } from "../src/tally.ts";

/** What Node 22 writes, cut off while the last test runs. */
const TAP = `TAP version 13
# Subtest: skipped whole
ok 1 - skipped whole # SKIP
  ---
  duration_ms: 0.6
  type: 'suite'
  ...
# Subtest: parts
    # Subtest: x
    ok 1 - x # SKIP
      ---
      type: 'test'
      ...
    # Subtest: y
    not ok 2 - y
      ---
      failureType: 'testTimeoutFailure'
      error: 'test timed out after 500ms'
      ...
    # Subtest: says # SKIP of itself
    ok 3 - z
      ---
      type: 'test'
      ...
    1..3
not ok 2 - parts
  ---
  type: 'suite'
  failureType: 'subtestsFailed'
  ...
# Subtest: a broken hook
not ok 3 - a broken hook
  ---
  type: 'suite'
  failureType: 'hookFailed'
  ...
printed by a test: ok 1
# Subtest: never ends
`;

describe("the tests of a process", () => {
  it("are counted by Node's lines, one a test, also without a summary", () => {
    expect(countTests(TAP, false)).toEqual({ passed: 1, skipped: 2, failed: 2 });
    expect(countTests("Error: cannot find module\n", false)).toEqual({ passed: 0, skipped: 0, failed: 0 });
  });

  it("are counted by Bun's summary, or by its lines when it has none", () => {
    const summary = "(fail) a > b [1.00ms]\n\n 12 pass\n 3 skip\n 1 fail\n 40 expect() calls\n";
    expect(countTests(summary, true)).toEqual({ passed: 12, skipped: 3, failed: 1 });
    expect(countTests("(pass) a\n(fail) a > b [1.00ms]\n", true)).toEqual({
      passed: 1,
      skipped: 0,
      failed: 1,
    });
  });

  it("are named where a hung process stood", () => {
    expect(lastSteps(TAP, 2)).toEqual(["not ok 3 - a broken hook", "# Subtest: never ends"]);
  });
});
