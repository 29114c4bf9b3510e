import { type Percentiles, percentilesOf } from "./histogram.ts";
import { totalOf } from "./lifetime-counter.ts";
import type { QualitySettings } from "./quality-options.ts";
import * as at from "./record-layout.ts";
import { RTT_UNITS_PER_MS } from "./rtt-estimator.ts";
import { estimateVoice, type VoiceQuality, type VoiceQualityOptions } from "./voice-quality.ts";

/** Loss over the window, with the window. */
export interface LossWindow {
  /** The last so many packets, arrived or lost: the sample size. */
  readonly packets: number;
  readonly lost: number;
  /** From the window's first packet to the last sample; undefined if no sample carried a time. */
  readonly ms: number | undefined;
}

/** Everything since the start, or since the last reset. */
export interface LifetimeCounts {
  /** Packets that arrived or are missing. */
  readonly packets: number;
  readonly lost: number;
  /** Of `packets`; undefined while there are none. */
  readonly lossPerMille: number | undefined;
  readonly duplicates: number;
  /** Late packets: each counted as lost until it came. */
  readonly reordered: number;
  /** Samples that said nothing: unconfirmed jumps, too old, not a time, no whole sequence number. */
  readonly ignored: number;
  /** The sender started anew. */
  readonly restarts: number;
}

/** Runs of losses. */
export interface LossBursts {
  readonly count: number;
  readonly meanPackets: number;
  readonly longestPackets: number;
}

/**
 * What a record says. Rates are undefined while there is no data: nothing is ever '0 %' or '100 %' for want of it.
 * All values of one readings object are of one moment; only this thread's next recording or `read` changes them.
 */
export class QualityReadings {
  /** @internal */
  protected readonly words: Int32Array<ArrayBuffer>;
  /** @internal */
  protected readonly settings: QualitySettings;

  /** @internal Analyzers and shared records make their readings. */
  constructor(words: Int32Array<ArrayBuffer>, settings: QualitySettings) {
    this.words = words;
    this.settings = settings;
  }

  /** Lost packets per mille over {@link lossWindow}, as a fraction: 1 in 1,500 is 0.667. Round it yourself. */
  get lossPerMille(): number | undefined {
    const packets = this.#sumSlices(at.SLICE_PACKETS);
    return packets === 0 ? undefined : (this.#sumSlices(at.SLICE_LOST) * 1_000) / packets;
  }

  /** What {@link lossPerMille} rests on; undefined while there is no data. */
  get lossWindow(): LossWindow | undefined {
    const packets = this.#sumSlices(at.SLICE_PACKETS);
    if (packets === 0) return undefined;
    const { words } = this;
    const oldest = (words[at.CURRENT_SLICE]! - words[at.SLICES_IN_USE]! + 1) & (at.SLICE_COUNT - 1);
    const startTick = words[at.SLICES + oldest * at.SLICE_WORDS + at.SLICE_TICK]!;
    const ms = this.#hasTick ? (words[at.LAST_TICK]! - startTick) >>> 0 : undefined;
    return { packets, lost: this.#sumSlices(at.SLICE_LOST), ms };
  }

  /** Everything since the start, or since the last reset. */
  get lifetime(): LifetimeCounts {
    const { words } = this;
    const packets = totalOf(words[at.EXPECTED]!, words[at.EXPECTED + 1]!);
    const lost = totalOf(words[at.LOST]!, words[at.LOST + 1]!);
    return {
      packets,
      lost,
      lossPerMille: packets === 0 ? undefined : (lost * 1_000) / packets,
      duplicates: words[at.DUPLICATES]! >>> 0,
      reordered: words[at.REORDERED]! >>> 0,
      ignored: words[at.IGNORED]! >>> 0,
      restarts: words[at.RESTARTS]! >>> 0,
    };
  }

  /** Undefined while nothing is lost. Late packets make no burst; the run that is going on counts. */
  get lossBursts(): LossBursts | undefined {
    const { words } = this;
    let count = words[at.BURSTS]! >>> 0;
    let lost = words[at.BURST_LOST]! >>> 0;
    let longest = words[at.LONGEST_BURST]!;
    let run = words[at.RUN]!;
    // Oldest first: what the arrival bits still hold open continues the run that has left them.
    const { depth } = this.settings.shape;
    const open = (words[at.FLAGS]! & at.HAS_SEQUENCE) === 0 ? 0 : depth;
    for (let i = 1; i <= open; i++) {
      const index = (words[at.HIGHEST_LOW]! + i) & (depth - 1);
      if ((words[at.ARRIVALS + (index >>> 5)]! & (1 << (index & 31))) !== 0) {
        run = 0;
        continue;
      }
      if (run === 0) count++;
      run++;
      lost++;
      if (run > longest) longest = run;
    }
    return count === 0 ? undefined : { count, meanPackets: lost / count, longestPackets: longest };
  }

  /** RFC 3550's smoothed interarrival jitter; undefined before the second packet with a sender timestamp. */
  get jitterMs(): number | undefined {
    return this.jitterSamples === 0 ? undefined : (this.words[at.JITTER_NS]! >>> 0) / 1e6;
  }

  /** Differences of transit times that went into {@link jitterMs}; modulo 2^32. */
  get jitterSamples(): number {
    return this.words[at.JITTER_SAMPLES]! >>> 0;
  }

  /** Of the single differences |D| before smoothing. */
  get jitterPercentiles(): Percentiles | undefined {
    return percentilesOf(this.words, this.settings.shape.jitter);
  }

  /** SRTT, the smoothed round trip. */
  get rttMs(): number | undefined {
    return this.#rtt(at.SRTT);
  }

  /** RTTVAR, its mean deviation. */
  get rttVariationMs(): number | undefined {
    return this.#rtt(at.RTTVAR);
  }

  /** The least round trip so far. */
  get minRttMs(): number | undefined {
    return this.#rtt(at.MIN_RTT);
  }

  /** The last round trip. */
  get latestRttMs(): number | undefined {
    return this.#rtt(at.LATEST_RTT);
  }

  /** Round trips that went into {@link rttMs}; modulo 2^32. */
  get rttSamples(): number {
    return this.words[at.RTT_SAMPLES]! >>> 0;
  }

  /** Of the single round trips. */
  get rttPercentiles(): Percentiles | undefined {
    return percentilesOf(this.words, this.settings.shape.rtt);
  }

  /** RFC 6298, section 2: SRTT + max(granularity, 4 RTTVAR), within 1 s..60 s. 1 s before the first sample. */
  retransmissionTimeoutMs(granularityMs = 1): number {
    const smoothed = this.rttMs;
    if (smoothed === undefined) return 1_000;
    return Math.min(60_000, Math.max(1_000, smoothed + Math.max(granularityMs, 4 * this.rttVariationMs!)));
  }

  /** RFC 9002, section 6.2.1: SRTT + max(4 RTTVAR, 1 ms) + the peer's greatest delay. 1 s before the first sample. */
  probeTimeoutMs(maxAckDelayMs = 25): number {
    const smoothed = this.rttMs;
    if (smoothed === undefined) return 1_000; // 3 * kInitialRtt of 333 ms, section 6.2.2
    return smoothed + Math.max(4 * this.rttVariationMs!, 1) + maxAckDelayMs;
  }

  /** How long before `nowMs` the last sample with a time was recorded: how stale all this is. Below 49.7 days. */
  silenceMs(nowMs: number): number | undefined {
    return this.#hasTick ? (Math.floor(nowMs) - this.words[at.LAST_TICK]!) >>> 0 : undefined;
  }

  /**
   * Voice quality by ITU-T G.107, simplified (see `voiceRating`). Undefined without loss data, or without round
   * trips unless `oneWayDelayMs` is given.
   *
   * @throws QualityError ERR_QUALITY_OPTION for negative delays
   */
  estimateMos(options: VoiceQualityOptions = {}): VoiceQuality | undefined {
    const window = this.lossWindow;
    if (window === undefined) return undefined;
    return estimateVoice(options, {
      lossPerMille: (window.lost * 1_000) / window.packets,
      packets: window.packets,
      meanBurst: this.lossBursts?.meanPackets,
      rttMs: this.rttMs,
      jitterMs: this.jitterMs,
    });
  }

  /** Shared records: samples that found the record taken and were dropped; modulo 2^32. 0 in own memory. */
  get skipped(): number {
    return this.words[at.SKIPPED]! >>> 0;
  }

  /** Shared records: restarts of the estimators because a thread died while it recorded. */
  get takeovers(): number {
    return this.words[at.TAKEOVERS]! >>> 0;
  }

  get #hasTick(): boolean {
    return (this.words[at.FLAGS]! & at.HAS_TICK) !== 0;
  }

  #sumSlices(word: number): number {
    let sum = 0;
    for (let i = 0; i < at.SLICE_COUNT; i++) sum += this.words[at.SLICES + i * at.SLICE_WORDS + word]!;
    return sum;
  }

  #rtt(word: number): number | undefined {
    return this.rttSamples === 0 ? undefined : (this.words[word]! >>> 0) / RTT_UNITS_PER_MS;
  }
}
