/** Calls back once when the event loop's present turn is over, each time it is armed. */
export interface TurnEnd extends Disposable {
  /** False once disposed: a turn's end is not noticed any more. */
  readonly open: boolean;
  arm(): void;
}

export function scheduleTurnEnd(onTurnEnd: () => void): TurnEnd {
  return typeof setImmediate === "function" ? new ImmediateTurnEnd(onTurnEnd) : new MessageTurnEnd(onTurnEnd);
}

/**
 * Node and Bun: the check phase, which ends the turn.
 *
 * The immediate is *not* unref'd. With an unref'd one alone, Node's loop goes to sleep in its poll phase and hands the
 * next datagrams to their callbacks before the check phase: they would read the time of the turn before the sleep,
 * seconds old. A ref'd one lets the poll phase fall through; it holds an exiting process for that one turn only. A
 * clock that is read in a `beforeExit` listener would hold it for ever, turn by turn, so from there on it is unref'd.
 */
class ImmediateTurnEnd implements TurnEnd {
  readonly #run: () => void;
  #immediate: NodeJS.Immediate | undefined;
  open = true;

  constructor(onTurnEnd: () => void) {
    watchExit();
    this.#run = () => {
      this.#immediate = undefined;
      exiting = false;
      onTurnEnd();
    };
  }

  arm(): void {
    this.#immediate = setImmediate(this.#run);
    if (exiting) this.#immediate.unref();
  }

  [Symbol.dispose](): void {
    this.open = false;
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }
}

/** This thread has announced its exit, and no turn has ended since. */
let exiting = false;
let watchingExit = false;

/** One listener for the thread's life, ahead of those that might read the clock. */
function watchExit(): void {
  if (watchingExit || typeof process !== "object") return;
  watchingExit = true;
  process.prependListener("beforeExit", () => {
    exiting = true;
  });
}

/** Pages and their workers: a message to ourselves is a task of its own, without the 4 ms that timers are held to. */
class MessageTurnEnd implements TurnEnd {
  readonly #channel = new MessageChannel();
  open = true;

  constructor(onTurnEnd: () => void) {
    (this.#channel.port1 as unknown as { onmessage: () => void }).onmessage = onTurnEnd;
  }

  arm(): void {
    this.#channel.port2.postMessage(0);
  }

  [Symbol.dispose](): void {
    this.open = false;
    this.#channel.port1.close();
  }
}
