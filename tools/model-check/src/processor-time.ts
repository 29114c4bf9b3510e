import { readFileSync } from "node:fs";

/** Processor time of this process in milliseconds: a limit in wall time would depend on who else uses the machine. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The same of another process; where the system does not say so, or it has ended: undefined. */
export function processorMsOf(pid: number): number | undefined {
  try {
    // After the name, which may hold spaces: user and system time are the 14th and 15th field, in hundredths.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return undefined;
  }
}

/** A limit of processor time that may be asked at every step: the clock is read at one question in sixty-four. */
export class TimeLimit {
  readonly #deadline: number;
  #questions = 0;

  /** @param milliseconds from now */
  constructor(milliseconds: number) {
    this.#deadline = processorMs() + milliseconds;
  }

  isOver(): boolean {
    return (++this.#questions & 63) === 0 && processorMs() > this.#deadline;
  }
}
