/**
 * One lease in the hands of its holder. It counts from the moment at which its
 * request was sent, on the monotonic clock, so it ends here before it ends in
 * the store; that is all that keeps two holders from believing in it at once,
 * and it does not help a holder who is frozen between looking and writing.
 *
 * @module
 */
import {
  failed,
  ok,
  type Outcome,
  rejected,
  RETRY_AFTER_MS,
  unknown,
} from "../../actors/runtime/outcome.ts";
import type { Clock } from "../../actors/runtime/ports.ts";
import type { Timers } from "../gateways/gateway.ts";
import type { Lease } from "../lock.ts";
import type { Extended, Freed, LeaseSession } from "./lease_store.ts";

/** Clocks of two machines that run apart by 1 % still agree on who holds. */
const DRIFT = 100;
/** Two more may fail before the lease ends. */
const RENEWALS_PER_TTL = 3;
/** After one that failed: some of them within the time that is left. */
const RETRIES_PER_TTL = 12;

/** Whoever made a lease, and knows its store. `nowMs` is the monotonic time. */
export interface LeaseKeeper {
  readonly clock: Clock;
  readonly timers: Timers;
  extend(
    lease: StoredLease,
    ttlMs: number,
    nowMs: number,
  ): Promise<Extended>;
  free(lease: StoredLease, nowMs: number): Promise<Freed>;
  /** Called when it was released and somebody in another process waits. */
  freed(lease: StoredLease, nowMs: number): void;
  /** Called once, when nobody here holds it any more. */
  ended(lease: StoredLease): void;
}

/** A lease as its store gave it. */
export interface Given {
  readonly name: string;
  readonly owner: string;
  readonly ttlMs: number;
  /** 0: it is not renewed. */
  readonly renewForMs: number;
}

/** What the store said of it. */
export interface Granted {
  readonly fence: number;
  readonly session?: LeaseSession;
}

/** See the module. */
export class StoredLease implements Lease {
  readonly name: string;
  readonly owner: string;
  readonly fence: number;
  readonly #keeper: LeaseKeeper;
  readonly #session: LeaseSession | null;
  readonly #renewUntilMs: number;
  #ttlMs: number;
  #validUntilMs: number;
  #released: Promise<Outcome<null, "lost">> | null = null;
  #isOver = false;
  #abort: AbortController | null = null;
  #lossTimer: unknown = null;
  #renewTimer: unknown = null;

  /** @param sentAtMs When the request that took it was sent. */
  constructor(
    keeper: LeaseKeeper,
    { name, owner, ttlMs, renewForMs }: Given,
    { fence, session }: Granted,
    sentAtMs: number,
  ) {
    this.name = name;
    this.owner = owner;
    this.fence = fence;
    this.#keeper = keeper;
    this.#session = session ?? null;
    this.#ttlMs = ttlMs;
    this.#validUntilMs = validUntil(sentAtMs, ttlMs);
    this.#renewUntilMs = sentAtMs + renewForMs;
    if (renewForMs > 0) {
      this.#renewIn(ttlMs / RENEWALS_PER_TTL);
      this.#awaitLoss();
    }
  }

  get leftMs(): number {
    if (this.#isOver) return 0;
    return Math.max(0, this.#heldUntilMs - this.#keeper.clock.monotonicMs());
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.leftMs > 0) this.#awaitLoss();
      else if (this.#released === null) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  async extend(ttlMs: number = this.#ttlMs): Promise<Outcome<number, "lost">> {
    checkTtl(this.name, ttlMs);
    if (this.leftMs === 0) return this.#lose();
    const sentAtMs = this.#keeper.clock.monotonicMs();
    const { kind } = await this.#keeper.extend(this, ttlMs, sentAtMs);
    if (kind === "unavailable") return failed(kind, RETRY_AFTER_MS);
    if (kind === "unknown") {
      // It lasts as long as before or as long as was asked for: the shorter.
      this.#validUntilMs = Math.min(
        this.#validUntilMs,
        validUntil(sentAtMs, ttlMs),
      );
      return unknown(RETRY_AFTER_MS);
    }
    if (kind === "gone" || this.#isOver) return this.#lose();
    this.#ttlMs = ttlMs;
    this.#validUntilMs = validUntil(sentAtMs, ttlMs);
    // The answer may have come too late.
    return this.leftMs === 0 ? this.#lose() : ok(this.leftMs);
  }

  release(): Promise<Outcome<null, "lost">> {
    this.#released ??= this.#free();
    return this.#released;
  }

  [Symbol.dispose](): void {
    // It never rejects, and the lease is over at once.
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  get #heldUntilMs(): number {
    return this.#session === null
      ? this.#validUntilMs
      : Math.min(this.#validUntilMs, this.#session.sureUntilMs);
  }

  async #free(): Promise<Outcome<null, "lost">> {
    const nowMs = this.#keeper.clock.monotonicMs();
    const wasHeld = !this.#isOver && nowMs < this.#heldUntilMs;
    // Sent first: whoever is next here asks behind it on the same connection.
    const freed = this.#keeper.free(this, nowMs);
    this.#end();
    const answer = await freed;
    const { kind } = answer;
    if (kind === "freed" && answer.wanted) this.#keeper.freed(this, nowMs);
    if (!wasHeld || kind === "gone") return rejected("lost");
    if (kind === "unavailable") return failed(kind, RETRY_AFTER_MS);
    return kind === "unknown" ? unknown(RETRY_AFTER_MS) : ok(null);
  }

  #lose(): Outcome<never, "lost"> {
    this.#end();
    if (this.#released === null) this.#abort?.abort();
    return rejected("lost");
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { timers } = this.#keeper;
    if (this.#lossTimer !== null) timers.clear(this.#lossTimer);
    if (this.#renewTimer !== null) timers.clear(this.#renewTimer);
    this.#keeper.ended(this);
  }

  /** Notices the loss when nobody looks. Extended meanwhile, it waits anew. */
  #awaitLoss(): void {
    this.#keeper.timers.clear(this.#lossTimer);
    this.#lossTimer = this.#keeper.timers.set(() => {
      if (this.leftMs > 0) this.#awaitLoss();
      else this.#lose();
    }, Math.ceil(this.leftMs));
  }

  #renewIn(delayMs: number): void {
    const { clock, timers } = this.#keeper;
    if (clock.monotonicMs() + delayMs > this.#renewUntilMs) return;
    this.#renewTimer = timers.set(async () => {
      const { kind } = await this.extend();
      if (this.#isOver) return;
      const parts = kind === "ok" ? RENEWALS_PER_TTL : RETRIES_PER_TTL;
      this.#renewIn(this.#ttlMs / parts);
    }, delayMs);
  }
}

/** A week: longer is no lease. Shorter than 10 ms, a network eats it up. */
const LEAST_TTL_MS = 10;
const MOST_MS = 7 * 24 * 3_600_000;

/** @throws {RangeError} When it is no time for a lease. */
export function checkTtl(name: string, ttlMs: number): void {
  checkTime(name, "ttlMs", ttlMs, LEAST_TTL_MS);
}

/** @throws {RangeError} When a time is no integer, too short or too long. */
export function checkTime(
  name: string,
  what: string,
  value: number,
  least: number,
): void {
  if (Number.isSafeInteger(value) && value >= least && value <= MOST_MS) {
    return;
  }
  throw new RangeError(
    `Cannot lock "${name}" as ${what} must be an integer from ${least} to ` +
      `${MOST_MS}: current value is ${value}`,
  );
}

/** Until when a lease that was asked for at `sentAtMs` is surely held. */
export function validUntil(sentAtMs: number, ttlMs: number): number {
  return sentAtMs + ttlMs - ttlMs / DRIFT;
}
