import { notify, store, wait } from "#shared-cell";

const GO = 0;
const STOP = 1;

/** One word by which a thread ends another's wait at once. */
export type StopSignal = Int32Array<SharedArrayBuffer>;

export function createStopSignal(): StopSignal {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Concurrency: any thread, no wait. */
export function signalStop(signal: StopSignal): void {
  store(signal, 0, STOP);
  notify(signal, 0);
}

/** True once `ms` have passed, false as soon as it is told to stop. Concurrency: blocks its thread meanwhile. */
export function waitUnlessStopped(signal: StopSignal, ms: number): boolean {
  return wait(signal, 0, GO, ms) === "timed-out";
}
