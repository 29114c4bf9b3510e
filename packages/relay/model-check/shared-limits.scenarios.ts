import { defineScenario, thread } from "@udp-relay/model-check";
import { ratePerMinute } from "../src/limits/token-buckets.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const touches = ["limits/token-buckets", "limits/amplification-budget", "shared/relay-control"].map(
  (name) => `packages/relay/src/${name}.ts`,
);

const tiny = (): RelayMemory => RelayMemory.create({ workers: 1, slots: 1, pingPrefixes: 8, pairs: 8 });
const attach = ({ shared: handle }: { shared: RelayMemory["shared"] }): RelayMemory =>
  RelayMemory.attach(handle);
const shared =
  (prepare: (memory: RelayMemory) => void = () => undefined) =>
  (): Pick<RelayMemory, "shared"> => {
    const memory = tiny();
    prepare(memory);
    return { shared: memory.shared };
  };

const ONE_A_MINUTE = ratePerMinute(1)!;
const TWO_A_MINUTE = ratePerMinute(2)!;
const HANDLE = 3 * 2 ** 24;

const granted = (results: ReadonlyMap<string, unknown>): number =>
  [...results.values()].filter((result) => result === true).length;

export default [
  defineScenario({
    name: "token buckets: one token of a new prefix goes to one of two workers",
    touches,
    setup: shared(),
    threads: ["first", "second"].map((name) =>
      thread(name, attach, (memory, call) =>
        call("take", [7], () => memory.pings.take(7, 1_000, ONE_A_MINUTE)),
      ),
    ),
    check: ({ results }) => (granted(results) === 1 ? undefined : "not exactly one worker got the token"),
  }),
  defineScenario({
    name: "token buckets: two prefixes of one line, a full bucket between them, no token lost",
    touches,
    setup: shared((memory) => {
      // Long full again: whoever comes first takes its place.
      memory.pings.take(15, 0, TWO_A_MINUTE);
    }),
    threads: [7, 23].map((key) =>
      thread(`prefix ${key}`, attach, (memory, call) =>
        call("take", [key], () => memory.pings.take(key, 100_000_000, ONE_A_MINUTE)),
      ),
    ),
    check: ({ results }) => (granted(results) === 2 ? undefined : "a prefix lost its token"),
  }),
  defineScenario({
    name: "token buckets: a newcomer to the line takes nobody's bucket, so that nobody gets a second token",
    touches,
    setup: shared(),
    threads: [7, 23].map((key) =>
      thread(`prefix ${key}`, attach, ({ pings }) => {
        const first = pings.take(key, 1_000, ONE_A_MINUTE);
        return [first, pings.take(key, 1_000, ONE_A_MINUTE)].join();
      }),
    ),
    check: ({ results }) => {
      const answers = [...results.values()].join(" ");
      return answers === "true,false true,false" ? undefined : `the prefixes were told ${answers}`;
    },
  }),
  defineScenario({
    name: "amplification: two workers never spend more than the budget together",
    touches,
    setup: shared(),
    threads: ["first", "second"].map((name) =>
      thread(name, attach, (memory, call) =>
        call("spend", [3_000], () => memory.budget.spend(0, HANDLE, 3_000, () => 8)),
      ),
    ),
    check: ({ results }) => (granted(results) === 1 ? undefined : "6,000 bytes of 4,096 were spent"),
  }),
  defineScenario({
    name: "amplification: an answer confirms, whatever is being forwarded meanwhile",
    touches,
    setup: shared((memory) => {
      memory.budget.spend(0, HANDLE, 100, () => 8);
    }),
    threads: [
      thread("forwards", attach, (memory, call) =>
        call("spend", [100], () => memory.budget.spend(0, HANDLE, 100, () => 8)),
      ),
      thread("receives", attach, (memory, call) => {
        call("received", [], () => {
          memory.budget.received(0, HANDLE);
        });
      }),
    ],
    check: ({ shared: memory }) =>
      RelayMemory.attach(memory.shared).budget.spend(0, HANDLE, 1_000_000, () => 8)
        ? undefined
        : "the client answered and is not confirmed",
  }),
  defineScenario({
    name: "amplification: two workers within the budget, neither is refused",
    touches,
    setup: shared(),
    threads: ["first", "second"].map((name) =>
      thread(name, attach, (memory, call) =>
        call("spend", [100], () => memory.budget.spend(0, HANDLE, 100, () => 8)),
      ),
    ),
    check: ({ results }) => (granted(results) === 2 ? undefined : "a datagram within the budget was refused"),
  }),
  defineScenario({
    name: "amplification: an answer from the old endpoint does not confirm the new one",
    touches,
    setup: shared((memory) => {
      memory.budget.spend(0, HANDLE, 100, () => 8);
    }),
    threads: [
      thread("receives", attach, (memory, call) => {
        call("received", [], () => {
          memory.budget.received(0, HANDLE);
        });
      }),
      thread("rebinds", attach, (memory, call) => {
        call("rebound", [], () => {
          memory.budget.rebound(0, HANDLE);
        });
      }),
    ],
    check: ({ shared: memory }) =>
      RelayMemory.attach(memory.shared).budget.spend(0, HANDLE, 1_000_000, () => 8)
        ? "the new endpoint is confirmed and never answered"
        : undefined,
  }),
  defineScenario({
    name: "amplification: one answer confirms once, not the next endpoint as well",
    touches,
    setup: shared((memory) => {
      memory.budget.spend(0, HANDLE, 100, () => 8);
    }),
    threads: [
      thread("receives", attach, (memory) => {
        memory.budget.received(0, HANDLE);
      }),
      thread("rebinds", attach, (memory) => {
        const answered = memory.budget.isConfirmed(0, HANDLE);
        memory.budget.rebound(0, HANDLE);
        memory.budget.spend(0, HANDLE, 100, () => 8);
        return answered;
      }),
    ],
    check: ({ results, shared: memory }) =>
      results.get("rebinds") === true && RelayMemory.attach(memory.shared).budget.isConfirmed(0, HANDLE)
        ? "the old endpoint's answer was used up, and the new one is confirmed"
        : undefined,
  }),
  defineScenario({
    name: "maintenance: two workers turn it over, both turns count",
    touches,
    setup: shared(),
    threads: ["first", "second"].map((name) =>
      thread(name, attach, (memory, call) => call("toggle", [], () => memory.control.toggleMaintenance())),
    ),
    check: ({ results, shared: memory }) => {
      if (granted(results) !== 1) return `${granted(results)} workers turned it on`;
      return RelayMemory.attach(memory.shared).control.maintenance ? "a turn was lost" : undefined;
    },
  }),
  ...(
    [
      ["maintenance", (control) => (control.maintenance = true), (control) => control.maintenance],
      ["draining", (control) => (control.draining = true), (control) => control.draining],
    ] as [
      name: string,
      set: (control: RelayMemory["control"]) => void,
      get: (control: RelayMemory["control"]) => boolean,
    ][]
  ).map(([name, set, get]) =>
    // Who turns it on looks at the other's switch afterwards: at least one of the two must see the other's.
    defineScenario({
      name: `${name} turned on while another switch is: one of the two sees the other`,
      touches,
      setup: shared(),
      threads: [
        thread("turns it on", attach, ({ control }) => {
          set(control);
          return name === "draining" ? control.maintenance : control.draining;
        }),
        thread("turns the other on", attach, ({ control }) => {
          if (name === "draining") control.maintenance = true;
          else control.draining = true;
          return get(control);
        }),
      ],
      check: ({ results }) => (granted(results) >= 1 ? undefined : "neither sees the other"),
    }),
  ),
  defineScenario({
    name: "a sweep is asked for while a message is announced: one of the two sees the other",
    touches,
    setup: shared(),
    threads: [
      thread("asks for a sweep", attach, ({ control }) => {
        control.requestSweep();
        return control.announcedMessages === 1;
      }),
      thread("announces", attach, ({ control }) => {
        control.announceMessage();
        return control.sweepRequests === 1;
      }),
    ],
    check: ({ results }) => (granted(results) >= 1 ? undefined : "neither sees the other"),
  }),
  defineScenario({
    name: "command: one success a minute, whoever of two workers hears it",
    touches,
    setup: shared(),
    threads: ["first", "second"].map((name) =>
      thread(name, attach, (memory, call) => call("spendCommand", [5], () => memory.control.spendCommand(5))),
    ),
    check: ({ results }) => (granted(results) === 1 ? undefined : "not exactly one command succeeded"),
  }),
];
