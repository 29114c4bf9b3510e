import { QualityError, requireRange } from "./quality-error.ts";
import { type RecordShape, SLICE_COUNT } from "./record-layout.ts";

/** How an analyzer reads its samples. The same in every thread that shares a record. */
export interface QualityOptions {
  /** Width of the sender's sequence numbers, after which they wrap. Default 16 (RTP); WireGuard's is 64. */
  readonly sequenceBits?: 16 | 32 | 64 | undefined;
  /**
   * The sender's media clock, in ticks a second, if `senderTimestamp` is one (RTP: 8,000 for G.711, 90,000 for
   * video): whole ticks, wrapping after 2^32. Without it, sender timestamps are milliseconds, fractions allowed.
   */
  readonly timestampHz?: number | undefined;
  /** The loss window holds at most this many packets, >= 8, cut to a multiple of 8. Default 10,000. */
  readonly windowPackets?: number | undefined;
  /** The loss window reaches back at most this long, >= 8 ms, cut to a multiple of 8. Default 60,000; Infinity: no limit. */
  readonly windowMs?: number | undefined;
  /**
   * A sequence number more than this ahead of the highest is a jump (restart, other sender), not a loss. Default
   * 3,000 with 16 bits (RFC 3550, appendix A.1: MAX_DROPOUT), else 100,000.
   */
  readonly maxGap?: number | undefined;
}

/** The options, checked and turned into what the hot path needs. */
export interface QualitySettings {
  readonly shape: RecordShape;
  readonly sequenceBits: 16 | 32 | 64;
  readonly timestampHz: number | undefined;
  /** Microseconds a tick of the media clock, 0 without one. */
  readonly microsPerTimestamp: number;
  readonly slicePackets: number;
  /** Whole milliseconds, 0 without a limit in time. */
  readonly sliceMs: number;
  readonly maxGap: number;
}

/** @throws QualityError ERR_QUALITY_OPTION, naming the option. */
export function resolveOptions(options: QualityOptions, shape: RecordShape): QualitySettings {
  const bits = options.sequenceBits ?? 16;
  if (![16, 32, 64].includes(bits))
    throw new QualityError("ERR_QUALITY_OPTION", `sequenceBits must be 16, 32 or 64, got ${String(bits)}`);
  const { timestampHz, windowMs = 60_000 } = options;
  if (timestampHz !== undefined) requireRange("timestampHz", timestampHz, 1, 1e9);
  const packets = requireRange("windowPackets", options.windowPackets ?? 10_000, SLICE_COUNT, 1e9);
  // Half of the tick's range: a window must tell the past from the future.
  if (windowMs !== Infinity) requireRange("windowMs", windowMs, SLICE_COUNT, 2 ** 30);
  const gap = options.maxGap ?? (bits === 16 ? 3_000 : 100_000);
  return {
    shape,
    sequenceBits: bits,
    timestampHz,
    microsPerTimestamp: timestampHz === undefined ? 0 : 1e6 / timestampHz,
    slicePackets: Math.floor(packets / SLICE_COUNT),
    sliceMs: windowMs === Infinity ? 0 : Math.floor(windowMs / SLICE_COUNT),
    maxGap: Math.floor(requireRange("maxGap", gap, 1, bits === 16 ? 2 ** 15 - 1 : 2 ** 30)),
  };
}
