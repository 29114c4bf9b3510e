import type { RelayReport } from "../report/relay-report.ts";

/** How far a relay is in its life. While it drains it takes no new clients. */
export type RelayPhase = "running" | "draining" | "closed";

/** What the operator's interfaces, HTTP and signals, need of a relay. */
export interface OperatedRelay {
  readonly phase: RelayPhase;
  /** Settable: new clients are refused while it is true, existing ones are relayed. */
  maintenance: boolean;
  /** Looks at every client now. Returns how many had timed out. */
  sweep(): number;
  /** Refuses new clients from now on, and resolves once the last one has left or `withinMs` have passed. */
  drain(withinMs: number): Promise<void>;
  report(): RelayReport;
}
