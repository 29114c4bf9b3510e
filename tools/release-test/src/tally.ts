/** Counts what held and what did not, prints each line as it is known, and repeats the failures at the end. */
export class Tally {
  passed = 0;
  readonly #failures: string[] = [];

  get failed(): number {
    return this.#failures.length;
  }

  /** @param detail shown only where it failed, its last 40 lines */
  record(ok: boolean, name: string, detail = ""): boolean {
    console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
    if (ok) this.passed++;
    else {
      this.#failures.push(name);
      const lines = detail.trimEnd().split("\n").slice(-40);
      if (detail !== "") console.log(lines.map((line) => `     ${line}`).join("\n"));
    }
    return ok;
  }

  /** Prints the sum. @returns the exit status */
  finish(): number {
    for (const name of this.#failures) console.log(`FAIL ${name}`);
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}
