import type { DescriptorJournalHandle, LinuxSocketHandle } from "@udp-relay/adapters/linux";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import type { ClockHandle } from "@udp-relay/clock";
import type { TunnelClientTableHandle } from "@udp-relay/tunnel-client";
import type { AddressDetail } from "../../operations/shown-endpoint.ts";
import type { BackendSpec } from "../backend.ts";
import type { ProxyConfig } from "../proxy-config.ts";
import type { SessionChange } from "../session-watch.ts";
import type { SessionReport } from "../session-report.ts";

/** A backend in its place of the shared rows. */
export interface PlacedBackend {
  readonly place: number;
  /** No two backends that ever had the place have the same. */
  readonly generation: number;
  readonly spec: BackendSpec;
}

/** The backends of one moment, those included that are leaving. */
export interface BackendList {
  /** Counts up. */
  readonly version: number;
  readonly backends: readonly PlacedBackend[];
}

/** What a worker thread starts with. */
export interface ProxyWorkerStart {
  readonly index: number;
  readonly config: ProxyConfig;
  readonly tickMs: number;
  readonly list: BackendList;
  readonly clients: TunnelClientTableHandle;
  readonly memory: RegionHandle;
  readonly clock: ClockHandle;
  readonly socket: LinuxSocketHandle;
  readonly journal: DescriptorJournalHandle;
  /** The thread whose queue this one goes on with; undefined for the first. */
  readonly predecessor: number | undefined;
}

export type ToProxyWorker =
  | { readonly type: "backends"; readonly list: BackendList }
  | { readonly type: "sessions"; readonly question: number; readonly addresses: AddressDetail }
  /** Publish what sockets and streams have counted up to now; the answer has no sessions. */
  | { readonly type: "publish"; readonly question: number }
  | { readonly type: "stop" };

export type FromProxyWorker =
  | { readonly type: "sessions"; readonly question: number; readonly sessions: readonly SessionReport[] }
  /** A session's stream crossed a limit; `count` have since the worker began, most of them untold. */
  | {
      readonly type: "crossed";
      readonly backend: string;
      readonly metric: SessionChange["metric"];
      readonly state: SessionChange["state"];
      readonly value: number;
      readonly count: number;
    }
  /** A callback threw. */
  | { readonly type: "threw"; readonly error: string };
