import { endpointsEqual, parseEndpoint } from "@udp-relay/address-validation";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { add, allocate, load, pause, store, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import { Backend, type BackendSpec } from "../src/proxy/backend.ts";
import { BackendRoster } from "../src/proxy/backend-roster.ts";
import { noCrossings, noDrops, noSessions } from "../src/proxy/proxy-counters.ts";
import { settleProxyDeath } from "../src/proxy/workers/dead-proxy-worker.ts";
import { MirroredBackends } from "../src/proxy/workers/mirrored-backends.ts";
import { PlacedBackends } from "../src/proxy/workers/placed-backends.ts";
import { countNames, Field, FIRST_COUNT } from "../src/proxy/workers/proxy-fields.ts";
import { ProxyMemory } from "../src/proxy/workers/proxy-memory.ts";
import type { BackendList } from "../src/proxy/workers/proxy-messages.ts";
import { SessionPublisher } from "../src/proxy/workers/session-publisher.ts";
import { PublishedTotals } from "../src/shared/published-totals.ts";
import { AnnouncedMessages } from "../src/worker/announced-messages.ts";

/** A is everybody's first choice for as long as it takes sessions. */
const [A, B, C] = ["192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"].map((name, i): BackendSpec => ({
  endpoint: parseEndpoint(name),
  weight: i === 0 ? 1_000 : 1,
})) as [BackendSpec, BackendSpec, BackendSpec];
const specs = [A, B, C];
/** One of them is free only when every worker knows that whoever had it is gone. */
const PLACES = 2;
/** What workers begin with. */
export const FIRST_LIST: BackendList = {
  version: 0,
  backends: [A, B].map((spec, place) => ({ place, generation: place + 1, spec })),
};

const POSTED = 0;
const FORGOTTEN = 1;
/** 1 + the index of the worker that was killed. */
const EXITED = 2;
const DRAINED = 3;
const MESSAGES = 8;

export interface Shared {
  readonly memory: RegionHandle;
  readonly words: SharedMemory;
}

export const setup = (workers: number) => (): Shared => ({
  memory: ProxyMemory.create(workers, PLACES).shared,
  words: allocate(64),
});

/** A message port as Node has them: what was posted is there at once. The nth list is version n. */
export class Port {
  readonly #words: Words;
  #taken = 0;

  constructor(memory: SharedMemory) {
    this.#words = wordsOf(memory);
  }

  post(list: BackendList): void {
    let bits = 0;
    for (const { place, generation, spec } of list.backends) {
      const which = specs.findIndex(({ endpoint }) => endpointsEqual(endpoint, spec.endpoint));
      bits |= ((place + 1) | (generation << 2)) << (which * 6);
    }
    store(this.#words, MESSAGES + list.version, bits);
    add(this.#words, POSTED, 1);
  }

  take(): { readonly message: BackendList } | undefined {
    if (this.#taken === load(this.#words, POSTED)) return undefined;
    const version = ++this.#taken;
    const bits = load(this.#words, MESSAGES + version);
    const backends = specs.flatMap((spec, which) => {
      const own = (bits >> (which * 6)) & 63;
      return own === 0 ? [] : [{ place: (own & 3) - 1, generation: own >> 2, spec }];
    });
    return { message: { version, backends } };
  }
}

/** Whoever kills a worker says that it has come to its end. */
export const tellExit = (words: Words, index: number): void => {
  store(words, EXITED, 1 + index);
};

const isA = (backend: Backend | undefined): boolean =>
  backend !== undefined && endpointsEqual(backend.endpoint, A.endpoint);

/** A worker that has nothing to do but to give sessions to backends and to end them. */
export class Worker {
  readonly backends: MirroredBackends;
  readonly #a: Backend | undefined;
  readonly #words: Words;
  readonly #messages: AnnouncedMessages<BackendList>;
  readonly #publisher: SessionPublisher;
  #isDrained = false;
  #turns = 0;
  readonly #sessions = {
    live: 0,
    changes: 0,
    drops: noDrops(),
    counts: noSessions(),
    crossings: noCrossings(),
    all: [],
  };

  constructor({ memory: handle, words }: Shared, index: number, list: BackendList) {
    const memory = ProxyMemory.attach(handle);
    const port = new Port(words);
    const idle = { counted: nothingCounted, stats: () => nothingCounted };
    this.#words = wordsOf(words);
    this.backends = new MirroredBackends(memory, index, list);
    this.#a = this.backends.backends.find(isA);
    this.#messages = new AnnouncedMessages(memory.control, () => port.take());
    this.#publisher = new SessionPublisher({
      totals: new PublishedTotals(memory.totals(index)),
      sessions: this.#sessions,
      backends: this.backends,
      isMeasured: false,
      callbackErrors: () => 0,
      listening: idle,
      upstreams: idle,
    });
  }

  publish(): void {
    this.#publisher.publish(0);
  }

  /**
   * A turn of a worker's thread, and what it does after it. Returns what it should not have done.
   *
   * @param standsStill before it reads what has been found of the backends, of whose list it may not have heard
   */
  turn(standsStill: boolean): string | undefined {
    // It waits for datagrams.
    pause();
    const fault = this.#serve();
    if (fault !== undefined) return fault;
    this.#publisher.publishTurn((this.#turns += 1));
    this.#isDrained = load(this.#words, DRAINED) !== 0;
    this.#messages.read((list) => {
      this.backends.adopt(list);
    });
    if (standsStill) pause();
    this.backends.look();
    this.publish();
    return undefined;
  }

  /** Returns what it should not have done. */
  takeTurns(count: number, standsStill = false): string | undefined {
    for (let turn = 0; turn < count; turn++) {
      const fault = this.turn(standsStill);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #serve(): string | undefined {
    const { backends } = this;
    const a = this.#a;
    const isForgotten = load(this.#words, FORGOTTEN) !== 0;
    if (isForgotten && a !== undefined && a.sessions > 0) return "it has a session of what is forgotten";
    const chosen = backends.choose();
    if (isA(chosen)) {
      if (this.#isDrained) return "it gives a session to what is drained";
      if (isForgotten) return "it gives a session to what is forgotten";
      if (backends.version > 0) return "it gives a session to what it knows to be removed";
      this.#count("opened", 1, chosen!);
    } else if (a !== undefined && a.sessions > 0) this.#count("expired", -1, a);
    return undefined;
  }

  #count(what: "opened" | "expired", n: number, backend: Backend): void {
    this.#sessions.counts[what] += 1;
    this.#sessions.live += n;
    this.#sessions.changes += 1;
    backend.sessions += n;
    this.backends.counted(backend);
  }
}

const nothingCounted = {
  receivedDatagrams: 0,
  receivedBytes: 0,
  receivedBatches: 0,
  callbackThrows: 0,
  sentDatagrams: 0,
  sentBytes: 0,
  retriedSends: 0,
  icmpErrors: 0,
  queuedDatagrams: 0,
  drops: {},
  queueFullByClass: [],
  kernelDropsKnown: true,
  receiveBufferBytes: 0,
};

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
