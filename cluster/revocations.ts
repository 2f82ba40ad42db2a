/**
 * The sessions that were ended before their time. Every request asks, so they
 * are kept here, at the door; the accounts' journals keep them for good.
 *
 * @module
 */
import type { Revocation } from "../actors/accounts.ts";
import type { Clock } from "../actors/runtime/ports.ts";

/** See the module. Bounded by the sign-outs of a session's life. */
export class Revocations {
  readonly #clock: Clock;
  /** Token id → the time after which nobody accepts the token anyway. */
  readonly #expiries = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the token of that id is good for nothing. */
  has(tokenId: string): boolean {
    return this.#expiries.size > 0 && this.#expiries.has(tokenId);
  }

  /** Adds one that ended just now. */
  add(tokenId: string, expiresAtMs: number): void {
    const nowMs = this.#clock.wallMs();
    // Insertion order is nearly order of expiry: old ones are at the front.
    for (const [old, expiredAtMs] of this.#expiries) {
      if (expiredAtMs > nowMs) break;
      this.#expiries.delete(old);
    }
    this.#expiries.set(tokenId, expiresAtMs);
  }

  /** Adds those that ended earlier, in whatever order. */
  addAll(revocations: readonly Revocation[]): void {
    const byExpiry = revocations.toSorted((left, right) =>
      left.expiresAtMs - right.expiresAtMs
    );
    for (const { tokenId, expiresAtMs } of byExpiry) {
      this.add(tokenId, expiresAtMs);
    }
  }
}
