import { requireRange } from "./quality-error.ts";

/** How a codec bears loss: ITU-T G.113, appendix I. */
export interface VoiceCodec {
  /** Impairment without loss, Ie. */
  readonly equipmentImpairment: number;
  /** Robustness to loss, Bpl. */
  readonly lossRobustness: number;
}

/** ITU-T G.113, appendix I, table I.1 and I.3. Figures per codec and its usual packet length. */
export const voiceCodecs: {
  readonly g711: VoiceCodec;
  readonly g711Concealed: VoiceCodec;
  readonly g729a: VoiceCodec;
  readonly g7231: VoiceCodec;
} = {
  /** G.711, no concealment. */
  g711: { equipmentImpairment: 0, lossRobustness: 4.3 },
  /** G.711 with the concealment of its appendix I. */
  g711Concealed: { equipmentImpairment: 0, lossRobustness: 25.1 },
  /** G.729A with voice activity detection. */
  g729a: { equipmentImpairment: 11, lossRobustness: 19 },
  /** G.723.1 at 6.3 kbit/s with voice activity detection. */
  g7231: { equipmentImpairment: 15, lossRobustness: 16.1 },
};

/** What the E-model is told beside what packets tell. */
export interface VoiceQualityOptions {
  /** Default `voiceCodecs.g711Concealed`. */
  readonly codec?: VoiceCodec | undefined;
  /** What the receiver holds packets back for; default twice the jitter (RFC 3550's estimate). */
  readonly jitterBufferMs?: number | undefined;
  /** Framing and coding at both ends. Default 20: one 20 ms frame. */
  readonly codecDelayMs?: number | undefined;
  /** Mouth to ear without buffer and codec; default half of the smoothed round trip. */
  readonly oneWayDelayMs?: number | undefined;
}

/** An estimate and what it rests on. */
export interface VoiceQuality {
  /** Mean opinion score, 1..4.5. */
  readonly mos: number;
  /** Transmission rating R, 0..100. */
  readonly rating: number;
  readonly oneWayDelayMs: number;
  readonly lossPerMille: number;
  /** The packets of the loss window. */
  readonly packets: number;
}

/** R of G.107 with all its default values (G.107, section 7.7): no impairment by delay, codec or loss. */
const DEFAULT_RATING = 93.2;

/**
 * The E-model of ITU-T G.107 (narrow band), simplified: everything that packets do not tell is at its default, echo
 * is cancelled, A = 0. R = 93.2 - Idd(delay) - Ie,eff(loss), section 7.4 (equation 7-27) and 7.5 (equation 7-29).
 *
 * @param delayMs mouth to ear
 * @param burstRatio BurstR: mean burst length over that of independent losses of the same rate; 1 if independent
 */
export function voiceRating(
  delayMs: number,
  lossPerMille: number,
  burstRatio: number,
  codec: VoiceCodec,
): number {
  const lossPercent = lossPerMille / 10;
  const { equipmentImpairment, lossRobustness } = codec;
  const effective =
    equipmentImpairment +
    (95 - equipmentImpairment) * (lossPercent / (lossPercent / Math.max(1, burstRatio) + lossRobustness));
  return Math.min(100, Math.max(0, DEFAULT_RATING - delayImpairment(delayMs) - effective));
}

/** Idd, equation 7-27: nothing up to 100 ms. */
function delayImpairment(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** Mean opinion score for a rating: G.107, annex B, equation B-4. */
export function mosOfRating(rating: number): number {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

/** @internal The estimate from a path's measures; all but the options come from one reading. */
export function estimateVoice(
  options: VoiceQualityOptions,
  measured: {
    readonly lossPerMille: number;
    readonly packets: number;
    readonly meanBurst: number | undefined;
    readonly rttMs: number | undefined;
    readonly jitterMs: number | undefined;
  },
): VoiceQuality | undefined {
  const networkMs = options.oneWayDelayMs ?? (measured.rttMs === undefined ? undefined : measured.rttMs / 2);
  if (networkMs === undefined) return undefined;
  const bufferMs = options.jitterBufferMs ?? 2 * (measured.jitterMs ?? 0);
  const oneWayDelayMs =
    requireRange("oneWayDelayMs", networkMs, 0, 1e6) +
    requireRange("jitterBufferMs", bufferMs, 0, 1e6) +
    requireRange("codecDelayMs", options.codecDelayMs ?? 20, 0, 1e6);
  const { lossPerMille, packets, meanBurst } = measured;
  // Independent losses of rate p come in runs of mean 1 / (1 - p).
  const burstRatio = meanBurst === undefined ? 1 : meanBurst * (1 - lossPerMille / 1_000);
  const rating = voiceRating(
    oneWayDelayMs,
    lossPerMille,
    burstRatio,
    options.codec ?? voiceCodecs.g711Concealed,
  );
  return { mos: mosOfRating(rating), rating, oneWayDelayMs, lossPerMille, packets };
}
