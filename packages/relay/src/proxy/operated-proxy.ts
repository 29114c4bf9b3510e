import type { Endpoint } from "@udp-relay/address-validation";
import type { AddressDetail } from "../operations/shown-endpoint.ts";
import type { BackendSpec } from "./backend.ts";
import type { ProxyReport } from "./proxy-report.ts";
import type { SessionReport } from "./session-report.ts";

/** A running proxy, in this thread or in several, as its operator sees it. */
export interface OperatedProxy {
  readonly localEndpoint: Endpoint;
  /** Sessions that have a socket. */
  readonly sessions: number;
  /** Whether a new client would get a session, but for the limits. */
  readonly takesSessions: boolean;
  /** Time has passed. Call it at least four times in a probe's timeout. */
  tick(): void;
  /** Other backends; no session is lost. @throws RelayError ERR_RELAY_CONFIG, and nothing has changed */
  reload(backends: readonly BackendSpec[]): void;
  /** Takes no new session from now on, or takes them again; the old ones go on. */
  drain(draining?: boolean): void;
  /** No new session for one backend, by its `address:port`; false if there is none of that name. */
  drainBackend(name: string, draining?: boolean): boolean;
  report(): ProxyReport;
  /** Once every thread has told what it knows: of this moment, and at the end. */
  freshReport(): Promise<ProxyReport>;
  reportSessions(addresses?: AddressDetail): readonly SessionReport[] | Promise<readonly SessionReport[]>;
  close(): Promise<void>;
}
