import { DescriptorJournal, type SystemCalls } from "@udp-relay/adapters/linux";
import { allocate, compareExchange, load, store, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory } from "@udp-relay/atomics-layout/memory";
import { defineScenario, thread } from "@udp-relay/model-check";

const touches = ["packages/adapters/src/transport/linux/descriptor-journal.ts"];

/** Descriptors of the process: whose each is, 0 for nobody's. Three are enough for a number to come back. */
const DESCRIPTORS = 3;
const WORKER = 1;
const NEIGHBOUR = 2;

interface Shared {
  readonly kernel: SharedMemory;
  readonly journal: { readonly memory: SharedMemory };
}

/** open and close as a kernel does them: the lowest number that is free, for whoever asks; -1 for what is not open. */
class Kernel {
  readonly #words;

  constructor(memory: SharedMemory) {
    this.#words = wordsOf(memory);
  }

  open(owner: number): number {
    for (let fd = 0; fd < DESCRIPTORS; fd++) {
      if (compareExchange(this.#words, fd, 0, owner) === 0) return fd;
    }
    return -1;
  }

  close(fd: number): number {
    const owner = load(this.#words, fd);
    store(this.#words, fd, 0);
    return owner === 0 ? -1 : 0;
  }

  owners(): number[] {
    return Array.from({ length: DESCRIPTORS }, (_, fd) => load(this.#words, fd));
  }
}

const setup = (): Shared => ({
  kernel: allocate(DESCRIPTORS * 4),
  journal: { memory: allocate(64) },
});

interface Thread {
  readonly kernel: Kernel;
  readonly journal: DescriptorJournal;
  readonly calls: SystemCalls;
}

function attach({ kernel: memory, journal: handle }: Shared): Thread {
  const kernel = new Kernel(memory);
  const calls = {
    socket: () => kernel.open(WORKER),
    close: (fd: number) => kernel.close(fd),
  } as unknown as SystemCalls;
  const journal = new DescriptorJournal(calls, handle);
  return { kernel, journal, calls: journal.calls };
}

const worker = thread("worker", attach, ({ calls }: Thread) => {
  const first = calls.socket(0, 0, 0);
  const second = calls.socket(0, 0, 0);
  calls.close(first);
  calls.close(second);
});
/** Another thread of the process, which takes whatever number is free. */
const neighbour = thread("neighbour", attach, ({ kernel }: Thread) => kernel.open(NEIGHBOUR));

export default [
  defineScenario<Shared>({
    name: "descriptor journal: of a worker killed anywhere one descriptor stays at most, and nobody else's is closed",
    touches,
    setup,
    threads: [worker, neighbour],
    interruption: "kill",
    check: ({ shared, results, interrupted }) => {
      const { kernel, journal } = attach(shared);
      journal.closeAll();
      const owners = kernel.owners();
      const left = owners.filter((owner) => owner === WORKER).length;
      if (left > (interrupted === undefined ? 0 : 1)) return `${left} descriptors of the worker stayed open`;
      const fd = results.get("neighbour");
      if (typeof fd === "number" && fd >= 0 && owners[fd] !== NEIGHBOUR)
        return `the neighbour's descriptor ${fd} was closed`;
      return journal.open.length === 0 ? undefined : "the journal names some still";
    },
  }),
  defineScenario<Shared>({
    name: "descriptor journal: a successor's are its own, whatever its predecessor left",
    touches,
    setup: () => {
      const shared = setup();
      const before = attach(shared);
      before.calls.socket(0, 0, 0);
      before.journal.closeAll();
      return shared;
    },
    threads: [worker],
    interruption: "kill",
    check: ({ shared, interrupted }) => {
      const { kernel, journal } = attach(shared);
      const noted = journal.open;
      if (noted.some((fd) => kernel.owners()[fd] !== WORKER)) return `it names ${noted.join()}, not all open`;
      const open = kernel.owners().filter((owner) => owner === WORKER).length;
      return open - noted.length > (interrupted === undefined ? 0 : 1)
        ? `${open} are open, named are ${noted.length}`
        : undefined;
    },
  }),
];
