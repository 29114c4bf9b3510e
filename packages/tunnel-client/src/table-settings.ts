import { availableParallelism } from "node:os";
import type { Region, SectionPlan } from "@udp-relay/atomics-layout";
import { peekF64, pokeF64 } from "@udp-relay/atomics-layout/memory";
import type { QualityOptions } from "@udp-relay/quality-analyzer";
import { priorityWeights } from "./priority-score.ts";
import { requireNumber, TunnelClientError } from "./tunnel-client-error.ts";
import type { TunnelClientTableOptions } from "./table-options.ts";

/** The options that every thread must agree on, as numbers: they stand in the region, for those who attach. */
export interface TableSettings {
  /** 1: u32 keys; 6: endpoints. */
  readonly keyWords: number;
  readonly slots: number;
  readonly owners: number;
  readonly timeoutMs: number;
  readonly timeConstantMs: number;
  readonly slowBytesPerSecond: number;
  readonly bandwidthWeight: number;
  readonly latencyWeight: number;
  readonly lossWeight: number;
  readonly ageWeight: number;
  /** 0: unlimited. */
  readonly clientsPerPrefix: number;
  readonly prefixBits6: number;
  readonly expiryQueue: number;
  /** 1: there are quality records. */
  readonly quality: number;
  readonly sequenceBits: number;
  /** 0: milliseconds. */
  readonly timestampHz: number;
  readonly windowPackets: number;
  readonly windowMs: number;
  /** 0: the analyzer's default. */
  readonly maxGap: number;
}

/** The order in which they stand in the section. */
const NAMES = [
  "keyWords",
  "slots",
  "owners",
  "timeoutMs",
  "timeConstantMs",
  "slowBytesPerSecond",
  "bandwidthWeight",
  "latencyWeight",
  "lossWeight",
  "ageWeight",
  "clientsPerPrefix",
  "prefixBits6",
  "expiryQueue",
  "quality",
  "sequenceBits",
  "timestampHz",
  "windowPackets",
  "windowMs",
  "maxGap",
] as const satisfies readonly (keyof TableSettings)[];

export const SETTINGS_SECTION: SectionPlan = { name: "settings", byteLength: NAMES.length * 8 };

const DEFAULT_BATCH = 64;

/** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION, naming the option */
export function settingsFrom(options: TunnelClientTableOptions): TableSettings {
  const { key = "endpoint" } = options;
  if (!["u32", "endpoint"].includes(key)) {
    throw new TunnelClientError(
      "ERR_TUNNEL_CLIENT_OPTION",
      `key is "u32" or "endpoint", not ${JSON.stringify(key)}`,
    );
  }
  const workers = integer("workers", options.workers ?? Math.max(4, availableParallelism()), 1, 256);
  const batch = integer("batch", options.batch ?? DEFAULT_BATCH, 1, 65_536);
  const weights = priorityWeights(options.weights);
  const weight = (name: keyof typeof weights): number =>
    requireNumber(`weights.${name}`, weights[name], -1_000, 1_000);
  return {
    keyWords: key === "u32" ? 1 : 6,
    slots: integer("capacity", options.capacity, 1, 2 ** 24) + workers * batch,
    owners: integer("owners", options.owners ?? 128, 2, 256),
    timeoutMs: integer("timeoutMs", options.timeoutMs, 8, 2 ** 30),
    timeConstantMs: requireNumber("timeConstantMs", options.timeConstantMs ?? 5_000, 16, 3_600_000),
    slowBytesPerSecond: requireNumber("slowBytesPerSecond", options.slowBytesPerSecond ?? 100_000, 0, 1e15),
    bandwidthWeight: weight("bandwidth"),
    latencyWeight: weight("latency"),
    lossWeight: weight("loss"),
    ageWeight: weight("age"),
    clientsPerPrefix: optionalLimit(options.clientsPerPrefix),
    prefixBits6: integer("prefixBits6", options.prefixBits6 ?? 64, 1, 128),
    expiryQueue: integer("expiryQueue", options.expiryQueue ?? 256, 1, 65_536),
    ...qualityNumbers(options.quality),
  };
}

/** A limit that no table reaches is none. */
function optionalLimit(limit: number | undefined): number {
  if (limit === undefined || limit === Infinity) return 0;
  return integer("clientsPerPrefix", limit, 1, 2 ** 24);
}

function qualityNumbers(
  quality: boolean | QualityOptions | undefined,
): Pick<TableSettings, "quality" | "sequenceBits" | "timestampHz" | "windowPackets" | "windowMs" | "maxGap"> {
  const options = typeof quality === "object" ? quality : {};
  return {
    quality: quality === undefined || quality === false ? 0 : 1,
    sequenceBits: options.sequenceBits ?? 16,
    timestampHz: options.timestampHz ?? 0,
    windowPackets: options.windowPackets ?? 10_000,
    windowMs: options.windowMs ?? 60_000,
    maxGap: options.maxGap ?? 0,
  };
}

/** What the threads' `SharedQuality` is made with. It checks the numbers. */
export function qualityOptions(settings: TableSettings): QualityOptions {
  const { sequenceBits, timestampHz, windowPackets, windowMs, maxGap } = settings;
  return {
    sequenceBits: sequenceBits as 16 | 32 | 64,
    windowPackets,
    windowMs,
    ...(timestampHz === 0 ? {} : { timestampHz }),
    ...(maxGap === 0 ? {} : { maxGap }),
  };
}

/** Concurrency: the creating thread, before anybody else has the handle. */
export function writeSettings(region: Region, settings: TableSettings): void {
  const at = region.section(SETTINGS_SECTION.name).byteOffset / 8;
  NAMES.forEach((name, i) => {
    pokeF64(region.doubles, at + i, settings[name]);
  });
}

/** Concurrency: any thread; the words never change. */
export function readSettings(region: Region): TableSettings {
  const at = region.section(SETTINGS_SECTION.name).byteOffset / 8;
  const entries = NAMES.map((name, i) => [name, peekF64(region.doubles, at + i)] as const);
  return Object.fromEntries(entries) as unknown as TableSettings;
}

function integer(name: string, value: unknown, minimum: number, maximum: number): number {
  const number = requireNumber(name, value, minimum, maximum);
  if (Number.isInteger(number)) return number;
  throw new TunnelClientError("ERR_TUNNEL_CLIENT_OPTION", `${name} is a whole number, not ${number}`);
}
