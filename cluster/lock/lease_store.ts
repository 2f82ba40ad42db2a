/**
 * What a lock needs of the place that keeps its leases: three commands, each
 * atomic and each harmless when it is run twice, since it names its owner. So
 * a client that sends a command again after a cut, and a caller that asks
 * again because he does not know how it ended, both come out right. Everything
 * else about locks is in `leased_lock.ts`, once for all stores.
 *
 * @module
 */

/** A command that had no effect, or may have had one. */
export type Trouble =
  /** Nothing happened. */
  | { readonly kind: "unavailable" }
  /** It may have happened. */
  | { readonly kind: "unknown" };

/** Who wants which lock. */
export interface Wish {
  /** The lock. */
  readonly name: string;
  /** The lease that it would be. */
  readonly owner: string;
  /** How long it would last, from the moment in which the store gives it. */
  readonly ttlMs: number;
  /** Whether the owner asks again when it is held. */
  readonly willWait: boolean;
}

/** What a lease hangs on besides its own time: it ends with its session. */
export interface LeaseSession {
  /**
   * The session surely lives until then, by the monotonic clock. It grows while
   * the session lives, and never again once it is past.
   */
  readonly sureUntilMs: number;
}

/** How a take ended. */
export type Taken =
  /** Also when the owner had it already; its time begins anew. */
  | {
    readonly kind: "taken";
    /** Larger than any that was given out for this name to another owner. */
    readonly fence: number;
    /** Without one, the lease's own time is all that ends it. */
    readonly session?: LeaseSession;
  }
  | {
    readonly kind: "held";
    /** When the lease that is in the way ends at the latest; 0: unknown. */
    readonly leftMs: number;
  }
  | Trouble;

/** How an extension ended; `gone`: the owner does not hold the lock. */
export type Extended =
  | { readonly kind: "extended" | "gone" }
  | Trouble;

/** How a release ended; `gone`: the owner did not hold the lock. */
export type Freed =
  /** `wanted`: somebody in another process waits for it. */
  | { readonly kind: "freed"; readonly wanted: boolean }
  | { readonly kind: "gone" }
  | Trouble;

/**
 * Hears that a lock may be free: that of a name, or any (null) since nothing
 * was heard for a while. `owner` is the next in line; null: anybody.
 */
export type Woken = (name: string | null, owner: string | null) => void;

/** Keeps leases. None of its commands rejects. */
export interface LeaseStore {
  /** A command that has no answer after so long is unknown. */
  readonly answerWithinMs: number;
  /** How often a waiter asks again when nothing wakes him. */
  readonly retryEveryMs: number;
  /** It serves waiters of all processes in their order of arrival. */
  readonly isFair: boolean;
  /** Gives the lock to the owner when nobody else holds it. */
  take(wish: Wish): Promise<Taken>;
  /** Makes the owner's lease last `ttlMs` from now. */
  extend(name: string, owner: string, ttlMs: number): Promise<Extended>;
  /** Takes the lock, and the place in line, from the owner and nobody else. */
  free(name: string, owner: string): Promise<Freed>;
  /**
   * Calls `woken` when a lock is released, as far as it hears of it, until
   * what it gives is called. A store that hears of nothing has no `watch`.
   */
  watch?(woken: Woken): () => Promise<void>;
}
