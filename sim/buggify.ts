/**
 * Rare paths, taken on purpose: a commit that takes very long, a mailbox for a
 * few messages, an append of which nobody knows whether it was written. They
 * are legal at any time and hardly ever happen by themselves, so nothing else
 * tests what comes then (FoundationDB calls it buggification).
 *
 * Each has a name and is switched on or off for a whole run, off in most; one
 * that is on happens now and then. Seed and name decide both.
 *
 * @module
 */
import { SeededRandom } from "../actors/runtime/random.ts";

/**
 * The rare paths, each with how many times rarer than `firePercent` it is
 * taken: what stops a worker must leave it time to work.
 */
export const RARE_PATHS = {
  /** A thread sends what it has before it is done with its mail. */
  "link.batch_of_one": 1,
  /** What could leave waits 5 ms more. */
  "link.late_flush": 16,
  /** A link lets 16 frames wait instead of 8,192. */
  "link.outbox_of_few": 1,
  /** The mailboxes of a thread's life hold 4 messages a lane. */
  "mailbox.of_few": 1,
  /** A commit takes a hundred times as long. */
  "disk.slow_commit": 64,
  /** The disk is full: nothing is written, and it is tried again. */
  "disk.full": 64,
  /** An append is written, and its writer is not told. */
  "disk.answer_lost": 512,
  /** An append is not written, and its writer is not told either. */
  "disk.write_lost": 512,
  /** A cache node forgets everything. */
  "cache.forgets": 64,
  /** A worker is lost again while it reads its past. */
  "worker.lost_in_replay": 2,
  /** The provider did what it was asked, and its answer is lost. */
  "payment.no_answer": 8,
} as const;

/** The name of a rare path. */
export type RarePath = keyof typeof RARE_PATHS;

/** How often rare paths are taken, in parts of a million. */
export interface BuggifyValues {
  readonly activatePerMillion: number;
  readonly firePerMillion: number;
  /** Only these; null: any. */
  readonly paths: readonly string[] | null;
}

/** See the module's text. */
export class Buggify {
  readonly #streams = new Map<string, SeededRandom>();
  readonly #firePerMillion: number;
  readonly #took: (path: RarePath) => void;

  /** @param took Told of each rare path that is taken. */
  constructor(
    seed: number,
    values: BuggifyValues,
    took: (path: RarePath) => void,
  ) {
    const { activatePerMillion, firePerMillion, paths } = values;
    this.#firePerMillion = firePerMillion;
    this.#took = took;
    for (const path of Object.keys(RARE_PATHS)) {
      const random = new SeededRandom(seed, `buggify ${path}`);
      const isOn = random.chance(activatePerMillion, MILLION);
      if (isOn && (paths?.includes(path) ?? true)) {
        this.#streams.set(path, random);
      }
    }
  }

  /** The paths that may be taken in this run. */
  get active(): readonly string[] {
    return [...this.#streams.keys()];
  }

  /** Whether to take it now. Never draws for one that is off. */
  fires(path: RarePath): boolean {
    const random = this.#streams.get(path);
    if (random === undefined) return false;
    const of = MILLION * RARE_PATHS[path];
    if (!random.chance(this.#firePerMillion, of)) return false;
    this.#took(path);
    return true;
  }

  /** None is taken any more. */
  stop(): void {
    this.#streams.clear();
  }
}

const MILLION = 1_000_000;
