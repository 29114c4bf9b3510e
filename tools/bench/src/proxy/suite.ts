import { fileURLToPath } from "node:url";
import { SOURCE_CONDITION } from "../io/load.ts";
import { buildC, cSkip, missing } from "../native.ts";
import type { BenchCase, BenchSuite } from "../suite.ts";

/** What c/proxy-load.c puts on a proxy. */
export interface ProxyLoad {
  readonly sessions: number;
  /** Of all clients together. */
  readonly packetsPerSecond: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

interface Proxy {
  readonly name: string;
  readonly file: () => string;
  readonly args: readonly string[];
  readonly skip?: () => string | undefined;
}

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const onNode = (name: string, args: readonly string[]): Proxy => ({
  name,
  file: () => process.execPath,
  args: [SOURCE_CONDITION, ...args],
});

const ourProxy: readonly string[] = [
  program("../../../../packages/relay/src/cli.ts"),
  "proxy",
  ...["--listen", "127.0.0.1:$PORT", "--to", "127.0.0.1:$BACKEND", "--allow", "127.0.0.0/8"],
  ...["--max-sessions", "20000", "--packets-per-second", "1000000", "--transport", "linux"],
];
const ours = onNode("udp-relay proxy, linux", ourProxy);
/** All clients are one address here, whose one bucket every datagram looks at. */
const limited = onNode("udp-relay proxy, linux, rate of addresses", [
  ...ourProxy,
  ...["--prefix-packets-per-second", "1000000"],
]);
const byHand = onNode("node:dgram by hand", [program("./proxy-by-hand.ts"), "$PORT", "$BACKEND"]);
const nginx: Proxy = {
  ...onNode("nginx stream", [program("./nginx.ts"), "$PORT", "$BACKEND"]),
  skip: () => missing("nginx", "-v"),
};
const inC: Proxy = {
  name: "C, epoll",
  file: () => buildC("session-proxy").file,
  args: ["$PORT", "$BACKEND"],
  skip: () => cSkip("session-proxy"),
};

const notes = [
  "128 bytes to an echo backend and back; datagrams both ways a CPU-second of the proxy's process, the kernel's work on its",
  "behalf included. udp-relay: policy, rate limit of clients and statistics on. Every reply is checked: one that reached another client",
  "fails the case.",
];

export const suites: readonly BenchSuite[] = [
  throughput(16, 1.15, 2),
  throughput(1_000, 1, 1.75),
  latency(),
  memory(),
];

function throughput(sessions: number, overNginx: number, overNode: number): BenchSuite {
  return {
    area: "proxy",
    title: `session proxy, ${sessions.toLocaleString("en")} sessions`,
    unit: "datagrams/CPU-second",
    reference: nginx.name,
    cases: [ours, limited, byHand, nginx, inC].map((proxy) =>
      proxyCase(proxy, { sessions, packetsPerSecond: 60_000, seconds: 1.2, warmUpSeconds: 1.2 }),
    ),
    goals: [
      { case: ours.name, against: nginx.name, atLeast: overNginx },
      { case: ours.name, against: byHand.name, atLeast: overNode },
    ],
    notes,
  };
}

function latency(): BenchSuite {
  return {
    area: "proxy",
    title: "session proxy, 16 sessions, 10,000 datagrams/s, median there and back",
    unit: "datagrams/CPU-second",
    reference: nginx.name,
    cases: [ours, byHand, nginx].map((proxy) =>
      proxyCase(proxy, { sessions: 16, packetsPerSecond: 10_000, seconds: 1.5, warmUpSeconds: 1 }),
    ),
    notes,
    also: [
      {
        title: "time",
        unit: "µs",
        property: "p50Micros",
        goals: [{ case: ours.name, against: nginx.name, atMost: 1.2 }],
      },
    ],
  };
}

function memory(): BenchSuite {
  return {
    area: "proxy",
    title: "session proxy, 10,000 sessions",
    unit: "datagrams/CPU-second",
    reference: nginx.name,
    cases: [ours, byHand, nginx].map((proxy) =>
      proxyCase(proxy, { sessions: 10_000, packetsPerSecond: 10_000, seconds: 1.5, warmUpSeconds: 1.5 }),
    ),
    notes,
    also: [
      {
        title: "user memory a session",
        unit: "bytes",
        property: "bytesPerSession",
        goals: [{ case: ours.name, against: nginx.name, atMost: 2 / 9.9 }],
      },
      { title: "lost", unit: "per mille", property: "lossPerMille" },
    ],
  };
}

function proxyCase(proxy: Proxy, load: ProxyLoad): BenchCase {
  return {
    name: proxy.name,
    skip: () => cSkip("proxy-load") ?? proxy.skip?.(),
    timeoutMs: 40_000,
    command: (quick) => {
      const told = {
        ...load,
        seconds: quick ? load.seconds / 4 : load.seconds,
        program: buildC("proxy-load").file,
      };
      return {
        file: process.execPath,
        args: [SOURCE_CONDITION, program("./drive.ts"), JSON.stringify(told), proxy.file(), ...proxy.args],
      };
    },
  };
}
