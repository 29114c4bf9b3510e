/** A thread that lived for so long did not die of its start. */
const QUICK_DEATH_MS = 1_000;
/** Between deaths that follow each other, so that a thread that cannot live does not cost a processor. */
const BACKOFF_MS = 250;

/**
 * How long a dead thread's place stays empty, milliseconds: not at all, but after a second death and later ones of
 * threads that had lived for less than a second.
 *
 * @param deaths in this place so far, this one included
 */
export function respawnDelayMs(livedMs: number, deaths: number): number {
  return deaths === 1 || livedMs >= QUICK_DEATH_MS ? 0 : BACKOFF_MS;
}

/** What a supervisor reads and sets its time by. */
export interface RespawnTiming {
  /** Monotonic, milliseconds. */
  nowMs(): number;
  after(delayMs: number, act: () => void): void;
}

export const systemTiming: RespawnTiming = {
  nowMs: () => performance.now(),
  after: (delayMs, act) => {
    setTimeout(act, delayMs);
  },
};
