/** Datagrams that went no further, by the reason. */
export interface ProxyDrops {
  /** From the client: the address policy refused its source. */
  address: number;
  /** From the client: as many sessions as there may be, in all and from one address prefix. */
  sessionsFull: number;
  prefixFull: number;
  /** From the client: the table was in the middle of a change, or its free slots rest. */
  tableBusy: number;
  /** From the client: no new session while the proxy drains. */
  draining: number;
  /** From the client: no backend takes sessions. */
  noBackend: number;
  /** From the client: faster than `packetsPerSecond`. */
  rateLimited: number;
  /** From the client: its address, by all its ports together, was faster than `prefixPacketsPerSecond`. */
  prefixRateLimited: number;
  /** To the backend: the session's socket took no more. */
  upstreamFull: number;
  /** From somebody else than the backend, on a session's socket. */
  foreign: number;
  /** From the backend, after the session had ended. */
  late: number;
  /** To the client: the listening socket refused; its own counters say why. */
  clientSend: number;
}

/** Sessions since the start: how many there were, and what became of them. */
export interface ProxySessions {
  opened: number;
  /** The client was silent for the idle timeout. */
  expired: number;
  /** Made room for another: nothing had ever come back for it. */
  evicted: number;
  /** The session's socket could not be opened, or broke. */
  failed: number;
  /** Went on to another backend, its own being down. */
  moved: number;
  /** Their worker died: the client's next datagram begins another. */
  workerDied: number;
}

/** Crossings of a limit by a session's stream, into what is beyond it. */
export interface SessionCrossings {
  loss: number;
  rtt: number;
  jitter: number;
}

export function noDrops(): ProxyDrops {
  return {
    address: 0,
    sessionsFull: 0,
    prefixFull: 0,
    tableBusy: 0,
    draining: 0,
    noBackend: 0,
    rateLimited: 0,
    prefixRateLimited: 0,
    upstreamFull: 0,
    foreign: 0,
    late: 0,
    clientSend: 0,
  };
}

export function noSessions(): ProxySessions {
  return { opened: 0, expired: 0, evicted: 0, failed: 0, moved: 0, workerDied: 0 };
}

export function noCrossings(): SessionCrossings {
  return { loss: 0, rtt: 0, jitter: 0 };
}
