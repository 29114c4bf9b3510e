import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface CoverageReport {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

/** Which characters of which sources a run executed, by V8's block coverage. Type stripping keeps the offsets. */
export class SourceCoverage {
  /** For each file, one byte a character: 1 where it ran. */
  readonly #executed = new Map<string, Uint8Array>();

  /** @param folder what NODE_V8_COVERAGE named */
  constructor(folder: string) {
    for (const name of readdirSync(folder)) {
      const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as CoverageReport;
      for (const { url, functions } of result) {
        if (!url.startsWith("file:") || url.includes("/node_modules/")) continue;
        this.#add(
          fileURLToPath(url),
          functions.map(({ ranges }) => ranges),
        );
      }
    }
  }

  executed(file: string, offset: number): boolean {
    return this.#executed.get(file)?.[offset] === 1;
  }

  /** Ranges nest: inner ones come later and overrule. Two reports of one file add up. */
  #add(
    file: string,
    functions: readonly CoverageReport["result"][number]["functions"][number]["ranges"][],
  ): void {
    const length = Math.max(...functions.flat().map(({ endOffset }) => endOffset));
    const mine = new Uint8Array(length);
    const outerFirst = [...functions].sort((one, other) => width(other[0]!) - width(one[0]!));
    for (const ranges of outerFirst) {
      for (const { startOffset, endOffset, count } of ranges)
        mine.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    const before = this.#executed.get(file);
    if (before !== undefined)
      before.forEach((value, offset) => (mine[offset] = Math.max(value, mine[offset]!)));
    this.#executed.set(file, mine);
  }
}

const width = ({ startOffset, endOffset }: { startOffset: number; endOffset: number }): number =>
  endOffset - startOffset;
