import { processorMsOf } from "./processor-time.ts";

/**
 * Tells a mutant that hangs, in code that never comes back to the checker, from one that takes long: the checker ends a
 * scenario that is over its limit, so one that goes on far beyond it does not end by itself.
 */
export class HangWatch {
  readonly #pid: number;
  #begun = 0;
  #begunWall: number = performance.now();

  /** @param pid of the process that runs one scenario after the other */
  constructor(pid: number) {
    this.#pid = pid;
  }

  /** The scenario in hand has ended. */
  nextScenario(): void {
    this.#begun = processorMsOf(this.#pid) ?? this.#begun;
    this.#begunWall = performance.now();
  }

  /** @param maxMilliseconds of processor time, where the system tells that, at which the checker ends the scenario */
  hangs(maxMilliseconds: number): boolean {
    const used = processorMsOf(this.#pid);
    if (used !== undefined && used - this.#begun > 2 * maxMilliseconds + 3_000) return true;
    // It waits without working, or the system tells nothing: no machine is so busy.
    return performance.now() - this.#begunWall > 60_000 + 20 * maxMilliseconds;
  }
}
