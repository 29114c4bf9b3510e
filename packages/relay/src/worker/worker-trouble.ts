import type { RelayLog } from "../operations/relay-log.ts";

/** What a worker's callbacks or socket threw, as its log line says it: the first of a burst. */
export interface WorkerTrouble {
  readonly type: "trouble";
  /** Which of them: a protocol's `read` or `measure`, a transport's `onBatch` or `socket`. */
  readonly during: string;
  /** With its stack, where there is one. */
  readonly error: string;
  /** More of it since the last report. */
  readonly suppressed: number;
}

/** Never throws, whatever was thrown. */
export function troubleOf(error: unknown, during: string, suppressed: number): WorkerTrouble {
  let words = "something that has no words";
  try {
    words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  } catch {
    // A thrown object whose own toString throws.
  }
  return { type: "trouble", during, error: words, suppressed };
}

export function logTrouble(log: RelayLog, worker: number, trouble: WorkerTrouble): void {
  const { during, error, suppressed } = trouble;
  const sentence =
    during === "read" || during === "measure"
      ? "the protocol threw: what it threw at is dropped, or not measured"
      : "a socket is in trouble";
  log.error({ worker, during, error, suppressed }, sentence);
}
