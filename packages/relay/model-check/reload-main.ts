import { load, pause, store, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { Words } from "@udp-relay/atomics-layout/memory";
import { Backend } from "../src/proxy/backend.ts";
import { BackendRoster } from "../src/proxy/backend-roster.ts";
import { settleProxyDeath } from "../src/proxy/workers/dead-proxy-worker.ts";
import { PlacedBackends } from "../src/proxy/workers/placed-backends.ts";
import { countNames, Field, FIRST_COUNT } from "../src/proxy/workers/proxy-fields.ts";
import { ProxyMemory } from "../src/proxy/workers/proxy-memory.ts";
import { A, B, C, DRAINED, EXITED, FORGOTTEN, isA, type Shared } from "./reload-memory.ts";
import { Port } from "./reload-port.ts";
import { Worker } from "./reload-worker.ts";

/** The supervisor: takes A out, and once its place is free puts C into it. */
export class Main {
  readonly #shared: Shared;
  readonly #memory: ProxyMemory;
  readonly #words: Words;
  readonly #roster = new BackendRoster((spec) => new Backend(spec, {}));
  readonly #placed: PlacedBackends;
  #isSettled = false;
  #isJoined = false;

  constructor(shared: Shared) {
    const memory = ProxyMemory.attach(shared.memory);
    const port = new Port(shared.words);
    const roster = this.#roster;
    this.#shared = shared;
    this.#memory = memory;
    this.#words = wordsOf(shared.words);
    roster.replace([A, B]);
    this.#placed = new PlacedBackends({
      pool: {
        get backends() {
          return roster.backends;
        },
        replace: (list) => {
          roster.replace(list);
          this.#forget();
        },
      },
      memory,
      tell: (list) => {
        port.post(list);
        memory.control.announceMessage();
      },
    });
  }

  drain(): void {
    for (const backend of this.#roster.backends) backend.draining = isA(backend);
    this.#placed.publish();
    this.#memory.control.announceMessage();
    store(this.#words, DRAINED, 1);
  }

  leave(): void {
    this.#placed.replace([B]);
  }

  #forget(): void {
    if (this.#roster.forget().some(isA)) store(this.#words, FORGOTTEN, 1);
  }

  tick(): string | undefined {
    const placed = this.#placed;
    const exited = this.#isSettled ? 0 : load(this.#words, EXITED);
    if (exited !== 0) {
      this.#isSettled = true;
      const fault = this.#succeed(exited - 1);
      if (fault !== undefined) return fault;
    }
    placed.collect();
    this.#forget();
    placed.settle();
    if (this.#isJoined || this.#roster.backends.some(isA)) return undefined;
    try {
      placed.replace([B, C]);
      this.#isJoined = true;
    } catch {
      // Its place is not free yet.
    }
    return undefined;
  }

  /** It looks twice whenever something has changed: one tick lets go of a backend, the next one forgets it. */
  look(count: number): string | undefined {
    for (let look = 0; look < count; look++) {
      const fault = this.tick() ?? this.tick();
      if (fault !== undefined) return fault;
      pause();
    }
    return undefined;
  }

  /** The dead worker's sessions died with it; another begins in its place. */
  #succeed(dead: number): string | undefined {
    const placed = this.#placed;
    settleProxyDeath(this.#memory.totals(dead), { finishedDatagrams: 0, workerDied: 0, kernelReceive: 0 });
    placed.collect();
    const row = placed.rows[dead]!;
    const count = (name: (typeof countNames)[number]): number => row[FIRST_COUNT + countNames.indexOf(name)]!;
    if (row[Field.sessions] !== 0 || count("opened") !== count("expired") + count("workerDied"))
      return "sessions are counted that nobody has";
    const living = placed.rows.reduce((sum, { [Field.sessions]: sessions }) => sum + sessions!, 0);
    const counted = this.#roster.backends.reduce((sum, { sessions }) => sum + sessions, 0);
    if (counted > living) return "sessions outlived their worker";
    const successor = new Worker(this.#shared, dead, placed.list);
    successor.publish();
    if (isA(successor.backends.choose())) return "a successor gives a session to what is removed";
    return undefined;
  }
}
