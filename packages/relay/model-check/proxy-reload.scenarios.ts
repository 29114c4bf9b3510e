import { wordsOf } from "@udp-relay/atomics-layout/memory";
import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import { ProxyMemory } from "../src/proxy/workers/proxy-memory.ts";
import type { BackendList } from "../src/proxy/workers/proxy-messages.ts";
import { AnnouncedMessages } from "../src/worker/announced-messages.ts";
import { Main } from "./reload-main.ts";
import { FIRST_LIST, setup, type Shared, tellExit } from "./reload-memory.ts";
import { Port } from "./reload-port.ts";
import { Worker } from "./reload-worker.ts";

const touches = [
  "proxy/workers/placed-backends",
  "proxy/workers/mirrored-backends",
  "proxy/workers/session-publisher",
  "proxy/workers/dead-proxy-worker",
  "proxy/backend-roster",
  "shared/published-totals",
  "shared/worker-totals",
  "worker/announced-messages",
].map((name) => `packages/relay/src/${name}.ts`);

const main = (looks: number) =>
  thread(
    "main",
    (shared: Shared) => new Main(shared),
    (self) => {
      self.leave();
      return self.look(looks);
    },
  );

const worker = (index: number, turns: number, standsStill = false) =>
  thread(
    `worker ${index}`,
    (shared: Shared) => new Worker(shared, index, FIRST_LIST),
    (self) => self.takeTurns(turns, standsStill),
  );

/** Of the workers that are killed it says so. */
const teller = supervisor(
  ({ words }: Shared) => wordsOf(words),
  (words, _call, killed) => {
    tellExit(words, Number(killed.slice("worker ".length)));
  },
);

const noFault = ({ results }: { readonly results: ReadonlyMap<string, unknown> }): string | undefined => {
  for (const [name, fault] of results) if (typeof fault === "string") return `${name}: ${fault}`;
  return undefined;
};

const attachPort = ({ memory, words }: Shared) => ({
  control: ProxyMemory.attach(memory).control,
  port: new Port(words),
});

const limits = { stepsOfAThread: 5_000 };
const mode = { runs: 200, longRuns: 5_000, seed: 18, depth: 4 };

export default [
  defineScenario<Shared>({
    name: "proxy reload: a worker hears of every list, however late it begins to look",
    touches,
    setup: setup(1),
    threads: [
      thread("main", attachPort, ({ control, port }) => {
        for (let version = 1; version <= 2; version++) {
          port.post({ ...FIRST_LIST, version });
          control.announceMessage();
        }
      }),
      thread("worker", attachPort, ({ control, port }) => {
        const messages = new AnnouncedMessages<BackendList>(control, () => port.take());
        let heard = 0;
        const obey = ({ version }: BackendList): void => {
          heard = version;
        };
        messages.read(obey);
        const announced = control.announcedMessages;
        messages.read(obey);
        return heard >= announced ? undefined : `it has heard of ${heard} lists, announced were ${announced}`;
      }),
    ],
    check: noFault,
  }),
  defineScenario<Shared>({
    name: "proxy reload: whoever is told that a backend is drained gives it no session",
    touches,
    setup: setup(1),
    threads: [
      thread(
        "main",
        (shared: Shared) => new Main(shared),
        (self) => {
          self.drain();
        },
      ),
      worker(0, 2),
    ],
    limits,
    check: noFault,
  }),
  defineScenario<Shared>({
    name: "proxy reload: a backend is forgotten, and its place another's, once its worker lets go or was killed",
    touches,
    setup: setup(1),
    threads: [main(5), worker(0, 4, true)],
    interruption: "kill",
    interruptible: ["worker 0"],
    supervisor: teller,
    mode,
    limits,
    check: noFault,
  }),
  defineScenario<Shared>({
    name: "proxy reload: of two workers the slower one counts",
    touches,
    setup: setup(2),
    threads: [main(4), worker(0, 3), worker(1, 3)],
    mode,
    limits,
    check: noFault,
  }),
  defineScenario<Shared>({
    name: "proxy reload: what one of two workers has heard of waits for the other, or for its death",
    touches,
    setup: setup(2),
    // Attached in this order: the second worker has heard of the reload and says so, the first one stands still.
    threads: [
      worker(0, 2, true),
      thread(
        "main",
        (shared: Shared) => {
          const self = new Main(shared);
          self.leave();
          return self;
        },
        (self) => self.look(2),
      ),
      thread(
        "worker 1",
        (shared: Shared) => {
          const self = new Worker(shared, 1, FIRST_LIST);
          self.turn(false);
          return self;
        },
        (self) => self.takeTurns(1),
      ),
    ],
    interruption: "kill",
    interruptible: ["worker 0", "worker 1"],
    supervisor: teller,
    mode,
    limits,
    check: noFault,
  }),
];
