import { requireRange } from "../quality-error.ts";
import type { SeededRandom } from "./seeded-random.ts";

/**
 * What is added to a link's fixed delay, drawn anew for each packet:
 * - `uniform`: from [0, spreadMs);
 * - `normal`: with mean 0 and the given deviation, cut so that a whole delay is never below 0;
 * - `exponential`: with the given mean, never negative: a queue's long tail.
 */
export type JitterOptions =
  | { readonly kind: "uniform"; readonly spreadMs: number }
  | { readonly kind: "normal"; readonly sigmaMs: number }
  | { readonly kind: "exponential"; readonly meanMs: number };

/**
 * The mean of |X - Y| for two independent draws: where RFC 3550's interarrival jitter settles when every packet's
 * delay is drawn independently. Uniform: spread / 3. Normal (uncut): 2 sigma / sqrt(pi). Exponential: its mean.
 */
export function expectedJitterMs(options: JitterOptions | undefined): number {
  if (options === undefined) return 0;
  if (options.kind === "uniform") return options.spreadMs / 3;
  if (options.kind === "normal") return (2 * options.sigmaMs) / Math.sqrt(Math.PI);
  return options.meanMs;
}

/** Draws jitter. Two uniform draws a packet in every model, so that models can be swapped under one seed. */
export class JitterModel {
  readonly #random: SeededRandom;
  readonly #kind: "none" | JitterOptions["kind"];
  readonly #scaleMs: number;

  constructor(options: JitterOptions | undefined, random: SeededRandom) {
    this.#random = random;
    this.#kind = options?.kind ?? "none";
    this.#scaleMs =
      options === undefined
        ? 0
        : options.kind === "uniform"
          ? requireRange("jitter.spreadMs", options.spreadMs, 0, 1e6)
          : options.kind === "normal"
            ? requireRange("jitter.sigmaMs", options.sigmaMs, 0, 1e6)
            : requireRange("jitter.meanMs", options.meanMs, 0, 1e6);
  }

  /** The next packet's jitter, in ms. */
  next(): number {
    const u = this.#random.nextUnit();
    const v = this.#random.nextUnit();
    switch (this.#kind) {
      case "none":
        return 0;
      case "uniform":
        return u * this.#scaleMs;
      case "normal": // Box and Muller (1958); 1 - u is never 0
        return this.#scaleMs * Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
      case "exponential":
        return -this.#scaleMs * Math.log(1 - u);
    }
  }
}
