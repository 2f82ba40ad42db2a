/**
 * The lock itself, over any store of leases: who of this process asks when,
 * how long, and what is heard when it fails.
 *
 * Those who wait in one process for one name stand in a line. Only the first
 * asks the store, and nobody while a lease of this process is in the way, so a
 * thousand waiters cost one command at a time. When that lease is released the
 * next in line asks at once, behind the release on the same connection. A fair
 * store keeps a line of its own over all processes; then everybody asks.
 *
 * An acquisition has one owner name, however often it asks. So an answer that
 * was lost is found out by asking again.
 *
 * @module
 */
import {
  failed,
  ok,
  rejected,
  RETRY_AFTER_MS,
  unknown,
} from "../../actors/runtime/outcome.ts";
import type { Clock, Random } from "../../actors/runtime/ports.ts";
import type { Timers } from "../gateways/gateway.ts";
import type {
  Acquired,
  AcquireOptions,
  Lease,
  Lock,
  LockReport,
} from "../lock.ts";
import { Deadlines } from "./deadlines.ts";
import {
  checkTime,
  checkTtl,
  type Granted,
  type LeaseKeeper,
  StoredLease,
  validUntil,
} from "./lease.ts";
import type { LeaseStore, Taken } from "./lease_store.ts";
import { Line, Waiter } from "./line.ts";

/** What a lock needs of its host. */
export interface LockHost {
  /** Leases are timed by the monotonic one alone. */
  readonly clock: Clock;
  /** For waits, renewals and deadlines. */
  readonly timers: Timers;
  /** Names owners: 128 bits that no other process draws. */
  readonly random: Random;
}

/** 10,000 waiters take about 10 MB; who comes later is refused at once. */
const MOST_WAITING = 10_000;
/** Names go into keys, channels and hash tags as they are. */
const NAME = /^[^\s{}\p{Cc}]{1,200}$/u;
/** Handed on so often within this process, others may have it. */
const IN_A_ROW = 16;
/** A waiter elsewhere that is told asks within a round trip or two. */
const STEP_BACK_MS = 3;

/** See the module. */
export class LeasedLock implements Lock {
  readonly #store: LeaseStore;
  readonly #host: LockHost;
  readonly #keeper: LeaseKeeper;
  readonly #process: string;
  readonly #lines = new Map<string, Line>();
  /** A command that is not answered in time may still have been run. */
  readonly #deadlines: Deadlines;
  readonly #acquiring = new Set<Promise<Acquired>>();
  #owners = 0;
  #waiting = 0;
  #unwatch: (() => Promise<void>) | null = null;

  /** A lock whose leases are in `store`; several may share one store. */
  constructor(store: LeaseStore, host: LockHost) {
    this.#store = store;
    this.#host = host;
    this.#deadlines = new Deadlines(
      host,
      store.answerWithinMs,
      () => this.#sweep(),
    );
    this.#keeper = {
      clock: host.clock,
      timers: host.timers,
      extend: ({ name, owner }, ttlMs, nowMs) =>
        this.#deadlines.within(store.extend(name, owner, ttlMs), nowMs),
      free: ({ name, owner }, nowMs) =>
        this.#deadlines.within(store.free(name, owner), nowMs),
      freed: (lease, nowMs) => this.#makeWay(lease, nowMs),
      ended: (lease) => this.#ended(lease),
    };
    this.#process = Array.from(
      { length: 4 },
      () => host.random.next().toString(16).padStart(8, "0"),
    ).join("");
  }

  acquire(name: string, options: AcquireOptions): Promise<Acquired> {
    try {
      check(name, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const { ttlMs, waitMs = 0, renewForMs = 0 } = options;
    const line = this.#lines.get(name) ?? this.#open(name);
    const nowMs = this.#host.clock.monotonicMs();
    const waiter = new Waiter({
      name,
      owner: `${this.#process}-${++this.#owners}`,
      ttlMs,
      willWait: waitMs > 0,
      renewForMs,
      deadlineMs: nowMs + waitMs,
    });
    const acquiring = waiter.willWait
      ? this.#wait(line, waiter, nowMs)
      : this.#tryOnce(line, waiter, nowMs);
    this.#acquiring.add(acquiring);
    const ended = () => this.#acquiring.delete(acquiring);
    acquiring.then(ended, ended);
    return acquiring;
  }

  report(): readonly LockReport[] {
    const nowMs = this.#host.clock.monotonicMs();
    const lines = [...this.#lines.values()]
      .sort((left, right) => left.name < right.name ? -1 : 1);
    return lines.flatMap(({ name, holder, waiters }) => [
      ...holder === null || holder.leftMs === 0 ? [] : [{
        name,
        state: "held" as const,
        owner: holder.owner,
        fence: holder.fence,
        leftMs: holder.leftMs,
      }],
      ...Array.from(waiters, ({ owner, deadlineMs }) => ({
        name,
        state: "waiting" as const,
        owner,
        fence: null,
        leftMs: Math.max(0, deadlineMs - nowMs),
      })),
    ]);
  }

  /** Releases what is held, ends all waits, and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { waiters } of this.#lines.values()) {
      for (const waiter of waiters) waiter.giveUp();
    }
    // What was asked for already may still be given.
    await Promise.allSettled(this.#acquiring);
    const leases = [...this.#lines.values()].flatMap(({ holder }) =>
      holder ?? []
    );
    await Promise.all(leases.map((lease) => lease.release()));
    await this.#deadlines.settled();
    this.#deadlines.stop();
    await this.#unwatch?.();
    this.#unwatch = null;
  }

  #wake(name: string | null, owner: string | null): void {
    if (name !== null) return this.#lines.get(name)?.wake(owner);
    for (const { waiters } of this.#lines.values()) {
      for (const waiter of waiters) waiter.wake();
    }
  }

  #open(name: string): Line {
    const line = new Line(name);
    this.#lines.set(name, line);
    return line;
  }

  /** A line that nobody needs goes, so that names cost nothing afterwards. */
  #tidy(line: Line): void {
    if (line.isEmpty) this.#lines.delete(line.name);
  }

  async #tryOnce(
    line: Line,
    waiter: Waiter,
    nowMs: number,
  ): Promise<Acquired> {
    const inTheWayMs = line.holderLeftMs;
    if (inTheWayMs > 0) return rejected("held", { retryAfterMs: inTheWayMs });
    line.asking++;
    try {
      const taken = await this.#deadlines.within(
        this.#store.take(waiter),
        nowMs,
      );
      if (taken.kind === "taken") {
        const lease = this.#hold(line, waiter, taken, nowMs);
        if (lease !== null) return ok(lease);
      }
      switch (taken.kind) {
        case "held":
          return rejected("held", { retryAfterMs: taken.leftMs });
        case "unavailable":
          return failed("unavailable", RETRY_AFTER_MS);
        default:
          this.#abandon(line, waiter);
          return unknown(waiter.ttlMs);
      }
    } finally {
      line.asking--;
      this.#tidy(line);
    }
  }

  async #wait(line: Line, waiter: Waiter, fromMs: number): Promise<Acquired> {
    const { clock, timers } = this.#host;
    let nowMs = fromMs;
    if (this.#waiting >= MOST_WAITING) {
      this.#tidy(line);
      return failed("overloaded", RETRY_AFTER_MS);
    }
    this.#unwatch ??=
      this.#store.watch?.((each, next) => this.#wake(each, next)) ?? null;
    this.#waiting++;
    line.join(waiter);
    let last: Taken = { kind: "held", leftMs: 0 };
    let failures = 0;
    try {
      while (!waiter.hasGivenUp) {
        let pauseMs = this.#turnInMs(line, waiter, nowMs);
        if (pauseMs === 0) {
          waiter.isWoken = false;
          last = await this.#deadlines.within(this.#store.take(waiter), nowMs);
          if (last.kind === "taken") {
            const lease = this.#hold(line, waiter, last, nowMs);
            if (lease !== null) return ok(lease);
            last = { kind: "unknown" };
          }
          failures = last.kind === "held" ? 0 : failures + 1;
          // The lock has been elsewhere.
          if (last.kind === "held") line.inARow = 0;
          pauseMs = this.#pauseMs(last, failures);
          nowMs = clock.monotonicMs();
        }
        if (nowMs >= waiter.deadlineMs) break;
        await waiter.pause(
          Math.min(pauseMs, waiter.deadlineMs - nowMs),
          timers,
        );
        nowMs = clock.monotonicMs();
      }
    } finally {
      this.#waiting--;
      line.leave(waiter);
      this.#tidy(line);
    }
    return this.#withoutLock(line, waiter, last);
  }

  /** What a wait that was in vain ends as, by what its last try heard. */
  #withoutLock(line: Line, waiter: Waiter, last: Taken): Acquired {
    // It may stand in the store's line, or even hold the lock.
    if (last.kind !== "held" || this.#store.isFair) {
      this.#abandon(line, waiter);
    }
    if (last.kind === "held") return rejected("timed-out");
    return last.kind === "unavailable"
      ? failed("unavailable", RETRY_AFTER_MS)
      : unknown(waiter.ttlMs);
  }

  /** 0: it may ask now. Whoever is not the first is woken when he is. */
  #turnInMs(line: Line, waiter: Waiter, nowMs: number): number {
    if (this.#store.isFair) return 0;
    if (line.first !== waiter) return Infinity;
    if (line.holderLeftMs > 0) return line.holderLeftMs;
    return Math.max(0, line.stepsBackUntilMs - nowMs);
  }

  #pauseMs(last: Taken, failures: number): number {
    const { retryEveryMs } = this.#store;
    if (last.kind === "held" && last.leftMs > 0) {
      return Math.min(last.leftMs, retryEveryMs) + this.#jitterMs(2);
    }
    // Full jitter: those who were cut off together do not come back together.
    const ceilingMs = Math.min(retryEveryMs, 10 * 2 ** Math.min(failures, 10));
    return 1 + this.#jitterMs(ceilingMs);
  }

  /** From 0 on, below `boundMs`. */
  #jitterMs(boundMs: number): number {
    return this.#host.random.next() / 2 ** 32 * boundMs;
  }

  /**
   * The lease, or null when the answer took as long as it: it is somebody
   * else's by now.
   */
  #hold(
    line: Line,
    waiter: Waiter,
    granted: Granted,
    sentAtMs: number,
  ): Lease | null {
    const nowMs = this.#host.clock.monotonicMs();
    const sureUntilMs = granted.session?.sureUntilMs ?? Infinity;
    if (nowMs >= Math.min(validUntil(sentAtMs, waiter.ttlMs), sureUntilMs)) {
      return null;
    }
    const lease = new StoredLease(this.#keeper, waiter, granted, sentAtMs);
    line.hold(lease);
    return lease;
  }

  #ended(lease: StoredLease): void {
    const line = this.#lines.get(lease.name);
    if (line === undefined) return;
    line.end(lease);
    this.#tidy(line);
  }

  /** Somebody elsewhere wants what was handed on here again and again. */
  #makeWay({ name }: StoredLease, nowMs: number): void {
    const line = this.#lines.get(name);
    if (line === undefined || line.inARow < IN_A_ROW) return;
    line.stepBack(nowMs + STEP_BACK_MS + this.#jitterMs(STEP_BACK_MS));
  }

  /** Best effort: what it does not reach frees itself. */
  #abandon({ name }: Line, { owner }: Waiter): void {
    this.#deadlines.within(
      this.#store.free(name, owner),
      this.#host.clock.monotonicMs(),
    );
  }

  /** Leases that ran out while nobody looked leave nothing behind. */
  #sweep(): void {
    for (const line of this.#lines.values()) {
      line.dropLapsed();
      this.#tidy(line);
    }
  }
}

function check(name: string, options: AcquireOptions): void {
  if (!NAME.test(name)) {
    throw new RangeError(
      "Cannot lock a name that is not 1 to 200 characters without spaces " +
        `and braces: current value is "${name}"`,
    );
  }
  const { ttlMs, waitMs = 0, renewForMs = 0 } = options;
  checkTtl(name, ttlMs);
  checkTime(name, "waitMs", waitMs, 0);
  checkTime(name, "renewForMs", renewForMs, 0);
}
