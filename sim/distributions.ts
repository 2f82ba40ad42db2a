/**
 * How long things take: distributions as plain data, and samples of them that
 * are the same to the last bit on every machine and in every version of the
 * engine. For that, nothing here calls the engine's `log` or `exp`, whose last
 * bits differ between versions; both are computed from + − × ÷ and the bits of
 * a number, all of which IEEE 754 fixes (and so it does the square root).
 *
 * Parameters are not checked again with each sample: who reads a scenario has
 * done that. A wrong one gives a NaN or an absurd time, which no event queue
 * takes.
 *
 * @module
 */
import type { SeededRandom } from "../actors/runtime/random.ts";

/** How long something takes, drawn anew each time. Microseconds. */
export type Distribution =
  | { readonly kind: "constant"; readonly us: number }
  /** Whole microseconds, evenly, both ends included. */
  | {
    readonly kind: "between";
    readonly fromUs: number;
    readonly toUs: number;
  }
  | { readonly kind: "exponential"; readonly meanUs: number }
  /** `sigma` is the standard deviation of the logarithm. */
  | {
    readonly kind: "lognormal";
    readonly medianUs: number;
    readonly sigma: number;
  }
  /** The sum of equal exponential stages: steadier the more there are. */
  | {
    readonly kind: "erlang";
    readonly stages: number;
    readonly meanUs: number;
  }
  /** One of two exponentials, by chance: more uneven than either. */
  | {
    readonly kind: "hyper2";
    readonly firstPerMillion: number;
    readonly firstMeanUs: number;
    readonly secondMeanUs: number;
  };

/** Draws a duration. Not rounded, but for `between`. */
export function sample(
  distribution: Distribution,
  random: SeededRandom,
): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.us;
    case "between": {
      const { fromUs, toUs } = distribution;
      return fromUs + random.below(toUs - fromUs + 1);
    }
    case "exponential":
      return distribution.meanUs * exponential(random);
    case "lognormal":
      return distribution.medianUs * exp(distribution.sigma * normal(random));
    case "erlang": {
      const { stages, meanUs } = distribution;
      let sum = 0;
      for (let stage = 0; stage < stages; stage++) sum += exponential(random);
      return meanUs * sum / stages;
    }
    case "hyper2": {
      const isFirst = random.below(1_000_000) < distribution.firstPerMillion;
      const { firstMeanUs, secondMeanUs } = distribution;
      return (isFirst ? firstMeanUs : secondMeanUs) * exponential(random);
    }
  }
}

/** Evenly from [0, 1), with 53 bits. */
function fraction(random: SeededRandom): number {
  const high = random.next() >>> 5;
  return (high * 67108864 + (random.next() >>> 6)) / 9007199254740992;
}

/** Exponential with mean 1, by inversion. */
function exponential(random: SeededRandom): number {
  // Never 0, so there is a logarithm.
  return -log(1 - fraction(random));
}

/**
 * Normal with mean 0 and deviation 1, by the polar method (Marsaglia and Bray
 * 1964). Its second sample is dropped: kept, it would be a state besides that
 * of the random stream.
 */
function normal(random: SeededRandom): number {
  while (true) {
    const x = 2 * fraction(random) - 1;
    const y = 2 * fraction(random) - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) {
      return x * Math.sqrt(-2 * log(square) / square);
    }
  }
}

// The methods and coefficients below are those of fdlibm, "Freely Distributable
// Math Library" (Sun Microsystems 1993, e_log.c and e_exp.c). Their errors are
// below one unit in the last place.

/** ln 2 in two parts; the first ends in zeros, so exponents times it are exact. */
const LN2_HIGH = 6.93147180369123816490e-01;
const LN2_LOW = 1.90821492927058770002e-10;
/** The digits of √2 behind its leading 1: the first 20 bits, and the last 32. */
const SQRT2_FIRST = 0x6a09e;
const SQRT2_LAST = 0x667f3bcd;
/** So large that half of its power is no longer in the table. */
const HUGE = 8.98846567431158e307; // 2^1023
const LEAST_NORMAL = 2.2250738585072014e-308;

/** What is added to an exponent in the bits of a number. */
const BIAS = 1023;

/** 2^(index − 1023): exact, and read sooner than put together from bits. */
const POWERS = powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2 * BIAS + 1);
  powers[BIAS] = 1;
  for (let exponent = 1; exponent <= BIAS; exponent++) {
    powers[BIAS + exponent] = powers[BIAS + exponent - 1]! * 2;
    powers[BIAS - exponent] = powers[BIAS - exponent + 1]! / 2;
  }
  return powers;
}

/** Holds the bits of one number while a function looks at them, no longer. */
const BITS = new DataView(new ArrayBuffer(8));

/** The natural logarithm; NaN below 0. */
export function log(x: number): number {
  if (!(x > 0) || x === Infinity) {
    return x === 0 ? -Infinity : x === Infinity ? x : NaN;
  }
  let exponent = -BIAS;
  if (x < LEAST_NORMAL) {
    x *= 18014398509481984; // 2^54
    exponent -= 54;
  } else if (x >= HUGE) {
    x /= 2;
    exponent++;
  }
  BITS.setFloat64(0, x, true);
  const upper = BITS.getInt32(4, true);
  const biased = upper >> 20;
  const first = upper & 0xfffff;
  // x = mantissa × 2^exponent, with a mantissa from (√2 / 2, √2]. Which power
  // that is, is a matter of chance: a branch on it is a wrong guess each third
  // time, and costs as much as all that follows.
  let above = (SQRT2_FIRST - first) >>> 31;
  if (first === SQRT2_FIRST && BITS.getUint32(0, true) > SQRT2_LAST) above = 1;
  const mantissa = x * POWERS[2 * BIAS - biased - above]!;
  exponent += biased + above;
  const f = mantissa - 1;
  const s = f / (2 + f);
  const rest = f * f / 2 - s * (f * f / 2 + logRemainder(s * s));
  return exponent * LN2_HIGH - (rest - exponent * LN2_LOW - f);
}

/** (log(1 + s) − log(1 − s) − 2s) / s, by `square` = s² (Remez). */
function logRemainder(square: number): number {
  return square * (6.666666666666735130e-01 +
    square * (3.999999999940941908e-01 +
        square * (2.857142874366239149e-01 +
            square * (2.222219843214978396e-01 +
                square * (1.818357216161805012e-01 +
                    square * (1.531383769920937332e-01 +
                        square * 1.479819860511658591e-01))))));
}

/** e to the power of x; Infinity above 709.78, 0 below −745.13. */
export function exp(x: number): number {
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  if (Number.isNaN(x)) return x;
  // x = exponent × ln 2 + (high − low), the difference being small.
  const exponent = Math.floor(x * 1.44269504088896338700 + 0.5);
  const high = x - exponent * LN2_HIGH;
  const low = exponent * LN2_LOW;
  const r = high - low;
  const c = r - expRemainder(r * r);
  const power = 1 - (low - r * c / (2 - c) - high);
  // In two steps: 2^exponent itself may be no normal number.
  const half = exponent >> 1;
  return power * POWERS[BIAS + half]! * POWERS[BIAS + exponent - half]!;
}

/** r (e^r + 1) / (e^r − 1) − 2, by `square` = r² (Remez). */
function expRemainder(square: number): number {
  return square * (1.66666666666666019037e-01 +
    square * (-2.77777777770155933842e-03 +
        square * (6.61375632143793436117e-05 +
            square * (-1.65339022054652515390e-06 +
                square * 4.13813679705723846039e-08))));
}
