import { LayoutError } from "./atomics-layout-error.ts";
import type { Owner } from "./owner.ts";
import type { OwnerReport, Region } from "./region.ts";

/** A worker of `node:worker_threads`, on Node or Bun, or Bun's `Worker` of the Web. */
export type SupervisedWorker =
  | {
      readonly threadId: number;
      once(event: "exit", listener: () => void): unknown;
      off(event: "exit", listener: () => void): unknown;
    }
  | {
      readonly threadId: number;
      addEventListener(event: "close", listener: () => void): unknown;
      removeEventListener(event: "close", listener: () => void): unknown;
    };

/** What was found when a supervised worker had ended. */
export interface WorkerEnd {
  readonly threadId: number;
  /** Owners that the worker had claimed and not released. */
  readonly declaredDead: number;
  /** Owners repaired now, this worker's or others' that a failed or dead repairer had left. */
  readonly repaired: number;
}

/** An owner whose last-seen tick stands still, though its thread lives. */
export interface OwnerStall {
  readonly owner: OwnerReport;
  /** How long the tick has stood still, in ms of this thread's monotonic clock. */
  readonly silentMs: number;
}

/** What `superviseWorker` tells, and when. */
export interface SuperviseOptions {
  /** Called once for the worker's end, after the repairs: the place to start its successor. */
  readonly onEnd?: ((end: WorkerEnd) => void) | undefined;
  /** Called once for each stall. Without it nothing is watched but the worker's end. */
  readonly onStall?: ((stall: OwnerStall) => void) | undefined;
  /** Silence that is reported, 10..86,400,000 ms; 1,000 by default. */
  readonly stallAfterMs?: number | undefined;
  /** What a repair or one of these callbacks threw; by default a process warning. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Wires a worker's end to the declaration of its owners' death and to the repairs registered in this thread
 * (`region.onOwnerDeath`). Call it in the thread that started the worker, right after `new Worker`: the worker is
 * known by its `threadId`, which `region.claimOwner` noted in the worker and which is gone once the worker has ended.
 *
 * Several supervisors of one worker, in one or several threads, are safe: each death is declared once and repaired by
 * one thread. A worker that is only silent is reported and never declared dead, since it would write on.
 *
 * @returns dispose it to stop supervising; it ends by itself with the worker, and keeps no process alive
 * @throws LayoutError ERR_SUPERVISE_WORKER for a worker that has ended, ERR_SUPERVISE_OPTION, ERR_REGION_OWNERS
 *
 * Concurrency: claims one owner entry of the region for this thread, shared by all its supervisions; never waits.
 */
export function superviseWorker(
  region: Region,
  worker: SupervisedWorker,
  options: SuperviseOptions = {},
): Disposable {
  const { stallAfterMs = 1_000, onStall, onEnd } = options;
  const { threadId } = worker;
  if (!Number.isInteger(threadId) || threadId < 1) {
    const text = `the worker has ended or is none (threadId ${String(threadId)}): supervise it right after it was started`;
    throw new LayoutError("ERR_SUPERVISE_WORKER", text);
  }
  if (!Number.isInteger(stallAfterMs) || stallAfterMs < 10 || stallAfterMs > 86_400_000) {
    const text = `stallAfterMs is an integer of 10..86,400,000, not ${String(stallAfterMs)}`;
    throw new LayoutError("ERR_SUPERVISE_OPTION", text);
  }
  const supervisor = acquireSupervisor(region);
  const guarded = guardedBy(options.onError ?? warn);
  const watch =
    onStall === undefined
      ? undefined
      : startWatch(region, threadId, stallAfterMs, (stall) => guarded(() => onStall(stall)));

  const end = (): void => {
    let declaredDead = 0;
    let repaired = 0;
    guarded(() => {
      declaredDead = region.declareThreadDead(threadId);
      repaired = region.repairDead(supervisor);
    });
    stop();
    guarded(() => onEnd?.({ threadId, declaredDead, repaired }));
  };
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    clearInterval(watch);
    if ("once" in worker) worker.off("exit", end);
    else worker.removeEventListener("close", end);
    releaseSupervisor(region);
  };
  if ("once" in worker) worker.once("exit", end);
  else worker.addEventListener("close", end);
  return { [Symbol.dispose]: stop };
}

/** Looks four times as often as it has to; a thread that is itself late sees a late tick, not an old one. */
function startWatch(
  region: Region,
  threadId: number,
  stallAfterMs: number,
  report: (stall: OwnerStall) => void,
): NodeJS.Timeout {
  interface Watched {
    tick: number;
    sinceMs: number;
    reported: boolean;
  }
  const watched = new Map<number, Watched>();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const owners = region.owners().filter((owner) => owner.threadId === threadId && owner.state === "live");
    for (const id of watched.keys()) if (!owners.some((owner) => owner.id === id)) watched.delete(id);
    for (const owner of owners) {
      const last = watched.get(owner.id);
      if (last?.tick !== owner.lastSeenTick) {
        watched.set(owner.id, { tick: owner.lastSeenTick, sinceMs: nowMs, reported: false });
      } else if (!last.reported && nowMs - last.sinceMs >= stallAfterMs) {
        last.reported = true;
        report({ owner, silentMs: nowMs - last.sinceMs });
      }
    }
  }, stallAfterMs / 4);
  timer.unref();
  return timer;
}

interface Supervisor {
  readonly owner: Owner;
  supervisions: number;
}

/** One owner entry for all supervisions of a region by a thread. */
const supervisors = new WeakMap<Region, Supervisor>();

function acquireSupervisor(region: Region): Owner {
  let supervisor = supervisors.get(region);
  if (supervisor === undefined) {
    supervisor = { owner: region.claimOwner("supervisor"), supervisions: 0 };
    supervisors.set(region, supervisor);
  }
  supervisor.supervisions++;
  return supervisor.owner;
}

function releaseSupervisor(region: Region): void {
  const supervisor = supervisors.get(region);
  if (supervisor === undefined || --supervisor.supervisions > 0) return;
  supervisors.delete(region);
  supervisor.owner.release();
}

function guardedBy(onError: (error: unknown) => void): (action: () => void) => void {
  return (action) => {
    try {
      action();
    } catch (error) {
      onError(error);
    }
  };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
