/**
 * When a simulation agrees with theory: the mean of 30 batches, or of 30
 * replications, with its confidence interval of 99.9 %. That wide, as dozens
 * of figures are compared and all of them have to agree.
 *
 * @module
 */

/** How many batches or replications a figure is the mean of. */
export const BATCHES = 30;
/** Student's t with 29 degrees of freedom; 99.9 % are within. */
const STUDENT = 3.6594;

/** One figure, measured 30 times independently. */
export type Samples = readonly number[];

/** A mean with half the width of its interval. */
export interface Interval {
  readonly mean: number;
  readonly half: number;
}

/** The interval that the true mean is in, 999 times of 1,000. */
export function interval(samples: Samples): Interval {
  if (samples.length !== BATCHES) {
    throw new RangeError(
      `Cannot give an interval as there must be ${BATCHES} samples: ` +
        `current value is ${samples.length}`,
    );
  }
  const mean = samples.reduce((sum, value) => sum + value, 0) / BATCHES;
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (BATCHES - 1));
  return { mean, half: STUDENT * deviation / Math.sqrt(BATCHES) };
}

/** Null when the interval contains the value, else a sentence. */
export function disagreement(
  figure: string,
  samples: Samples,
  expected: number,
): string | null {
  const { mean, half } = interval(samples);
  if (Math.abs(mean - expected) <= half) return null;
  return `${figure}: expected ${expected}, ` +
    `found ${mean.toPrecision(6)} ± ${half.toPrecision(3)}`;
}

/** Measures a figure 30 times, each time with another seed. */
export function replicate(measure: (seed: number) => number): Samples {
  return Array.from({ length: BATCHES }, (_, index) => measure(index + 1));
}
