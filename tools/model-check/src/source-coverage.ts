import { Session } from "node:inspector";
import { pathToFileURL } from "node:url";

/** Of a source the spans of characters that ran, as start and end, ascending. */
export type ExecutedSpans = readonly (readonly [start: number, end: number])[];

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface CoverageReport {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
}

/** Which characters of some sources are executed, by V8's block coverage. Type stripping keeps the offsets. */
export class SourceCoverage {
  readonly #session = new Session();
  readonly #files: ReadonlyMap<string, string>;

  /** @param files their paths */
  constructor(files: readonly string[]) {
    this.#files = new Map(files.map((file) => [pathToFileURL(file).href, file]));
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** What ran since the last time that this was asked, by file. */
  take(): Record<string, ExecutedSpans> {
    const spans: Record<string, ExecutedSpans> = {};
    const report = this.#post("Profiler.takePreciseCoverage") as CoverageReport;
    for (const { url, functions } of report.result) {
      const file = this.#files.get(url);
      if (file !== undefined) spans[file] = executedSpans(functions.map(({ ranges }) => ranges));
    }
    return spans;
  }

  /** In-process sessions answer at once. */
  #post(method: string, parameters?: object): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  }
}

/** Ranges nest: inner ones come later and overrule. */
function executedSpans(functions: readonly (readonly Range[])[]): ExecutedSpans {
  const length = Math.max(...functions.flat().map(({ endOffset }) => endOffset));
  const ran = new Uint8Array(length + 1);
  const outerFirst = [...functions].sort((one, other) => width(other[0]!) - width(one[0]!));
  for (const { startOffset, endOffset, count } of outerFirst.flat()) {
    ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  const spans: [number, number][] = [];
  for (let start = ran.indexOf(1); start >= 0;) {
    const end = ran.indexOf(0, start);
    spans.push([start, end]);
    start = ran.indexOf(1, end);
  }
  return spans;
}

const width = ({ startOffset, endOffset }: Range): number => endOffset - startOffset;
