/** What one list of measurements says: its middle, its middle half, its extremes. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  /** First and third quartile (linear interpolation, R type 7). */
  readonly q1: number;
  readonly q3: number;
  readonly min: number;
  readonly max: number;
}

/** A confidence interval for a median, with the probability that it really has. */
export interface MedianInterval {
  readonly low: number;
  readonly high: number;
  /** Probability that the interval covers the true median, 0..1; below 0.95 when there are fewer than 6 values. */
  readonly coverage: number;
}

/** Throws a RangeError for an empty list or one that holds a value which is not finite. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = sortedCopy(values);
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
  };
}

/**
 * The interval between the k-th smallest and the k-th largest value, k as large as the wanted coverage allows.
 *
 * It assumes independent rounds and nothing about their distribution: the true median lies outside it only when
 * fewer than k of n fair coins show one of the sides, so the coverage is 1 - 2 * P(Binomial(n, 1/2) < k)
 * (Conover, Practical Nonparametric Statistics, section 3.2).
 */
export function medianInterval(values: readonly number[], coverage = 0.95): MedianInterval {
  const sorted = sortedCopy(values);
  const count = sorted.length;
  let rank = 1;
  let reached = coverageOfRank(count, 1);
  for (let candidate = 2; candidate <= Math.floor(count / 2); candidate++) {
    const next = coverageOfRank(count, candidate);
    if (next < coverage) break;
    rank = candidate;
    reached = next;
  }
  return { low: quantileAt(sorted, rank - 1), high: quantileAt(sorted, count - rank), coverage: reached };
}

/** 1 - 2 * P(Binomial(count, 1/2) < rank), never below 0. */
function coverageOfRank(count: number, rank: number): number {
  let term = 0.5 ** count;
  let below = 0;
  for (let successes = 0; successes < rank; successes++) {
    below += term;
    term = (term * (count - successes)) / (successes + 1);
  }
  return Math.max(0, 1 - 2 * below);
}

function sortedCopy(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError("there is nothing to take the median of");
  if (!values.every(Number.isFinite)) throw new RangeError(`not every value is finite: ${values.join(", ")}`);
  return [...values].sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], fraction: number): number {
  const position = (sorted.length - 1) * fraction;
  const lower = Math.floor(position);
  const low = quantileAt(sorted, lower);
  return low + (quantileAt(sorted, Math.min(lower + 1, sorted.length - 1)) - low) * (position - lower);
}

function quantileAt(sorted: readonly number[], index: number): number {
  const value = sorted[index];
  if (value === undefined) throw new RangeError(`no value of rank ${index} among ${sorted.length}`);
  return value;
}
