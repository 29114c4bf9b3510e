import { Worker } from "node:worker_threads";
import { type Region, superviseWorker } from "@udp-relay/atomics-layout";
import type { RelayLog } from "../operations/relay-log.ts";
import { RelayError } from "../relay-error.ts";
import type { WorkerState } from "../report/relay-report.ts";
import { respawnDelayMs, type RespawnTiming, systemTiming } from "./respawn.ts";
import type { WorkerStatus } from "./worker-set.ts";

/** A worker that stopped in order is given so long to close its socket. */
const STOP_WITHIN_MS = 1_000;
/** A worker allocates next to nothing for long: V8's default lets each keep 48 MiB of garbage before it looks. */
const WORKER_YOUNG_MIB = 6;

/** What a thread tells its supervisor beside messages of its own kind. */
export type ThreadMessage =
  | { readonly type: "running"; readonly transport: string; readonly reason: string }
  /** It could not start; `code` is the system's, where there is one. */
  | { readonly type: "failed"; readonly message: string; readonly code: string | undefined };

/** What the threads are, and what is to be done about them. */
export interface ThreadKind<Message> {
  readonly name: string;
  /** The program, with its ending: .ts in a checkout, .js in the published package. */
  readonly program: URL;
  /** Shared memory that is repaired when one dies. */
  readonly region: Region;
  readonly log: RelayLog;
  /** `workerData`; `predecessor` is the thread whose queue the new one goes on with. */
  startOf(index: number, predecessor: number | undefined): unknown;
  startError(message: string, code: string | undefined): Error;
  onMessage(index: number, message: Message): void;
  /** A thread is gone, and the region repaired. Returns how many datagrams died with it. */
  onEnded(index: number): number;
  /** Ends its blocking loop, if it is in one. */
  stopBlocking(index: number): void;
}

interface Seat {
  readonly index: number;
  state: WorkerState;
  transport: string;
  restarts: number;
  worker: Worker | undefined;
  startedMs: number;
}

/** A fixed number of worker threads: one that dies is settled, and a successor started in its place. */
export class SupervisedThreads<Message> {
  readonly #kind: ThreadKind<Message>;
  readonly #seats: readonly Seat[];
  readonly #timing: RespawnTiming;
  #closing = false;

  /** @param timing when successors start; the system's by default */
  constructor(kind: ThreadKind<Message>, count: number, timing: RespawnTiming = systemTiming) {
    this.#kind = kind;
    this.#timing = timing;
    this.#seats = Array.from({ length: count }, (_, index) => ({
      index,
      state: "starting" as const,
      transport: "",
      restarts: 0,
      worker: undefined,
      startedMs: 0,
    }));
  }

  /** Resolves once all of them run. @throws what `startError` makes of the first that cannot */
  async start(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => this.#start(seat, undefined)));
  }

  post(index: number, message: unknown): void {
    this.#seats[index]?.worker?.postMessage(message);
  }

  postAll(message: unknown): void {
    for (const { index } of this.#seats) this.post(index, message);
  }

  status(): readonly WorkerStatus[] {
    return this.#seats.map(({ state, transport, restarts }) => ({ state, transport, restarts }));
  }

  /** Ends a worker at once, wherever it is in its work, as a crash would. For tests and drills. */
  async kill(index: number): Promise<void> {
    await this.#seats[index]?.worker?.terminate();
  }

  /** Resolves when all of them are gone and settled. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#seats.map((seat) => this.#stop(seat)));
  }

  /** Resolves once the worker runs. */
  async #start(seat: Seat, predecessor: number | undefined): Promise<void> {
    const { index } = seat;
    const { region, log, name } = this.#kind;
    const worker = new Worker(this.#kind.program, {
      workerData: this.#kind.startOf(index, predecessor),
      name: `${name} ${index}`,
      resourceLimits: { maxYoungGenerationSizeMb: WORKER_YOUNG_MIB },
    });
    const { threadId } = worker;
    seat.worker = worker;
    seat.startedMs = this.#timing.nowMs();
    superviseWorker(region, worker, {
      onError: (error) => log.error({ worker: index, error: String(error) }, "a repair failed"),
    });
    worker.on("error", (error) => log.error({ worker: index, error: String(error) }, "a worker failed"));
    worker.once("exit", () => {
      this.#ended(seat, threadId);
    });
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message: ThreadMessage | Message) => {
        const { type } = message as { readonly type: string };
        if (type === "failed") {
          const { message: words, code } = message as Extract<ThreadMessage, { type: "failed" }>;
          reject(this.#kind.startError(words, code));
          return;
        }
        if (type !== "running") {
          this.#kind.onMessage(index, message as Message);
          return;
        }
        const { transport, reason } = message as Extract<ThreadMessage, { type: "running" }>;
        seat.transport = transport;
        seat.state = "running";
        log.info({ worker: index, transport, reason }, "a worker relays");
        resolve();
      });
      worker.once("exit", () => {
        reject(new RelayError("ERR_RELAY_START", `worker ${index} ended before it relayed`));
      });
    });
  }

  /** The thread is gone, and `superviseWorker` has repaired what it held in the region. */
  #ended(seat: Seat, threadId: number): void {
    const { index } = seat;
    const { log } = this.#kind;
    seat.worker = undefined;
    const died = this.#kind.onEnded(index);
    if (this.#closing) {
      seat.state = "stopped";
      return;
    }
    seat.state = "restarting";
    seat.restarts++;
    log.warn(
      { worker: index, workerDied: died, restarts: seat.restarts },
      "a worker died and is started again",
    );
    const livedMs = this.#timing.nowMs() - seat.startedMs;
    this.#timing.after(respawnDelayMs(livedMs, seat.restarts), () => {
      if (this.#closing) return;
      this.#start(seat, threadId).catch((error: unknown) => {
        log.error({ worker: index, error: String(error) }, "a worker could not be started");
        // One that reported and lives on without a socket: its end starts the next.
        void seat.worker?.terminate();
      });
    });
  }

  async #stop(seat: Seat): Promise<void> {
    const { worker } = seat;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => {
      worker.once("exit", () => {
        resolve();
      });
    });
    worker.postMessage({ type: "stop" });
    this.#kind.stopBlocking(seat.index);
    const late = setTimeout(() => void worker.terminate(), STOP_WITHIN_MS);
    await ended;
    clearTimeout(late);
  }
}
