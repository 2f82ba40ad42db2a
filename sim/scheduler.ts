/**
 * Virtual time: what happens when, in one total order, and the hash of all that
 * happened. Everything in a run is an act at a moment; the run is over when
 * nothing is left, or time is up.
 *
 * @module
 */
import { EventQueue } from "./event_queue.ts";

/** Something that happens at a moment; `label` goes into the trace. */
export interface Act {
  readonly label: number;
  readonly run: () => void;
}

/** See the module's text. Times are microseconds since the start. */
export class Scheduler {
  /** Acts so far. */
  acts = 0;
  /** Messages that threads have counted so far: `RunResult.messages`. */
  messages = 0;
  readonly #queue = new EventQueue<Act>();
  /** Two words of 32 bits: enough that a difference shows. */
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  /** The present moment. */
  get nowUs(): number {
    return this.#queue.nowUs;
  }

  /** How much is still to happen. */
  get pending(): number {
    return this.#queue.size;
  }

  /**
   * Lets something happen at a moment that is not past.
   *
   * @param label Names it in the trace: equal runs have equal labels.
   */
  at(atUs: number, label: number, run: () => void): number {
    return this.again(atUs, { label, run });
  }

  /** As `at`, for what happens again and again: the act is made once. */
  again(atUs: number, act: Act): number {
    const { nowUs } = this.#queue;
    return this.#queue.schedule(atUs > nowUs ? atUs : nowUs, act);
  }

  /** Calls it off; nothing happens when it has happened. */
  cancel(handle: number): void {
    this.#queue.cancel(handle);
  }

  /** Lets the next thing happen; false when nothing is left until `untilUs`. */
  step(untilUs: number): boolean {
    const act = this.#queue.next(untilUs);
    if (act === undefined) return false;
    this.acts++;
    this.mix(act.label);
    act.run();
    return true;
  }

  /** Lets a fact into the hash, with the present moment. */
  mix(fact: number): void {
    const { nowUs } = this;
    this.#low = mixed(this.#low ^ fact, nowUs | 0);
    this.#high = mixed(this.#high ^ this.#low, (nowUs / 4_294_967_296) | 0);
  }

  /** The hash of all that happened, 16 hexadecimal digits. */
  get trace(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
    return hex(this.#high) + hex(this.#low);
  }
}

/** Multiplications of MurmurHash3's finalizer, by A. Appleby (public domain). */
function mixed(word: number, more: number): number {
  let hash = Math.imul(word ^ more, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
