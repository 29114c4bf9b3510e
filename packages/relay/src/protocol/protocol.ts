/**
 * A tunnel protocol: who sent a datagram, whom it is for, and whether it measures the path it came by.
 *
 * The relay judges the source address, finds the clients, keeps their statistics, enforces the limits and
 * forwards the bytes verbatim; the protocol only reads. Both methods run once a datagram on the packet path:
 * they must not allocate or keep `datagram`, nor throw. A throw of `read` drops the datagram, counted as
 * `protocolThrew`, one of `measure` measures nothing; the log tells of the first of a burst.
 */
export interface Protocol {
  /** Shown on screen, in metrics and in the configuration. */
  readonly name: string;
  /** How {@link measure} counts. Without it nothing is measured: loss, jitter and RTT show as dashes. */
  readonly measures?: MeasureFormat | undefined;
  /**
   * Ids are given out by the relay (`Relay.allot`), never taken by a datagram: one of an unknown sender is
   * dropped, and the first one of an id says where its client is. Default false.
   */
  readonly allotsIds?: boolean | undefined;
  /** Reads the addressing of one datagram and calls one method of `route`; none at all drops it as `noVerdict`. */
  read(datagram: Datagram, route: Route): void;
  /** Reads what a datagram tells about its path. Returns false when this one tells nothing. */
  measure?(datagram: Datagram, into: Measurement): boolean;
}

/** How a protocol's sequence numbers and stamps count. */
export interface MeasureFormat {
  readonly sequenceBits: 16 | 32 | 64;
  /** Ticks a second of {@link Measurement.sentAt}. */
  readonly timestampHz: number;
}

/** A datagram in a receive slot: `length` bytes of `bytes` from `offset`. Reused for the next one. */
export interface Datagram {
  bytes: Uint8Array;
  offset: number;
  length: number;
}

/** What one datagram tells about the path from its sender. All stamps are u32 and wrap. */
export interface Measurement {
  /** Sequence number of the sender's stream. */
  sequence: number;
  /** When the sender sent it, in ticks of {@link MeasureFormat.timestampHz}; -1 when it does not say. */
  sentAt: number;
  /** The `sentAt` of another client's datagram that this sender has just received; -1 when none. */
  echoOf: number;
}

/** Why a protocol refuses a datagram. Part of the relay's drop reasons. */
export type ProtocolDropReason =
  "tooShort" | "selfAddressed" | "badPing" | "badCommand" | "notStrict" | "noHeader";

/** What is to be done with a datagram. */
export type RouteAction = "drop" | "forward" | "register" | "reply" | "command";

/** A protocol's verdict on one datagram. One object, reused for every datagram of a relay. */
export class Route {
  action: RouteAction = "drop";
  /** Client ids, u32. */
  sender = 0;
  receiver = 0;
  /** With action `drop`. */
  reason: ProtocolDropReason | "noVerdict" = "noVerdict";
  /** With action `reply`: how many of the datagram's first bytes go back to its source. */
  replyLength = 0;

  /** Forgets the datagram before: what a protocol says nothing of goes nowhere. */
  clear(): void {
    this.action = "drop";
    this.reason = "noVerdict";
  }

  drop(reason: ProtocolDropReason): void {
    this.action = "drop";
    this.reason = reason;
  }

  /** Register or refresh `sender`, then pass the datagram on to `receiver`. */
  forward(sender: number, receiver: number): void {
    this.action = "forward";
    this.sender = sender;
    this.receiver = receiver;
  }

  /** Register or refresh `sender`; nothing goes out. */
  register(sender: number): void {
    this.action = "register";
    this.sender = sender;
    this.receiver = 0;
  }

  /** Answer the source with the first `length` bytes, at most as many as came in. Pings are rate-limited. */
  reply(length: number): void {
    this.action = "reply";
    this.replyLength = length;
  }

  /** An operator's command; the relay checks the password that follows the 8 bytes of ids. */
  command(): void {
    this.action = "command";
  }
}

/** Little-endian u32 at `at` bytes into the datagram. The caller has checked the length. */
export function readU32(datagram: Datagram, at: number): number {
  const { bytes } = datagram;
  const i = datagram.offset + at;
  return (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)) >>> 0;
}
