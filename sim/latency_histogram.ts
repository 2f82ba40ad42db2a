/**
 * Latencies of any number of calls in little memory: how many there were in
 * each of many narrow buckets. A bucket is at most 1/128 as wide as the values
 * in it, so a percentile is never more than 0.8 % above the true one, and never
 * below it; count, mean, least and greatest are exact. After HdrHistogram by
 * G. Tene: 128 buckets to each doubling of the value.
 *
 * @module
 */

/** Buckets to a doubling. */
const STEPS = 128;
const STEP_BITS = 7;
/** Values below 2 × STEPS have buckets of their own. */
const EXACT = 2 * STEPS;
/** Buckets for up to 32 ms; doubled for larger values. */
const BUCKETS_MIN = 1_024;
const WORD = 4294967296;

/** Counts of latencies, in whole microseconds. See the module's text. */
export class LatencyHistogram {
  #counts = new Uint32Array(BUCKETS_MIN);
  #count = 0;
  #sumUs = 0;
  #minUs = Infinity;
  #maxUs = 0;

  /** How many values it has. */
  get count(): number {
    return this.#count;
  }

  /** 0 when it has none, as all of these. Exact up to a sum of 2^53 µs. */
  get meanUs(): number {
    return this.#count === 0 ? 0 : this.#sumUs / this.#count;
  }

  /** The least value. */
  get minUs(): number {
    return this.#count === 0 ? 0 : this.#minUs;
  }

  /** The greatest value. */
  get maxUs(): number {
    return this.#maxUs;
  }

  /**
   * Adds a value.
   *
   * @throws {RangeError} When it is no integer from 0 to 2^53 − 1.
   */
  record(valueUs: number): void {
    if (!Number.isSafeInteger(valueUs) || valueUs < 0) {
      throw new RangeError(
        `Cannot record a latency as it must be an integer >= 0: ` +
          `current value is ${valueUs}`,
      );
    }
    const bucket = bucketOf(valueUs);
    if (bucket >= this.#counts.length) this.#grow(bucket + 1);
    // At 10^6 calls a second, 2^32 in one bucket take more than an hour.
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.#count++;
    this.#sumUs += valueUs;
    if (valueUs < this.#minUs) this.#minUs = valueUs;
    if (valueUs > this.#maxUs) this.#maxUs = valueUs;
  }

  /**
   * The least value such that `percent` of all are not above it, or up to
   * 0.8 % more. 0 when there is none.
   *
   * @param percent From 0 to 100; its digits after the third are rounded away,
   * so that 99.9 % of 1,000 values are 999, not one more by a rounding error.
   */
  percentileUs(percent: number): number {
    if (!(percent >= 0 && percent <= 100)) {
      throw new RangeError(
        `Cannot give a percentile as percent must be from 0 to 100: ` +
          `current value is ${percent}`,
      );
    }
    const thousandths = Math.round(percent * 1_000);
    const rank = Math.max(1, Math.ceil(thousandths * this.#count / 100_000));
    let seen = 0;
    for (let bucket = 0; seen < this.#count; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(lastOf(bucket), this.#maxUs);
    }
    return 0;
  }

  /** Adds all values of another one. */
  merge(other: LatencyHistogram): void {
    const { length } = other.#counts;
    if (length > this.#counts.length) this.#grow(length);
    for (let bucket = 0; bucket < length; bucket++) {
      this.#counts[bucket] = this.#counts[bucket]! + other.#counts[bucket]!;
    }
    this.#count += other.#count;
    this.#sumUs += other.#sumUs;
    this.#minUs = Math.min(this.#minUs, other.#minUs);
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  #grow(buckets: number): void {
    let { length } = this.#counts;
    while (length < buckets) length *= 2;
    const counts = new Uint32Array(length);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

/** Values of [STEPS × 2^k, 2 × STEPS × 2^k) share STEPS buckets, 2^k wide. */
function bucketOf(value: number): number {
  if (value < EXACT) return value;
  const shift = bitsOf(value) - STEP_BITS - 1;
  // A division by a power of two is exact, also beyond 32 bits.
  return shift * STEPS + Math.floor(value / powerOfTwo(shift));
}

/** The greatest value of a bucket. */
function lastOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS + 1) * powerOfTwo(shift) - 1;
}

/** Exact, which the engine's own power need not be; up to 2^60. */
function powerOfTwo(exponent: number): number {
  return exponent < 30 ? 1 << exponent : (1 << 30) * (1 << (exponent - 30));
}

/** How many binary digits a value has. */
function bitsOf(value: number): number {
  return value < WORD
    ? 32 - Math.clz32(value)
    : 64 - Math.clz32(Math.floor(value / WORD));
}
