/**
 * A lock that many processes share, as its holders see it. It is a lease: it
 * ends by itself when its holder is gone, so a holder that was frozen may
 * still believe in it. What makes writes safe is not the lock but its fencing
 * token: the guarded resource keeps the largest one that it has seen and
 * refuses every smaller one. A lock alone only says who should try.
 *
 * @module
 */
import type { Outcome } from "../actors/runtime/outcome.ts";

/** How a lock is asked for. All times in milliseconds. */
export interface AcquireOptions {
  /** How long the lease lasts when it is neither released nor extended. */
  readonly ttlMs: number;
  /**
   * How long to wait for a lock that somebody else holds; 0, which is the
   * default, tries once. The answer may take as long as the store's own
   * deadline for a command more than this.
   */
  readonly waitMs?: number;
  /**
   * Extends the lease in the background, three times in each `ttlMs`, for so
   * long at most. Without it nobody extends but {@linkcode Lease.extend}.
   */
  readonly renewForMs?: number;
}

/**
 * How asking for a lock ended. `rejected`: `held` by somebody else, or
 * `timed-out` after a wait. `failed`: `unavailable` or `overloaded`, and
 * nothing is held. `unknown`: the store may hold the lease for nobody; it
 * frees itself after `retryAfterMs`.
 */
export type Acquired = Outcome<Lease, "held" | "timed-out">;

/**
 * A lock that is held: until it is released, or until its time is over by this
 * process's own monotonic clock, whatever is heard or not heard of its store.
 */
export interface Lease extends Disposable, AsyncDisposable {
  /** The name of the lock. */
  readonly name: string;
  /** Whom the store knows as its holder; no two leases have the same. */
  readonly owner: string;
  /**
   * The fencing token: larger than that of every earlier lease of this name.
   * Goes with each write to what the lock guards.
   */
  readonly fence: number;
  /** Milliseconds for which the lease is surely held; 0: it is not. */
  readonly leftMs: number;
  /** Aborted when the lease is lost; not when it is released. */
  readonly signal: AbortSignal;
  /**
   * Makes the lease last `ttlMs` from now (by default as at first) and gives
   * what is then left of it. `rejected`: it is lost. Otherwise it is as it was.
   */
  extend(ttlMs?: number): Promise<Outcome<number, "lost">>;
  /**
   * Gives the lock back; `using` and `await using` do so too. The lease is
   * over at once for its holder, however this ends. `rejected`: it was lost
   * before. When `failed` or `unknown` it frees itself in its time. Repeated,
   * it gives the same answer again.
   */
  release(): Promise<Outcome<null, "lost">>;
}

/** A lock that a process holds or waits for, as plain data. */
export interface LockReport {
  /** The name of the lock. */
  readonly name: string;
  /** Whether the process has it. */
  readonly state: "held" | "waiting";
  /** Whom the store knows, or will know, as its holder. */
  readonly owner: string;
  /** The fencing token; null while waiting. */
  readonly fence: number | null;
  /** Of the lease when held, else of the wait; milliseconds. */
  readonly leftMs: number;
}

/** Locks by name. */
export interface Lock extends AsyncDisposable {
  /**
   * Asks for the lock of this name.
   *
   * @throws {RangeError} When a name or a time is none.
   */
  acquire(name: string, options: AcquireOptions): Promise<Acquired>;
  /** What this process holds and waits for, by name. */
  report(): readonly LockReport[];
}
