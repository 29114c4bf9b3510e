import { load, pause, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { Words } from "@udp-relay/atomics-layout/memory";
import type { Backend } from "../src/proxy/backend.ts";
import { noCrossings, noDrops, noSessions } from "../src/proxy/proxy-counters.ts";
import { MirroredBackends } from "../src/proxy/workers/mirrored-backends.ts";
import { ProxyMemory } from "../src/proxy/workers/proxy-memory.ts";
import type { BackendList } from "../src/proxy/workers/proxy-messages.ts";
import { SessionPublisher } from "../src/proxy/workers/session-publisher.ts";
import { PublishedTotals } from "../src/shared/published-totals.ts";
import { AnnouncedMessages } from "../src/worker/announced-messages.ts";
import { DRAINED, FORGOTTEN, isA, type Shared } from "./reload-memory.ts";
import { Port } from "./reload-port.ts";

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
