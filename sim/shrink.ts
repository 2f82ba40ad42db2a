/**
 * Makes a failing scenario smaller while the same check fails: fewer faults, a
 * shorter run, less load, fewer users and products. What is left is what the
 * failure needs, and takes milliseconds to run. Lists are minimized by delta
 * debugging (ddmin: Zeller and Hildebrandt, 2002), numbers by halving. It
 * knows scenarios as JSON only and runs nothing itself; the same answers lead
 * to the same end.
 *
 * A threshold that a run of nothing would miss too (`gt`, `sometimes`) keeps
 * its load: with less of it, it would fail for another reason.
 *
 * @module
 */
import { type Failure, isAlike } from "./failure.ts";
import { ddmin } from "./shrink/ddmin.ts";
import { differencesOf } from "./shrink/differences.ts";
import {
  chancesOf,
  cutDuration,
  durationUs,
  faultsOf,
  journeysOf,
  type Json,
  knobsOf,
  needsLoad,
  onlyAbout,
  phasesOf,
  withChances,
  withFaults,
  withJourneys,
  withPhases,
} from "./shrink/reductions.ts";

/** What shrinking needs. */
export interface ShrinkOptions {
  /** A scenario file's JSON, without ranges. */
  readonly scenario: Json;
  /** How it fails. */
  readonly failure: Failure;
  /**
   * Runs a scenario: how the same check fails in it; null: it does not.
   * `invalid`: no scenario at all, and nothing ran.
   */
  readonly attempt: (scenario: Json) => Failure | null | "invalid";
  /** At most so many runs. */
  readonly maxRuns: number;
  /** Asked before each run; true ends the search where it is. */
  readonly isTimeUp?: () => boolean;
  /** Told after each run: how many, and the smallest so far. */
  readonly progress?: (runs: number, scenario: Json) => void;
}

/** The smallest scenario that was found. */
export interface Shrunk {
  readonly scenario: Json;
  readonly failure: Failure;
  readonly runs: number;
  /** What was taken away, a line each; nothing: it is as it was. */
  readonly removed: readonly string[];
  /** The search ended by itself: no single step makes it smaller. */
  readonly isMinimal: boolean;
}

/** Shrinks a failing scenario. */
export function shrink(options: ShrinkOptions): Shrunk {
  return new Search(options).run();
}

class Search {
  readonly #options: ShrinkOptions;
  readonly #tried = new Set<string>();
  #best: Json;
  #failure: Failure;
  #runs = 0;
  #isSpent = false;

  constructor(options: ShrinkOptions) {
    this.#options = options;
    this.#failure = options.failure;
    // What is not looked for changes no event, so this needs no run.
    this.#best = onlyAbout(options.scenario, options.failure);
    this.#tried.add(JSON.stringify(this.#best));
  }

  run(): Shrunk {
    for (let before = ""; !this.#isSpent;) {
      const now = JSON.stringify(this.#best);
      if (now === before) break;
      before = now;
      this.#pass();
    }
    return {
      scenario: this.#best,
      failure: this.#failure,
      runs: this.#runs,
      removed: differencesOf(this.#options.scenario, this.#best),
      isMinimal: !this.#isSpent,
    };
  }

  /** What shortens a run most comes first: all later ones are shorter. */
  #pass(): void {
    const keepsLoad = needsLoad(this.#best);
    if (!keepsLoad) this.#cut();
    ddmin(faultsOf(this.#best), 0, (ids) => this.#try(withFaults, ids));
    ddmin(chancesOf(this.#best), 0, (names) => this.#try(withChances, names));
    if (keepsLoad) return;
    ddmin(phasesOf(this.#best), 1, (names) => this.#try(withPhases, names));
    ddmin(journeysOf(this.#best), 1, (names) => this.#try(withJourneys, names));
    this.#halveDuration();
    for (const { least, halve } of knobsOf(this.#best)) {
      if (least !== null && this.#try(least, null)) continue;
      while (this.#try(halve, null));
    }
    this.#cut();
  }

  /** Ends the load just behind what is wrong, if that came before the end. */
  #cut(): void {
    const { verdict, atUs } = this.#failure;
    const endUs = Math.ceil((atUs + 1) / 1_000) * 1_000;
    // A threshold is missed at the end, wherever that is.
    if (verdict === "threshold" || endUs >= durationUs(this.#best)) return;
    this.#try(cutDuration, endUs);
  }

  #halveDuration(): void {
    for (;;) {
      const halfUs = Math.floor(durationUs(this.#best) / 2_000) * 1_000;
      if (halfUs === 0 || !this.#try(cutDuration, halfUs)) return;
    }
  }

  /** Changes the best scenario so, if it is one then and fails alike. */
  #try<Value>(
    change: (scenario: Json, value: Value) => Json,
    value: Value,
  ): boolean {
    const candidate = change(this.#best, value);
    const text = JSON.stringify(candidate);
    if (this.#tried.has(text)) return false;
    const { maxRuns, isTimeUp, attempt, progress } = this.#options;
    if (this.#isSpent || this.#runs >= maxRuns || isTimeUp?.()) {
      this.#isSpent = true;
      return false;
    }
    this.#tried.add(text);
    const found = attempt(candidate);
    if (found === "invalid") return false;
    this.#runs++;
    const isKept = found !== null && isAlike(found, this.#options.failure);
    if (isKept) {
      this.#best = candidate;
      this.#failure = found;
    }
    progress?.(this.#runs, this.#best);
    return isKept;
  }
}
