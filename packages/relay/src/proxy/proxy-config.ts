import { readFileSync } from "node:fs";
import { type Endpoint, parseEndpoint } from "@udp-relay/address-validation";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { RelayError } from "../relay-error.ts";
import type { BackendSpec } from "./backend.ts";

/** What `udp-relay proxy` runs with. */
export interface ProxyConfig {
  readonly listen: Endpoint;
  readonly to: readonly BackendSpec[];
  readonly backendsFile: string;
  readonly maxSessions: number;
  readonly idleTimeoutMs: number;
  readonly sessionsPerPrefix: number;
  readonly packetsPerSecond: number;
  readonly policy: "public-only" | "lan" | "turn-server" | "crate";
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly measure: "none" | "rtp" | "wireguard";
  readonly rtpClock: Readonly<Record<number, number>>;
  readonly probe: Uint8Array | undefined;
  readonly probeExpect: Uint8Array | undefined;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly fall: number;
  readonly rise: number;
  readonly transport: "auto" | "node" | "bun" | "linux";
  readonly drain: number;
  readonly duration: number;
  readonly logLevel: "info" | "trace" | "debug" | "warn" | "error" | "silent";
  readonly logFile: string;
  readonly json: boolean;
}

interface Flag {
  readonly schema: z.ZodType;
  /** A list is given more than once, or separated by commas. */
  readonly fallback: string | number | readonly never[] | undefined;
  readonly allowed: string;
  readonly description: string;
}

const wholeNumber = (min: number, max: number, fallback: number, description: string): Flag => ({
  schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(min).max(max)),
  fallback,
  allowed: `an integer from ${min} to ${max}`,
  description,
});
const choice = (values: readonly [string, ...string[]], description: string): Flag => ({
  schema: z.enum(values),
  fallback: values[0],
  allowed: values.join(", "),
  description,
});
/** `parse` throws for what is none. */
const read = <T>(parse: (text: string) => T): z.ZodType<T, string> =>
  z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch {
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  });
const list = (each: z.ZodType, allowed: string, description: string): Flag => ({
  schema: z.array(each),
  fallback: [],
  allowed,
  description,
});
const bytes = (description: string): Flag => ({
  schema: read(probeBytes),
  fallback: undefined,
  allowed: "text, or hex: and hexadecimal digits",
  description,
});
const prefixes = "address prefixes such as 127.0.0.0/8,::1/128";

const flags: Readonly<Record<keyof Omit<ProxyConfig, "json">, Flag>> = {
  listen: {
    schema: read(parseEndpoint),
    fallback: undefined,
    allowed: "ADDRESS:PORT",
    description: "where clients send to",
  },
  to: list(read(parseBackend), "ADDRESS:PORT or ADDRESS:PORT=WEIGHT", "a backend and its weight, 0 to 1000"),
  backendsFile: {
    schema: z.string().min(1),
    fallback: "",
    allowed: "a path",
    description: "more backends, one a line; read again on SIGHUP",
  },
  maxSessions: wholeNumber(1, 1_000_000, 10_000, "sessions at most, exactly; each takes a file descriptor"),
  idleTimeoutMs: wholeNumber(100, 86_400_000, 60_000, "a session whose client was silent for so long ends"),
  sessionsPerPrefix: wholeNumber(
    0,
    1_000_000,
    0,
    "sessions of one IPv4 address or one IPv6 /64; 0: no limit",
  ),
  packetsPerSecond: wholeNumber(0, 1_000_000, 0, "datagrams taken from one client each second; 0: no limit"),
  policy: choice(["public-only", "lan", "turn-server", "crate"], "whose datagrams are taken at all"),
  allow: list(z.string(), prefixes, "prefixes taken whatever the policy says"),
  deny: list(z.string(), prefixes, "prefixes refused; the longest matching one decides"),
  measure: choice(["none", "rtp", "wireguard"], "read loss, jitter and round trips off what passes"),
  rtpClock: list(read(parseClock), "TYPE=HZ such as 96=90000", "the clock of a dynamic RTP payload type"),
  probe: bytes("datagram that asks a backend whether it lives; none: judged by what passes"),
  probeExpect: bytes("what an answer to --probe begins with; default: any answer"),
  probeIntervalMs: wholeNumber(100, 3_600_000, 1_000, "time between two probes of a backend"),
  probeTimeoutMs: wholeNumber(0, 3_600_000, 0, "an answer later than this is none; 0: half the interval"),
  fall: wholeNumber(1, 100, 2, "failures in a row that take a backend down"),
  rise: wholeNumber(1, 100, 2, "successes in a row that bring it back"),
  transport: choice(["auto", "node", "bun", "linux"], "how clients' datagrams are received"),
  drain: wholeNumber(0, 3_600, 30, "seconds that sessions may go on for after SIGTERM"),
  duration: {
    schema: z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number),
    fallback: 0,
    allowed: "seconds",
    description: "end by itself after so long; 0: never",
  },
  logLevel: choice(
    ["info", "trace", "debug", "warn", "error", "silent"],
    "least severe level that is logged",
  ),
  logFile: {
    schema: z.string().min(1),
    fallback: "",
    allowed: "a path",
    description: "where JSON log lines go; default stderr",
  },
};

const flagName = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Reads `udp-relay proxy`'s arguments.
 *
 * @returns undefined when `--help` was asked for and printed
 * @throws RelayError ERR_RELAY_CONFIG, naming the flag, its value and what is allowed
 */
export function readProxyArguments(args: readonly string[]): ProxyConfig | undefined {
  const given = parseFlags(args);
  if (given === undefined) return undefined;
  const config: Record<string, unknown> = { json: given.json === true };
  for (const [field, { schema, fallback, allowed }] of Object.entries(flags)) {
    const value = given[field];
    const result = value === undefined ? undefined : schema.safeParse(value);
    if (result?.success === false) throw refusal(flagName(field), value, allowed);
    config[field] = result === undefined ? fallback : result.data;
  }
  const clocks = config.rtpClock as readonly (readonly [number, number])[];
  const complete = { ...config, rtpClock: Object.fromEntries(clocks) } as unknown as ProxyConfig;
  if (given.listen === undefined)
    throw new RelayError("ERR_RELAY_CONFIG", "--listen is missing, allowed: ADDRESS:PORT");
  if (complete.probeTimeoutMs > complete.probeIntervalMs) {
    throw refusal("--probe-timeout-ms", given.probeTimeoutMs, "at most --probe-interval-ms");
  }
  if (complete.probe === undefined && complete.probeExpect !== undefined) {
    throw new RelayError("ERR_RELAY_CONFIG", "--probe-expect needs --probe");
  }
  return complete;
}

/**
 * All backends: those of the flags, and those of the file as it is now.
 *
 * @throws RelayError ERR_RELAY_CONFIG
 */
export function readBackends({ to, backendsFile }: Pick<ProxyConfig, "to" | "backendsFile">): BackendSpec[] {
  if (backendsFile === "") return [...to];
  let text: string;
  try {
    text = readFileSync(backendsFile, "utf8");
  } catch (error) {
    throw refusal("--backends-file", backendsFile, `a file that can be read (${(error as Error).message})`);
  }
  const fromFile = text.split("\n").flatMap((line, i) => {
    const entry = line.replace(/#.*/, "").trim();
    if (entry === "") return [];
    try {
      return [parseBackend(entry)];
    } catch {
      throw refusal(`${backendsFile}, line ${i + 1},`, entry, flags.to.allowed);
    }
  });
  return [...to, ...fromFile];
}

function parseFlags(args: readonly string[]): Record<string, unknown> | undefined {
  const command = new Command("udp-relay proxy")
    .description("Sessions between UDP clients and backends, each with a socket of its own.")
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined })
    .option("--json", "the totals as one JSON object, the last line of stdout");
  for (const [field, { allowed, description, fallback }] of Object.entries(flags)) {
    const usage = `${flagName(field)} <value>`;
    if (typeof fallback === "object") {
      command.option(usage, `${description} (${allowed}; may be repeated)`, collect);
    } else {
      const hint = fallback === undefined || fallback === "" ? "" : `; default ${fallback}`;
      command.option(usage, `${description} (${allowed}${hint})`);
    }
  }
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const words = error.message.replace(/^error: /, "");
    throw new RelayError("ERR_RELAY_CONFIG", `${words}; udp-relay proxy --help lists what there is`);
  }
  return command.opts();
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, ...value.split(",")];

const refusal = (name: string, value: unknown, allowed: string): RelayError =>
  new RelayError("ERR_RELAY_CONFIG", `${name} is ${JSON.stringify(value)}, allowed: ${allowed}`);

/** @throws what is none */
function parseBackend(text: string): BackendSpec {
  const [, address, weight = "1"] = /^([^=]+)(?:=(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const endpoint = parseEndpoint(address ?? "");
  if (endpoint.port === 0 || Number(weight) > 1_000) throw new RangeError(text);
  return { endpoint, weight: Number(weight) };
}

function parseClock(text: string): readonly [number, number] {
  const [, type, hz] = /^(\d{1,3})=(\d{1,9})$/.exec(text) ?? [];
  if (type === undefined || Number(type) > 127 || Number(hz) === 0) throw new RangeError(text);
  return [Number(type), Number(hz)];
}

function probeBytes(text: string): Uint8Array {
  if (!text.startsWith("hex:")) return new TextEncoder().encode(text);
  const digits = text.slice(4);
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) throw new RangeError(text);
  return Uint8Array.from(Buffer.from(digits, "hex"));
}
