import { readFileSync } from "node:fs";
import { flagsCommand, givenFlags } from "../config/command-words.ts";
import { RelayError } from "../relay-error.ts";
import type { BackendSpec } from "./backend.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { parseBackend, proxyFlags as flags } from "./proxy-flags.ts";

const flagName = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Reads `udp-relay proxy`'s arguments.
 *
 * @returns undefined when `--help` or `--version` was asked for and printed
 * @throws RelayError ERR_RELAY_CONFIG, naming the flag, its value and what is allowed
 */
export function readProxyArguments(args: readonly string[]): ProxyConfig | undefined {
  const given = parseFlags(args);
  if (given === undefined) return undefined;
  const config: Record<string, unknown> = { json: given.json === true };
  for (const [field, { schema, fallback, allowed }] of Object.entries(flags)) {
    const value = given[field];
    const result = value === undefined ? undefined : schema.safeParse(value);
    if (result?.success === false) {
      const [index] = result.error.issues[0]?.path ?? [];
      const wrong = Array.isArray(value) && typeof index === "number" ? (value[index] as unknown) : value;
      throw refusal(flagName(field), wrong, allowed);
    }
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
  const about = "Sessions between UDP clients and backends, each with a socket of its own.";
  const command = flagsCommand("udp-relay proxy", about).option(
    "--json",
    "the totals as one JSON object, the last line of stdout",
  );
  for (const [field, { allowed, description, fallback }] of Object.entries(flags)) {
    const usage = `${flagName(field)} <value>`;
    if (typeof fallback === "object") {
      command.option(usage, `${description} (${allowed}; may be repeated)`, collect);
    } else {
      const hint = fallback === undefined || fallback === "" ? "" : `; default ${fallback}`;
      command.option(usage, `${description} (${allowed}${hint})`);
    }
  }
  return givenFlags(command, args);
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, ...value.split(",")];

const refusal = (name: string, value: unknown, allowed: string): RelayError =>
  new RelayError("ERR_RELAY_CONFIG", `${name} is ${JSON.stringify(value)}, allowed: ${allowed}`);
