import type { Endpoint } from "@udp-relay/address-validation";
import { formatEndpoint } from "@udp-relay/address-validation";
import { dropReasonNames, PRIORITY_CLASSES, type TransportStats } from "@udp-relay/adapters";
import type { WorkerStatus } from "../../worker/worker-set.ts";
import type { Backend } from "../backend.ts";
import { noCrossings, noDrops, noSessions } from "../proxy-counters.ts";
import { type PathReport, type ProxyReport, reportBackend } from "../proxy-report.ts";
import {
  countNames,
  crossingNames,
  dropNames,
  Field,
  FIRST_COUNT,
  FIRST_CROSSING,
  FIRST_DROP,
  FIRST_LISTEN,
  FIRST_UPSTREAM,
  Path,
  SOCKET_BUFFER,
  SOCKET_CLASSES,
  SOCKET_DROPS,
  SOCKET_THROWS,
  socketFields,
} from "./proxy-fields.ts";

/** What a report is made of beside the workers' rows. */
export interface ReportedWorkers {
  readonly localEndpoint: Endpoint;
  readonly backends: readonly Backend[];
  readonly isMeasured: boolean;
  /** What this thread's own callbacks threw. */
  readonly callbackErrors: number;
  readonly workers: readonly WorkerStatus[];
}

/** The report of a proxy of several threads: sums over their rows. */
export function reportWorkers(rows: readonly Float64Array[], proxy: ReportedWorkers): ProxyReport {
  const sum = (field: number): number => rows.reduce((total, row) => total + row[field]!, 0);
  const named = <T extends object>(into: T, names: readonly (keyof T)[], first: number): T => {
    const entries = names.map((name, i) => [name, sum(first + i)] as const);
    return { ...into, ...Object.fromEntries(entries) };
  };
  const path = (first: number): PathReport => {
    const jitters = rows
      .filter((row) => row[first + Path.packets]! > 0)
      .map((row) => row[first + Path.worstJitterMs]!);
    const worstJitterMs = Math.max(-1, ...jitters);
    return {
      packets: sum(first + Path.packets),
      lost: sum(first + Path.lost),
      worstJitterMs: worstJitterMs < 0 ? null : worstJitterMs,
    };
  };
  const measured = { fromClients: path(Field.fromClients), fromBackends: path(Field.fromBackends) };
  return {
    endpoint: formatEndpoint(proxy.localEndpoint),
    sessions: sum(Field.sessions),
    counts: named(noSessions(), countNames, FIRST_COUNT),
    drops: named(noDrops(), dropNames, FIRST_DROP),
    crossings: named(noCrossings(), crossingNames, FIRST_CROSSING),
    backends: proxy.backends.map(reportBackend),
    measured: proxy.isMeasured ? measured : null,
    transport: socketStats(sum, FIRST_LISTEN),
    upstreams: socketStats(sum, FIRST_UPSTREAM),
    callbackErrors: proxy.callbackErrors + sum(Field.callbackErrors),
    workers: proxy.workers,
  };
}

function socketStats(sum: (field: number) => number, first: number): TransportStats {
  const counts = Object.fromEntries(socketFields.map((name, i) => [name, sum(first + i)] as const));
  const drops = dropReasonNames.flatMap((name, code) => {
    const count = sum(first + SOCKET_DROPS + code);
    return name === undefined || count === 0 ? [] : [[name, count] as const];
  });
  return {
    ...(counts as Record<(typeof socketFields)[number], number>),
    callbackThrows: sum(first + SOCKET_THROWS),
    queuedDatagrams: 0,
    drops: Object.fromEntries(drops),
    queueFullByClass: Array.from({ length: PRIORITY_CLASSES }, (_, i) => sum(first + SOCKET_CLASSES + i)),
    kernelDropsKnown: true,
    receiveBufferBytes: sum(first + SOCKET_BUFFER),
  };
}
