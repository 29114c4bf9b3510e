/**
 * The child's side of a benchmark: a case program calls `measure` once, for its one operation. Runs on Node and Bun.
 */
export interface MeasureOptions {
  /** Operations that one iteration of the loop makes, default 1. */
  readonly operationsPerIteration?: number;
  /** Default 200, with --quick 80. */
  readonly warmUpMs?: number;
  /** Default 1: shorter than a scheduler's time slice, see below. */
  readonly passMs?: number;
  /** Default 151, with --quick 61. */
  readonly passes?: number;
  /** More properties for the JSON file. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

const quick = process.env.BENCH_QUICK === "1";

/**
 * Warms `loop` up, times passes of it, prints `{ value: nanoseconds an operation (median of the passes), … }`.
 *
 * `loop(iterations)` holds the operation inline, between its own `for` and brace: a driver that calls it through a
 * closure measures the closure. What it returns is printed, so that the work cannot be left out.
 *
 * Passes are short and many, on the wall clock: one that another process interrupted is an outlier that the median
 * leaves out. (A thread's CPU time would be the obvious clock, but getrusage advances in steps of up to 4 ms.)
 */
export function measure(loop: (iterations: number) => number, options: MeasureOptions = {}): void {
  const { operationsPerIteration = 1, passMs = 1 } = options;
  const warmUpMs = options.warmUpMs ?? (quick ? 80 : 200);
  const passCount = options.passes ?? (quick ? 61 : 151);

  // Many short calls first, so that the function itself is optimised, and not only one of its loops on the stack.
  let sink = 0;
  let iterations = 16;
  let bestMsPerIteration = Infinity;
  const warmUpEnds = performance.now() + warmUpMs;
  for (let begun = performance.now(); begun < warmUpEnds;) {
    sink += loop(iterations);
    const ended = performance.now();
    bestMsPerIteration = Math.min(bestMsPerIteration, Math.max(ended - begun, 1e-6) / iterations);
    if (ended - begun < passMs && iterations < 2 ** 30) iterations *= 2;
    begun = ended;
  }
  iterations = Math.max(1, Math.min(2 ** 31 - 1, Math.ceil(passMs / bestMsPerIteration)));

  const passes: number[] = [];
  for (let pass = 0; pass < passCount; pass++) {
    const begun = performance.now();
    sink += loop(iterations);
    passes.push(((performance.now() - begun) * 1e6) / (iterations * operationsPerIteration));
  }
  passes.sort((a, b) => a - b);
  const at = (fraction: number): number => passes[Math.floor((passCount - 1) * fraction)]!;
  report(at(0.5), {
    iterations,
    passes: passCount,
    q1: at(0.25),
    q3: at(0.75),
    min: at(0),
    sink,
    ...options.detail,
  });
}

/** Prints the line that the harness reads: for cases that measure by themselves (sockets, several threads). */
export function report(value: number, detail: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ value, ...detail })}\n`);
}

/** True under `--quick`: a case that does not use `measure` shortens itself by it. */
export function isQuick(): boolean {
  return quick;
}
