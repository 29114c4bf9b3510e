import type { Backend } from "./backend.ts";
import type { OpenUpstream, Upstream } from "./upstream.ts";

/** How a backend is asked whether it lives. */
export interface ProbeOptions {
  /** What a backend is sent. */
  readonly payload: Uint8Array;
  /** What an answer begins with; any answer will do by default. */
  readonly expect?: Uint8Array | undefined;
  /** Time from one probe to the next. */
  readonly intervalMs: number;
  /** An answer later than this is none. Default half the interval. */
  readonly timeoutMs?: number | undefined;
}

export type ProbeOutcome = "answered" | "failed";

/**
 * Asks one backend at each interval, each time from a new socket, so that a late answer is not taken for the next one's.
 * With 2 failures to fall and the default timeout a backend that dies is down after 2.5 intervals at most.
 */
export class Probe {
  readonly #backend: Backend;
  readonly #options: ProbeOptions;
  readonly #open: OpenUpstream;
  readonly #nowMs: () => number;
  readonly #onOutcome: (outcome: ProbeOutcome) => void;
  #nextMs: number;
  #sentMs = 0;
  #outstanding: Upstream | undefined;
  /** Probes that our own side could not send: they say nothing of the backend. */
  failedHere = 0;

  constructor(
    backend: Backend,
    options: ProbeOptions,
    open: OpenUpstream,
    nowMs: () => number,
    onOutcome: (outcome: ProbeOutcome) => void,
  ) {
    this.#backend = backend;
    this.#options = options;
    this.#open = open;
    this.#nowMs = nowMs;
    this.#onOutcome = onOutcome;
    this.#nextMs = nowMs();
  }

  /**
   * Time has passed.
   *
   * @param stalled whether this thread slept meanwhile: answers may wait unread, and nothing is judged
   */
  tick(nowMs: number, stalled: boolean): void {
    const { intervalMs, timeoutMs = intervalMs / 2 } = this.#options;
    if (this.#outstanding !== undefined && !stalled && nowMs - this.#sentMs >= timeoutMs) this.#fail();
    if (this.#outstanding !== undefined || nowMs < this.#nextMs) return;
    this.#nextMs = Math.max(this.#nextMs + intervalMs, nowMs + intervalMs / 2);
    this.#send(nowMs);
  }

  close(): void {
    this.#outstanding?.close();
    this.#outstanding = undefined;
  }

  #send(nowMs: number): void {
    const { payload } = this.#options;
    this.#sentMs = nowMs;
    let upstream: Upstream | undefined;
    const isCurrent = (): boolean => upstream !== undefined && upstream === this.#outstanding;
    try {
      upstream = this.#open(this.#backend.endpoint, {
        onDatagram: (bytes) => {
          if (isCurrent() && this.#isExpected(bytes)) this.#answered();
        },
        onForeign: () => undefined,
        onRefused: () => {
          if (isCurrent()) this.#fail();
        },
        onFailed: () => {
          if (!isCurrent()) return;
          this.failedHere += 1;
          this.close();
        },
      });
      this.#outstanding = upstream;
      upstream.send(payload, true);
    } catch {
      this.failedHere += 1;
      this.close();
    }
  }

  #isExpected(bytes: Uint8Array): boolean {
    const { expect } = this.#options;
    if (expect === undefined) return true;
    return bytes.length >= expect.length && expect.every((byte, i) => bytes[i] === byte);
  }

  #answered(): void {
    this.close();
    this.#backend.recordProbe(this.#nowMs() - this.#sentMs);
    this.#onOutcome("answered");
  }

  #fail(): void {
    this.close();
    this.#backend.recordLostProbe();
    this.#onOutcome("failed");
  }
}
