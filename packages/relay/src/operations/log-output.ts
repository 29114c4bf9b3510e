import { closeSync, openSync, writeSync } from "node:fs";
import { wait } from "@udp-relay/atomics-layout/memory";

export const STDERR = 2;

/** How long a reader that is behind may hold up the relay, before lines are lost instead. */
const MOST_PAUSES_MS = 50;

/**
 * Where log lines go: a descriptor, or the end of a file. Each is written at once: there are few, and the last ones before an
 * end matter most. What cannot be written, on a full disk or to a reader that stands still, is lost and counted: a log
 * that is full ends no relay.
 */
export class LogOutput {
  /** Told of how many lines were lost, once one can be written again. */
  onLost: (lines: number) => void = () => undefined;
  /** Told of what kept a line from being written, once until one can be written again. */
  onTrouble: (error: Error) => void = () => undefined;
  readonly #file: string | undefined;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #fd: number;
  #lost = 0;
  #isCut = false;

  /**
   * @param to a descriptor that stays its owner's, or the path of a file, which is made where it is missing; its folder is not
   * @throws the system's error for a file that cannot be opened for writing
   */
  constructor(to: number | string) {
    this.#file = typeof to === "string" ? to : undefined;
    this.#fd = typeof to === "string" ? openSync(to, "a") : to;
  }

  /** Never throws. */
  write(line: string): void {
    try {
      // What an earlier error cut off is a line of its own, and no part of this one.
      this.#writeAll(Buffer.from(this.#isCut ? `\n${line}` : line));
    } catch (error) {
      this.#lost += 1;
      if (this.#lost === 1) this.onTrouble(error as Error);
      return;
    }
    const lost = this.#lost;
    if (lost === 0) return;
    this.#lost = 0;
    this.onLost(lost);
    // That line was lost, too.
    if (this.#lost > 0) this.#lost += lost;
  }

  /**
   * Opens the file by its name again, which another file may have by now, and lets go of the one that was open.
   *
   * @throws the system's error when it cannot be opened; the one that was open stays
   */
  reopen(): void {
    if (this.#file === undefined) return;
    const before = this.#fd;
    this.#fd = openSync(this.#file, "a");
    this.#isCut = false;
    closeSync(before);
  }

  #writeAll(bytes: Uint8Array): void {
    let pausedMs = this.#lost === 0 ? 0 : MOST_PAUSES_MS;
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(this.#fd, bytes, written);
        this.#isCut = written < bytes.length;
      } catch (error) {
        // A pipe that is full for a moment.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || pausedMs >= MOST_PAUSES_MS) throw error;
        wait(this.#sleeper, 0, 0, 1);
        pausedMs += 1;
      }
    }
  }
}
