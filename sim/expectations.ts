/**
 * What must become so, and how soon: looked at ten times a second from a moment
 * on, until it is so or its time is over. Without a moment of its own a
 * condition waits for the end of the last fault; when another fault strikes,
 * it waits anew, and what was so before counts no more.
 *
 * @module
 */
import { stableHash } from "../actors/runtime/random.ts";
import type { ThresholdResult } from "./run_result.ts";
import type { Eventually } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import { holds } from "./strikes.ts";

const LOOK_EVERY_US = 100_000;
const LOOK = stableHash("look whether it has become so");

/** What expectations need. */
export interface ExpectationsOptions {
  readonly conditions: readonly Eventually[];
  readonly scheduler: Scheduler;
  /** The present value of a metric. */
  readonly valueOf: (metric: string) => number;
  /** Since when no fault lasts and none is to come; null: not now. */
  readonly calmSinceUs: () => number | null;
}

/** A condition and how it goes. */
interface Expectation {
  readonly condition: Eventually;
  /** Its time counts from here; null: it does not yet. */
  sinceUs: number | null;
  state: "open" | "met" | "missed";
  /** What was found at the last look. */
  value: number;
}

/** See the module's text. */
export class Expectations {
  readonly #options: ExpectationsOptions;
  readonly #all: Expectation[];
  #startUs = 0;
  #isHealed = false;

  constructor(options: ExpectationsOptions) {
    this.#options = options;
    this.#all = options.conditions.map((condition) => ({
      condition,
      sinceUs: null,
      state: "open",
      value: 0,
    }));
  }

  /** Begins to look; times count from now. */
  start(): void {
    if (this.#all.length === 0) return;
    this.#startUs = this.#options.scheduler.nowUs;
    this.#lookLater();
  }

  /** Whether there is nothing left to wait for. */
  get areDecided(): boolean {
    return this.#all.every(({ state }) => state !== "open");
  }

  /** How each ended; one that is open still is not met. */
  results(): ThresholdResult[] {
    return this.#all.map(({ condition, state, value }) => ({
      metric: `eventually ${condition.metric}`,
      bound: condition.bound,
      value,
      ok: state === "met",
    }));
  }

  #lookLater(): void {
    const { scheduler } = this.#options;
    scheduler.at(scheduler.nowUs + LOOK_EVERY_US, LOOK, () => {
      for (const each of this.#all) this.#look(each);
      // A fault that waits for its time can still undo what is met.
      if (!this.areDecided || !this.#isHealed) this.#lookLater();
    });
  }

  /** No fault strikes any more: what is met from now on stays so. */
  heal(): void {
    this.#isHealed = true;
  }

  #look(each: Expectation): void {
    const { scheduler, valueOf, calmSinceUs } = this.#options;
    const { afterUs, withinUs, metric } = each.condition;
    if (each.state === "missed") return;
    const sinceUs = afterUs === null ? calmSinceUs() : this.#startUs + afterUs;
    if (sinceUs !== each.sinceUs) {
      each.sinceUs = sinceUs;
      each.state = "open";
    }
    const { nowUs } = scheduler;
    if (each.state === "met" || sinceUs === null || nowUs < sinceUs) return;
    each.value = valueOf(metric);
    if (holds(each.condition, each.value)) each.state = "met";
    else if (nowUs >= sinceUs + withinUs) each.state = "missed";
  }
}
