/** Tests of one process. */
export interface Counts {
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
}

/** `ok 1 - title # SKIP`, at any depth. */
const POINT = /^( *)(not )?ok \d+ - .*?( # SKIP.*)?$/;

/**
 * Counts the tests in what a test process said so far. By the line of each test, not by the summary: a process that
 * was ended at its limit has none, and Node's leaves out the tests of a skipped suite, which count as one here.
 */
export function countTests(output: string, bun: boolean): Counts {
  return bun ? countBunLines(output) : countTapPoints(output);
}

/** A suite's own point tells of its tests again, unless it was skipped whole or failed by itself (a hook, its body). */
function countTapPoints(output: string): Counts {
  const counts = { passed: 0, skipped: 0, failed: 0 };
  const lines = output.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const [, indent, not, skip] = POINT.exec(lines[at]!) ?? [];
    if (indent === undefined) continue;
    const block: string[] = [];
    if (lines[at + 1] === `${indent}  ---`) {
      for (let next = at + 2; next < lines.length && lines[next] !== `${indent}  ...`; next++)
        block.push(lines[next]!);
    }
    const says = (line: string): boolean => block.includes(`${indent}  ${line}`);
    if (skip !== undefined) counts.skipped += 1;
    else if (not !== undefined) counts.failed += says("failureType: 'subtestsFailed'") ? 0 : 1;
    else counts.passed += says("type: 'suite'") ? 0 : 1;
  }
  return counts;
}

/** The summary, ` 12 pass`, or without one the lines of those that failed: Bun writes no others when it is not watched. */
function countBunLines(output: string): Counts {
  const summed = (name: string): number =>
    Number([...output.matchAll(new RegExp(`^ *(\\d+) ${name}$`, "gm"))].at(-1)?.[1] ?? 0);
  const lines = (word: string): number => [...output.matchAll(new RegExp(`^\\(${word}\\) `, "gm"))].length;
  return {
    passed: Math.max(summed("pass"), lines("pass")),
    skipped: Math.max(summed("skip"), lines("skip")),
    failed: Math.max(summed("fail"), lines("fail")),
  };
}

/** The last lines that tell which test began or ended: where a process that hung stood. */
export function lastSteps(output: string, count = 3): string[] {
  return output
    .split("\n")
    .filter((line) => POINT.test(line) || /^ *# Subtest: |^\((pass|fail|skip)\) /.test(line))
    .slice(-count)
    .map((line) => line.trim());
}
