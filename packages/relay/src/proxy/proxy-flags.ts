import { parseEndpoint } from "@udp-relay/address-validation";
import { z } from "zod";
import { prefixText } from "../config/address-text.ts";
import { isHttpAddress } from "../config/http-address.ts";
import type { BackendSpec } from "./backend.ts";
import type { ProxyConfig } from "./proxy-config.ts";

/** One flag of `udp-relay proxy`. */
export interface ProxyFlag {
  readonly schema: z.ZodType;
  /** A list is given more than once, or separated by commas. */
  readonly fallback: string | number | readonly never[] | undefined;
  readonly allowed: string;
  readonly description: string;
}

const wholeNumber = (min: number, max: number, fallback: number, description: string): ProxyFlag => ({
  schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(min).max(max)),
  fallback,
  allowed: `an integer from ${min} to ${max}`,
  description,
});
const choice = (values: readonly [string, ...string[]], description: string): ProxyFlag => ({
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
const list = (each: z.ZodType, allowed: string, description: string): ProxyFlag => ({
  schema: z.array(each),
  fallback: [],
  allowed,
  description,
});
const bytes = (description: string): ProxyFlag => ({
  schema: read(probeBytes),
  fallback: undefined,
  allowed: "text, or hex: and hexadecimal digits",
  description,
});
const prefixes = "address prefixes such as 127.0.0.0/8,::1/128";

export const proxyFlags: Readonly<Record<keyof Omit<ProxyConfig, "json">, ProxyFlag>> = {
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
    allowed: "a file that can be read",
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
  prefixPacketsPerSecond: {
    ...wholeNumber(
      0,
      1_000_000,
      0,
      "the same of one IPv4 address or one IPv6 /64, all its ports together; 0: no limit",
    ),
    fallback: undefined,
    allowed: "an integer from 0 to 1000000; default 16 times --packets-per-second",
  },
  policy: choice(["public-only", "lan", "turn-server", "crate"], "whose datagrams are taken at all"),
  allow: list(prefixText, prefixes, "prefixes taken whatever the policy says"),
  deny: list(prefixText, prefixes, "prefixes refused; the longest matching one decides"),
  measure: choice(["none", "rtp", "wireguard"], "read loss, jitter and round trips off what passes"),
  rtpClock: list(read(parseClock), "TYPE=HZ such as 96=90000", "the clock of a dynamic RTP payload type"),
  probe: bytes("datagram that asks a backend whether it lives; none: judged by what passes"),
  probeExpect: bytes("what an answer to --probe begins with; default: any answer"),
  probeIntervalMs: wholeNumber(100, 3_600_000, 1_000, "time between two probes of a backend"),
  probeTimeoutMs: wholeNumber(0, 3_600_000, 0, "an answer later than this is none; 0: half the interval"),
  fall: wholeNumber(1, 100, 2, "failures in a row that take a backend down"),
  rise: wholeNumber(1, 100, 2, "successes in a row that bring it back"),
  http: {
    schema: z.string().refine(isHttpAddress),
    fallback: "off",
    allowed: "off, a port (on 127.0.0.1), or ADDRESS:PORT",
    description: "where /metrics, /health, /ready, /clients, /backends and /admin are served",
  },
  logAddresses: choice(["full", "anonymous"], "anonymous: clients are cut to /24 and /48 in /clients"),
  watchLoss: {
    schema: read(parseHysteresis),
    fallback: undefined,
    allowed: "ENTER:LEAVE, packets in 1,000; default 50:20",
    description: "a backend of so lossy a path gets no new session, until it is at most LEAVE",
  },
  watchRtt: {
    schema: read(parseHysteresis),
    fallback: undefined,
    allowed: "ENTER:LEAVE, milliseconds",
    description: "the same for its round trip; none: no limit",
  },
  watchJitter: {
    schema: read(parseHysteresis),
    fallback: undefined,
    allowed: "ENTER:LEAVE, milliseconds",
    description: "the same for the jitter of its sessions' streams; none: no limit",
  },
  watchForMs: wholeNumber(0, 3_600_000, 0, "for so long a path must be beyond ENTER, or at LEAVE"),
  transport: choice(["auto", "node", "bun", "linux"], "how clients' datagrams are received"),
  workers: wholeNumber(0, 64, 1, "threads that proxy, on Linux; 0, or elsewhere: the main thread does"),
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
    allowed: "a path in a folder that is there",
    description: "where JSON log lines go; default stderr",
  },
};

/** @throws what is none */
export function parseBackend(text: string): BackendSpec {
  const [, address, weight = "1"] = /^([^=]+)(?:=(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const endpoint = parseEndpoint(address ?? "");
  if (endpoint.port === 0 || Number(weight) > 1_000) throw new RangeError(text);
  return { endpoint, weight: Number(weight) };
}

function parseHysteresis(text: string): readonly [number, number] {
  const [, enter, leave] = /^(\d{1,6})(?::(\d{1,6}))$/.exec(text) ?? [];
  if (enter === undefined || Number(enter) <= Number(leave)) throw new RangeError(text);
  return [Number(enter), Number(leave)];
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
