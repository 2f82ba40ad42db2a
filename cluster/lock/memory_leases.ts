/**
 * Leases of one process, in memory: for what runs in one process, and for
 * tests and simulations on a clock of their own. Fair.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import type {
  Extended,
  Freed,
  LeaseStore,
  Taken,
  Wish,
  Woken,
} from "./lease_store.ts";

interface Entry {
  /** Null: free. */
  owner: string | null;
  fence: number;
  untilMs: number;
  /** Owners in order of arrival, and until when each is believed to wait. */
  readonly line: Map<string, number>;
}

/** Waiters are woken; this is for one that was told and did not come. */
const RETRY_EVERY_MS = 100;
/** A waiter that did not ask for three times as long is gone. */
const PATIENCE_MS = 3 * RETRY_EVERY_MS;

/** See the module. */
export class MemoryLeases implements LeaseStore {
  readonly answerWithinMs = 1_000;
  readonly retryEveryMs: number = RETRY_EVERY_MS;
  readonly isFair = true;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<Woken>();
  /**
   * The last token: one for all names, so that an entry can be forgotten, and
   * not below the time in microseconds, so that it grows over restarts too.
   */
  #fence = 0;

  /** Leases end by this clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take({ name, owner, ttlMs, willWait }: Wish): Promise<Taken> {
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#entry(name, nowMs);
    const first = entry.line.keys().next().value ?? owner;
    if (entry.owner === null && first === owner) {
      entry.line.delete(owner);
      entry.owner = owner;
      this.#fence = Math.max(
        this.#fence + 1,
        Math.floor(this.#clock.wallMs() * 1000),
      );
      entry.fence = this.#fence;
    }
    if (entry.owner === owner) {
      entry.untilMs = nowMs + ttlMs;
      return Promise.resolve({ kind: "taken", fence: entry.fence });
    }
    if (willWait) entry.line.set(owner, nowMs + PATIENCE_MS);
    const leftMs = entry.owner === null ? 0 : entry.untilMs - nowMs;
    this.#tidy(name, entry);
    return Promise.resolve({ kind: "held", leftMs });
  }

  extend(name: string, owner: string, ttlMs: number): Promise<Extended> {
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#entry(name, nowMs);
    const isHeld = entry.owner === owner;
    if (isHeld) entry.untilMs = nowMs + ttlMs;
    this.#tidy(name, entry);
    return Promise.resolve({ kind: isHeld ? "extended" : "gone" });
  }

  free(name: string, owner: string): Promise<Freed> {
    const entry = this.#entry(name, this.#clock.monotonicMs());
    entry.line.delete(owner);
    const wasHeld = entry.owner === owner;
    if (wasHeld) entry.owner = null;
    const next = entry.line.keys().next().value;
    if (entry.owner === null && next !== undefined) {
      for (const woken of this.#watchers) woken(name, next);
    }
    this.#tidy(name, entry);
    return Promise.resolve(
      wasHeld
        ? { kind: "freed", wanted: next !== undefined }
        : { kind: "gone" },
    );
  }

  watch(woken: Woken): () => Promise<void> {
    this.#watchers.add(woken);
    return () => {
      this.#watchers.delete(woken);
      return Promise.resolve();
    };
  }

  /**
   * The entry as it is now: without a lease whose time is over, and first in
   * line is somebody who still waits. Those behind are looked at when they are
   * first, so that a long line costs no more than a short one.
   */
  #entry(name: string, nowMs: number): Entry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { owner: null, fence: 0, untilMs: 0, line: new Map() };
      this.#entries.set(name, entry);
    }
    if (entry.owner !== null && entry.untilMs <= nowMs) entry.owner = null;
    for (const [owner, untilMs] of entry.line) {
      if (untilMs > nowMs) break;
      entry.line.delete(owner);
    }
    return entry;
  }

  #tidy(name: string, { owner, line }: Entry): void {
    if (owner === null && line.size === 0) this.#entries.delete(name);
  }
}
