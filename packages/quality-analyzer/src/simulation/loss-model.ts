import { QualityError, requireRange } from "../quality-error.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Every packet is lost with the same probability, whatever happened to the one before. */
export interface IndependentLoss {
  readonly kind: "independent";
  /** 0..1000, fractions allowed. */
  readonly perMille: number;
}

/**
 * The two-state chain of Gilbert (1960) and Elliott (1963). It steps once a packet, after the packet's fate was
 * drawn in the present state. See {@link gilbertElliott} for parameters from a loss rate and a burst length.
 */
export interface GilbertElliottLoss {
  readonly kind: "gilbert-elliott";
  /** Probability of good -> bad after a packet, 0..1000. */
  readonly enterBadPerMille: number;
  /** Probability of bad -> good after a packet, above 0 and up to 1000: the mean stay is 1000 / this packets. */
  readonly leaveBadPerMille: number;
  /** Loss while good, 0..1000. Default 0 (Gilbert's chain). */
  readonly lossInGoodPerMille?: number | undefined;
  /** Loss while bad, 0..1000. Default 1000: a bad state is a burst. */
  readonly lossInBadPerMille?: number | undefined;
}

/** How a link loses packets. */
export type LossOptions = IndependentLoss | GilbertElliottLoss;

/**
 * Gilbert's chain with a given long-run loss and a given mean burst length: it leaves the bad state with
 * 1 / meanBurstPackets and enters it so that bad packets make up `lossPerMille` of all.
 *
 * @param lossPerMille 0 to below 1000.
 * @param meanBurstPackets mean number of packets lost in a row, >= 1.
 */
export function gilbertElliott(lossPerMille: number, meanBurstPackets: number): GilbertElliottLoss {
  const loss = requireRange("lossPerMille", lossPerMille, 0, 999.999) / 1000;
  const leave = 1 / requireRange("meanBurstPackets", meanBurstPackets, 1, 1e9);
  const enter = requireRange(
    "lossPerMille for this meanBurstPackets: the entry probability",
    (leave * loss) / (1 - loss),
    0,
    1,
  );
  return { kind: "gilbert-elliott", enterBadPerMille: enter * 1000, leaveBadPerMille: leave * 1000 };
}

/** Draws packets' fates. Two draws a packet in every model, so that models can be swapped under one seed. */
export class LossModel {
  readonly #random: SeededRandom;
  readonly #lossInGood: number;
  readonly #lossInBad: number;
  readonly #enterBad: number;
  readonly #leaveBad: number;
  #bad = false;

  constructor(options: LossOptions | undefined, random: SeededRandom) {
    this.#random = random;
    const { kind } = options ?? { kind: "independent" };
    if (!["independent", "gilbert-elliott"].includes(kind))
      throw new QualityError(
        "ERR_QUALITY_OPTION",
        'loss must be { kind: "independent", perMille } or what gilbertElliott() gives',
      );
    if (options === undefined || options.kind === "independent") {
      const loss = requireRange("loss.perMille", options?.perMille ?? 0, 0, 1000) / 1000;
      this.#lossInGood = loss;
      this.#lossInBad = loss;
      this.#enterBad = 0;
      this.#leaveBad = 1;
      return;
    }
    this.#lossInGood =
      requireRange("loss.lossInGoodPerMille", options.lossInGoodPerMille ?? 0, 0, 1000) / 1000;
    this.#lossInBad =
      requireRange("loss.lossInBadPerMille", options.lossInBadPerMille ?? 1000, 0, 1000) / 1000;
    this.#enterBad = requireRange("loss.enterBadPerMille", options.enterBadPerMille, 0, 1000) / 1000;
    this.#leaveBad =
      requireRange("loss.leaveBadPerMille", options.leaveBadPerMille, Number.MIN_VALUE, 1000) / 1000;
  }

  /** Whether the next packet is lost. */
  next(): boolean {
    const fate = this.#random.nextUnit();
    const step = this.#random.nextUnit();
    const lost = fate < (this.#bad ? this.#lossInBad : this.#lossInGood);
    if (step < (this.#bad ? this.#leaveBad : this.#enterBad)) this.#bad = !this.#bad;
    return lost;
  }
}
