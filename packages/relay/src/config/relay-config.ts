import { z } from "zod";
import { addressText, peerText, prefixText } from "./address-text.ts";
import { disagreement } from "./config-agreement.ts";
import { isHttpAddress } from "./http-address.ts";
import { RelayError } from "../relay-error.ts";
import { unknownFields } from "./unknown-fields.ts";

/** Every setting of the relay. The same names are flags, environment variables and fields of the JSON file. */
export interface RelayConfig {
  readonly host: string;
  readonly port: number;
  readonly protocol: "v3" | "v2" | "demo";
  readonly protocolModule: string;
  readonly strict: boolean;
  readonly v2Port: number | "off";
  readonly v2RequestsPerMinute: number;
  readonly natPorts: readonly number[];
  readonly natRequestsPerMinute: number;
  readonly announce: string;
  readonly serverName: string;
  readonly masterPassword: string;
  readonly maxClients: number;
  readonly maxClientsCeiling: number;
  readonly timeoutMs: number;
  readonly clientsPerPrefix: number;
  readonly pingsPerMinute: number;
  readonly maxDatagramBytes: number;
  readonly policy: "public-only" | "lan" | "turn-server" | "crate";
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly peerRelays: readonly string[];
  readonly pairPacketsPerSecond: number;
  readonly maintenancePassword: string;
  readonly workers: number;
  readonly transport: "auto" | "node" | "bun" | "linux";
  readonly http: string;
  readonly logLevel: "info" | "trace" | "debug" | "warn" | "error" | "silent";
  readonly logFile: string;
  readonly logAddresses: "full" | "anonymous";
  readonly drainSeconds: number;
  readonly refreshMs: number;
  readonly dashboard: "auto" | "on" | "off";
  readonly demo: boolean;
  readonly seed: number;
  readonly durationSeconds: number;
  readonly json: boolean;
}

/** @throws RelayError `ERR_RELAY_CONFIG` for settings that are not a whole configuration */
export function requireConfig(config: RelayConfig): void {
  if (configOptions.every(({ field: name }) => (config[name] as unknown) !== undefined)) return;
  const message = "a relay takes what parseConfig gives: Relay.start(parseConfig({ port: 50001 }))";
  throw new RelayError("ERR_RELAY_CONFIG", message);
}

/** Name of a setting. */
export type RelayConfigField = keyof RelayConfig;

/** One setting as the command line and its help see it. */
export interface ConfigOption {
  readonly field: RelayConfigField;
  /** `--max-clients`. */
  readonly flag: string;
  /** `UDP_RELAY_MAX_CLIENTS`. */
  readonly variable: string;
  /** Whether the flag stands alone, without a value. */
  readonly isSwitch: boolean;
  readonly allowed: string;
  readonly description: string;
  readonly defaultValue: unknown;
}

/** Flags and variables are text. Of a file's values only numbers are numbers: `true` is no port. */
const numeric = (schema: z.ZodNumber): z.ZodType<number> =>
  z.preprocess((value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value), schema);
const whole = (min: number, max: number): z.ZodType<number> => numeric(z.int().min(min).max(max));
const PORT = whole(0, 65_535);
const words: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };
const onOff = (): z.ZodType<boolean> =>
  z.preprocess((value) => (typeof value === "string" ? (words[value] ?? value) : value), z.boolean());
const list = <Item>(each: z.ZodType<Item>): z.ZodType<Item[]> =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").filter((part) => part !== "") : value),
    z.array(each),
  );

interface Field {
  readonly schema: z.ZodType;
  readonly defaultValue: unknown;
  readonly allowed: string;
  readonly description: string;
}

const field = (schema: z.ZodType, defaultValue: unknown, allowed: string, description: string): Field => ({
  schema,
  defaultValue,
  allowed,
  description,
});
const integer = (min: number, max: number, defaultValue: number, description: string): Field =>
  field(whole(min, max), defaultValue, `an integer from ${min} to ${max}`, description);
const choice = (values: readonly [string, ...string[]], description: string): Field =>
  field(z.enum(values), values[0], values.join(", "), description);
const flag = (description: string): Field => field(onOff(), false, "true or false", description);
const items = (each: z.ZodType, allowed: string, description: string): Field =>
  field(list(each), [], allowed, description);

const fields: Readonly<Record<RelayConfigField, Field>> = {
  host: field(addressText, "0.0.0.0", "an IP address", "address to listen on; :: takes IPv4 and IPv6"),
  port: integer(0, 65_535, 50_001, "UDP port to listen on; 0 takes a free one"),
  protocol: choice(
    ["v3", "v2", "demo"],
    "tunnel protocol: CnCNet V3 or V2, or V3 with the demo's measuring header",
  ),
  protocolModule: field(
    z.string(),
    "",
    "a path or file: URL of a module; empty: none",
    "a protocol of your own: the module's default export, instead of --protocol",
  ),
  strict: flag("V3: only pings of 50, registrations of 8 and data of >= 15 bytes pass"),
  v2Port: field(
    z.union([z.literal("off"), PORT]),
    "off",
    "off, or an integer from 0 to 65535",
    "a CnCNet V2 tunnel beside the other one: its port, for UDP and HTTP (50000 on the public servers)",
  ),
  v2RequestsPerMinute: integer(0, 1_000_000, 4, "V2: HTTP requests answered per address and minute"),
  natPorts: items(PORT, "ports such as 8054,3478", "where CnCNet's NAT helper answers"),
  natRequestsPerMinute: integer(0, 1_000_000, 20, "NAT helper: requests answered per address and minute"),
  announce: field(
    z.union([z.literal(""), z.url({ protocol: /^https?$/ })]),
    "",
    "an http: or https: URL; empty: nobody is told",
    "master server that is told of this tunnel each minute",
  ),
  serverName: field(z.string().max(200), "udp-relay", "up to 200 characters", "name in announcements"),
  masterPassword: field(z.string().max(1_000), "", "up to 1,000 characters", "password in announcements"),
  maxClients: integer(2, 1_000_000, 200, "clients at most, exactly"),
  maxClientsCeiling: integer(2, 1_000_000, 10_000, "what --max-clients may be at most"),
  timeoutMs: integer(1_000, 3_600_000, 30_000, "a client that sent nothing for so long is gone"),
  clientsPerPrefix: integer(1, 1_000_000, 8, "clients of one IPv4 address or one IPv6 /64 at most"),
  pingsPerMinute: integer(0, 1_000_000, 20, "pings answered per address prefix and minute"),
  maxDatagramBytes: integer(64, 65_507, 2_048, "a larger datagram is dropped, never cut"),
  policy: choice(["public-only", "lan", "turn-server", "crate"], "whose datagrams are taken at all"),
  allow: items(
    prefixText,
    "address prefixes such as 127.0.0.0/8,::1/128",
    "prefixes taken whatever the policy says",
  ),
  deny: items(
    prefixText,
    "address prefixes such as 203.0.113.0/24",
    "prefixes refused; the longest matching one decides",
  ),
  peerRelays: items(
    peerText,
    "endpoints such as 192.0.2.1:50001",
    "other relays: refused as sources, so that no loop can form",
  ),
  pairPacketsPerSecond: integer(
    0,
    1_000_000,
    1_000,
    "datagrams relayed from one client to one other each second; 0: no limit",
  ),
  maintenancePassword: field(
    z.string().max(1_000),
    "",
    "up to 1,000 characters; empty: commands are off",
    "V3 commands (0 toggles maintenance, 1 sweeps) are taken with the SHA-1 of this",
  ),
  workers: integer(0, 64, 0, "threads with a socket of their own; 0: the main thread relays"),
  transport: choice(["auto", "node", "bun", "linux"], "how datagrams are received and sent"),
  http: field(
    z.preprocess(
      (value) => (typeof value === "number" ? String(value) : value),
      z.string().refine(isHttpAddress),
    ),
    "off",
    "off, a port (on 127.0.0.1), or ADDRESS:PORT",
    "where /metrics, /health, /ready, /clients and /admin are served",
  ),
  logLevel: choice(
    ["info", "trace", "debug", "warn", "error", "silent"],
    "least severe level that is logged",
  ),
  logFile: field(
    z.string(),
    "",
    "a path in a folder that is there; empty: stderr",
    "file at whose end the JSON log lines go",
  ),
  logAddresses: choice(
    ["full", "anonymous"],
    "anonymous: cut to /24 and /48 in logs, /clients and on screen",
  ),
  drainSeconds: integer(0, 30, 30, "after SIGTERM existing clients are relayed for so long at most"),
  refreshMs: integer(100, 60_000, 1_000, "how often the table is drawn and expired clients are swept"),
  dashboard: choice(["auto", "on", "off"], "live table; auto: when stdout is a terminal"),
  demo: flag("add 8 simulated players over real sockets, on loopback"),
  seed: integer(0, 0xffff_ffff, 1, "demo: seed of the players' sizes, timing and bad link"),
  durationSeconds: field(
    numeric(z.number().min(0).max(1e9)),
    0,
    "seconds, 0 to 1e9",
    "end by itself after so long; 0: never",
  ),
  json: flag("no table; the totals as one JSON object, the last line of stdout"),
};

/** Short names, where the field's own would be clumsy to type. */
const flagNames: Partial<Record<RelayConfigField, string>> = {
  durationSeconds: "duration",
  drainSeconds: "drain",
};

const separated = (name: string, separator: string): string =>
  name.replace(/[A-Z]/g, (letter) => `${separator}${letter.toLowerCase()}`);

/** All settings, in the order of the help, with their flags, variables, ranges and defaults. */
export const configOptions: readonly ConfigOption[] = (Object.keys(fields) as RelayConfigField[]).map(
  (name) => {
    const { allowed, description, defaultValue } = fields[name];
    const short = flagNames[name] ?? name;
    return {
      field: name,
      flag: `--${separated(short, "-")}`,
      variable: `UDP_RELAY_${separated(short, "_").toUpperCase()}`,
      isSwitch: typeof defaultValue === "boolean",
      allowed,
      description,
      defaultValue,
    };
  },
);

const secrets: readonly RelayConfigField[] = ["maintenancePassword", "masterPassword"];

/**
 * The configuration as one JSON object that `--config` reads. Passwords are left out: what is printed ends in tickets
 * and terminals.
 */
export function printConfig(config: RelayConfig): string {
  const shown = Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => value === "" || !secrets.includes(name as RelayConfigField),
    ),
  );
  return JSON.stringify(shown, undefined, 2);
}

/** Where a value came from, to name it in an error. */
export type ConfigSource = "flag" | "variable" | "file" | "default";

/**
 * Checks a whole configuration.
 *
 * @param values raw values by field; missing ones take their defaults
 * @param sourceOf where a field's value came from
 * @throws RelayError `ERR_RELAY_CONFIG`, naming the field (also one that does not exist), its value (not a password's)
 * and what is allowed
 */
export function parseConfig(
  values: Readonly<Partial<Record<RelayConfigField, unknown>>>,
  sourceOf: (field: RelayConfigField) => ConfigSource = () => "file",
): RelayConfig {
  const refusal = (option: ConfigOption, value: unknown, allowed: string): RelayError => {
    const source = sourceOf(option.field);
    const name = source === "flag" ? option.flag : source === "variable" ? option.variable : option.field;
    const shown = secrets.includes(option.field) ? "(not shown)" : JSON.stringify(value);
    return new RelayError("ERR_RELAY_CONFIG", `${name} is ${shown}, ${allowed}`);
  };
  const strange = unknownFields(values, Object.keys(fields));
  if (strange !== undefined) throw new RelayError("ERR_RELAY_CONFIG", strange);
  const config: Partial<Record<RelayConfigField, unknown>> = {};
  for (const option of configOptions) {
    const value = values[option.field] ?? option.defaultValue;
    const result = fields[option.field].schema.safeParse(value);
    if (!result.success) throw refusal(option, value, `allowed: ${option.allowed}`);
    config[option.field] = result.data;
  }
  const complete = config as unknown as RelayConfig;
  const odd = disagreement(complete);
  if (odd === undefined) return complete;
  const option = configOptions.find(({ field: name }) => name === odd.field)!;
  throw refusal(option, complete[odd.field], odd.allowed);
}
