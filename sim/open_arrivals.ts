/**
 * When clients of an open load come, at a rate that changes: evenly spaced or
 * as a Poisson process, by thinning (Lewis, Shedler 1979): moments are drawn at
 * the highest rate, and each is kept with the share that the rate then is.
 *
 * @module
 */
import type { SeededRandom } from "../actors/runtime/random.ts";
import { log } from "./distributions.ts";
import type { LoadPhase } from "./scenario_values.ts";

/** Gaps shorter than this are one moment: a client is a microsecond apart. */
const GAP_MIN_US = 1;
const MICROSECONDS = 1_000_000;

type Open = Extract<LoadPhase["arrivals"], { kind: "open" }>;

/** See the module's text. */
export class OpenArrivals {
  readonly #arrivals: Open;
  readonly #beginUs: number;
  readonly #endUs: number;
  readonly #random: SeededRandom;
  readonly #mostPerSecond: number;

  /** @param when From when to when they come, and what is drawn from. */
  constructor(
    arrivals: Open,
    when: {
      readonly beginUs: number;
      readonly endUs: number;
      readonly random: SeededRandom;
    },
  ) {
    this.#arrivals = arrivals;
    this.#beginUs = when.beginUs;
    this.#endUs = when.endUs;
    this.#random = when.random;
    this.#mostPerSecond = Math.max(
      ...arrivals.curve.map(({ perSecond }) => perSecond),
    );
  }

  /** When the next one comes after a moment; null: nobody does. */
  after(fromUs: number): number | null {
    const { curve, spacing } = this.#arrivals;
    const most = this.#mostPerSecond;
    if (most <= 0) return null;
    let atUs = fromUs;
    for (;;) {
      const gap = spacing === "uniform" ? 1 : -log(unit(this.#random));
      atUs += Math.max(GAP_MIN_US, Math.round(gap * MICROSECONDS / most));
      if (atUs >= this.#endUs) return null;
      const rate = rateAt(curve, atUs - this.#beginUs);
      if (this.#random.next() / 4_294_967_296 * most < rate) return atUs;
    }
  }
}

function rateAt(curve: Open["curve"], sinceUs: number): number {
  let before = curve[0]!;
  for (const point of curve) {
    if (point.atUs > sinceUs) {
      const share = (sinceUs - before.atUs) / (point.atUs - before.atUs || 1);
      return before.perSecond +
        (point.perSecond - before.perSecond) * Math.max(0, share);
    }
    before = point;
  }
  return before.perSecond;
}

/** In (0, 1]. */
function unit(random: SeededRandom): number {
  return (random.next() + 1) / 4_294_967_296;
}
