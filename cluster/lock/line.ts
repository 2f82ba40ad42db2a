/**
 * Who holds and who waits for one lock in one process, in order of arrival.
 *
 * @module
 */
import type { Timers } from "../gateways/gateway.ts";
import type { StoredLease } from "./lease.ts";
import type { Wish } from "./lease_store.ts";

/** What one acquisition asks for. */
export interface Request extends Wish {
  /** 0: its lease is not renewed. */
  readonly renewForMs: number;
  /** By the monotonic clock. */
  readonly deadlineMs: number;
}

/** Somebody who waits, until he is woken or his pause is over. */
export class Waiter implements Request {
  readonly name: string;
  readonly owner: string;
  readonly ttlMs: number;
  readonly willWait: boolean;
  readonly renewForMs: number;
  readonly deadlineMs: number;
  /** Woken while not asleep counts as well: the next pause does not begin. */
  isWoken = false;
  hasGivenUp = false;
  #resume: (() => void) | null = null;

  constructor(request: Request) {
    this.name = request.name;
    this.owner = request.owner;
    this.ttlMs = request.ttlMs;
    this.willWait = request.willWait;
    this.renewForMs = request.renewForMs;
    this.deadlineMs = request.deadlineMs;
  }

  /** Ends after `delayMs`, or when woken. */
  async pause(delayMs: number, timers: Timers): Promise<void> {
    if (!this.isWoken) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resume = resolve;
      const timer = timers.set(resolve, delayMs);
      await promise;
      timers.clear(timer);
      this.#resume = null;
    }
    this.isWoken = false;
  }

  /** Ends the pause, or the next one. */
  wake(): void {
    this.isWoken = true;
    this.#resume?.();
  }

  /** It will not ask again. */
  giveUp(): void {
    this.hasGivenUp = true;
    this.wake();
  }
}

/** See the module. */
export class Line {
  readonly name: string;
  readonly waiters = new Set<Waiter>();
  /** The lease of this process, until it is released, lost or replaced. */
  holder: StoredLease | null = null;
  /** Tries that do not wait and have no answer yet. */
  asking = 0;
  /** Leases that followed one another within this process. */
  inARow = 0;
  /** Until then nobody here asks, so that another process may. */
  stepsBackUntilMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  get first(): Waiter | undefined {
    return this.waiters.values().next().value;
  }

  get holderLeftMs(): number {
    return this.holder?.leftMs ?? 0;
  }

  get isEmpty(): boolean {
    return this.holder === null && this.waiters.size === 0 && this.asking === 0;
  }

  join(waiter: Waiter): void {
    this.waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    const wasFirst = this.first === waiter;
    this.waiters.delete(waiter);
    if (wasFirst) this.first?.wake();
  }

  hold(lease: StoredLease): void {
    this.holder = lease;
    this.inARow++;
  }

  /** A lease that was replaced by a later one changes nothing. */
  end(lease: StoredLease): void {
    if (this.holder !== lease) return;
    this.holder = null;
    this.first?.wake();
  }

  /** A lease whose time is over, though nobody has said so. */
  dropLapsed(): void {
    if (this.holder?.leftMs === 0) this.end(this.holder);
  }

  stepBack(untilMs: number): void {
    this.inARow = 0;
    this.stepsBackUntilMs = untilMs;
  }

  /** The named waiter, or whoever is first. */
  wake(owner: string | null): void {
    if (owner === null) return this.first?.wake();
    for (const waiter of this.waiters) {
      if (waiter.owner === owner) return waiter.wake();
    }
  }
}
