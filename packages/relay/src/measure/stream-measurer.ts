import type { Datagram } from "../protocol/protocol.ts";

/**
 * Reads loss, jitter and round trips off a stream that passes through, without touching it. `measure` runs once a
 * datagram: it never reads past `length`, throws or allocates, whatever the bytes are.
 */
export interface StreamMeasurer {
  readonly name: string;
  /** Width of the sequence numbers. */
  readonly sequenceBits: 16 | 32 | 64;
  /** Fills `into` and returns true when the datagram tells something; else `into` is all 'nothing'. */
  measure(datagram: Datagram, into: StreamMeasurement): boolean;
}

/** What one datagram tells. -1 stands for 'nothing' in every field. One object, reused. */
export class StreamMeasurement {
  /** Which of the sender's streams `sequence` counts in, u32. */
  stream = -1;
  sequence = -1;
  /** The sender's media clock, u32, in ticks of `timestampHz`. */
  sentAt = -1;
  timestampHz = -1;
  /** A u32 that the other side will name when it answers this datagram. */
  mark = -1;
  /** The mark of a datagram of the other side that this one answers … */
  echoOf = -1;
  /** … and how long the answer was held back, in ms. */
  echoDelayMs = 0;

  clear(): void {
    this.stream = -1;
    this.sequence = -1;
    this.sentAt = -1;
    this.timestampHz = -1;
    this.mark = -1;
    this.echoOf = -1;
    this.echoDelayMs = 0;
  }
}
