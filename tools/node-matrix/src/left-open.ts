/** How long nothing may run before the file counts as done: the runner goes from one test to the next at once. */
const DONE_MS = 3_000;

let running = 0;
let done: NodeJS.Timeout | undefined;

/**
 * Runs a test or a hook, and sees to it that the process ends when all of them have: a failed test leaves sockets and
 * threads behind, and Node's runner waits for them without end. (Its `--test-force-exit` loses output on Node 24 and 26.)
 * Whatever keeps the process is named, and is a failure also when all tests passed.
 *
 * @param timedOut aborted when the runner gives the test up
 */
export async function watched(body: () => unknown, timedOut?: AbortSignal): Promise<void> {
  running += 1;
  clearTimeout(done);
  try {
    await Promise.race([body(), gaveUp(timedOut)]);
  } finally {
    running -= 1;
    // Does not keep the process itself: it fires only where something else does.
    if (running === 0) done = setTimeout(endWithWhatIsOpen, DONE_MS).unref();
  }
}

/** The runner has its own word for it: the body is only no longer waited for. */
function gaveUp(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener("abort", () => {
      resolve();
    });
  });
}

function endWithWhatIsOpen(): void {
  const open = process
    .getActiveResourcesInfo()
    .filter((name) => !/^(TTYWrap|PipeWrap|FSReqPromise)$/.test(name));
  process.exitCode = 1;
  process.stdout.write(`# left open: ${[...new Set(open)].join(", ") || "a thread"}\n`, () => process.exit());
}
