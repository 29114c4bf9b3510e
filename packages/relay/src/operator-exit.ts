import { RelayError } from "./relay-error.ts";

/** Exit codes: what the operator can mend is 2, as for every wrong flag. */
const EXIT_OK = 0;
const EXIT_OPERATOR = 2;

/**
 * Runs a command, and says in one sentence on stderr what its operator can mend.
 *
 * @returns the exit code
 */
export async function operatorExit(run: () => Promise<void>): Promise<number> {
  try {
    await run();
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    process.stderr.write(`udp-relay: ${error.message}\n`);
    return EXIT_OPERATOR;
  }
}
