import type { RelayReport } from "@udp-relay/relay";

/** What the soak asks of the relay's process, and what it answers. */
export type ToRelay =
  | { readonly type: "report" }
  | { readonly type: "kill"; readonly worker: number }
  | { readonly type: "memory"; readonly collect: boolean }
  | { readonly type: "end" };

/** Bytes; after a forced collection where that was asked for. */
export interface MemoryFigures {
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly rss: number;
  /** Workers that relay: those that do not have given their memory back. */
  readonly running: number;
}

export type FromRelay =
  | { readonly type: "ready"; readonly port: number }
  /** And how long each successor of a killed worker took to relay, from its predecessor's end. */
  | { readonly type: "report"; readonly report: RelayReport; readonly restartsMs: readonly number[] }
  | { readonly type: "memory"; readonly memory: MemoryFigures };
