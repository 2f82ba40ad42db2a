/**
 * Leases in one Redis, or in a Redis Cluster: all keys of a lock share a hash
 * tag. A Redis that replicates may lose a lease when it fails over, as its
 * replicas lag behind; then two holders believe in the lock, and their fencing
 * tokens still tell the newer one.
 *
 * @module
 */
import type {
  Extended,
  Freed,
  LeaseStore,
  Taken,
  Trouble,
  Wish,
  Woken,
} from "../lock/lease_store.ts";
import {
  EXTEND,
  FREE_ANY,
  FREE_IN_LINE,
  RAISE,
  TAKE_ANY,
  TAKE_IN_LINE,
} from "./lease_scripts.ts";
import type { RedisAnswer, RedisPort } from "./redis_port.ts";

/** How leases are kept. */
export interface RedisLeasesOptions {
  /** What keys and the channel begin with; `lock` unless told. */
  readonly prefix?: string;
  /**
   * Serves waiters of all processes in order of arrival. Those who use one
   * name must all be fair, or the others come first.
   */
  readonly isFair?: boolean;
  /** A command without an answer after so long is unknown; 1 s unless told. */
  readonly answerWithinMs?: number;
  /** How often waiters ask that nobody woke; 200 ms unless told. */
  readonly retryEveryMs?: number;
}

const ANSWER_WITHIN_MS = 1_000;
/** Releases wake waiters; this is for a message that was lost. */
const RETRY_EVERY_MS = 200;
/** A waiter that did not ask for so many times as long is gone. */
const MISSED_ASKS = 3;

/** See the module. */
export class RedisLeases implements LeaseStore {
  readonly answerWithinMs: number;
  readonly retryEveryMs: number;
  readonly isFair: boolean;
  readonly #redis: RedisPort;
  readonly #prefix: string;
  readonly #channel: string;

  /** Keeps leases in the Redis behind the port. */
  constructor(redis: RedisPort, options: RedisLeasesOptions = {}) {
    const { prefix = "lock", isFair = false } = options;
    this.#redis = redis;
    this.#prefix = prefix;
    this.#channel = `${prefix}:free`;
    this.isFair = isFair;
    this.answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.retryEveryMs = options.retryEveryMs ?? RETRY_EVERY_MS;
  }

  async take({ name, owner, ttlMs, willWait }: Wish): Promise<Taken> {
    const patienceMs = willWait ? MISSED_ASKS * this.retryEveryMs : 0;
    const answer = await this.#redis.run(
      this.isFair ? TAKE_IN_LINE : TAKE_ANY,
      [this.#key(name, ""), this.#key(name, ":fence"), ...this.#line(name)],
      [owner, String(ttlMs), String(patienceMs)],
    );
    if (answer.kind !== "ok") return answer;
    const [isTaken, number] = answer.value as [number, number];
    return Number(isTaken) === 1
      ? { kind: "taken", fence: Number(number) }
      : { kind: "held", leftMs: Math.max(0, Number(number)) };
  }

  async extend(name: string, owner: string, ttlMs: number): Promise<Extended> {
    const keys = [this.#key(name, "")];
    const args = [owner, String(ttlMs)];
    const count = countOf(await this.#redis.run(EXTEND, keys, args));
    if (typeof count !== "number") return count;
    return { kind: count === 1 ? "extended" : "gone" };
  }

  async free(name: string, owner: string): Promise<Freed> {
    const count = countOf(
      await this.#redis.run(
        this.isFair ? FREE_IN_LINE : FREE_ANY,
        [this.#key(name, ""), ...this.#line(name)],
        [owner, this.#channel, name],
      ),
    );
    if (typeof count !== "number") return count;
    return count === 0
      ? { kind: "gone" }
      : { kind: "freed", wanted: count === 2 };
  }

  /** Makes the token of a lease at least `fence`, for a quorum of stores. */
  async raise(
    { name, owner, ttlMs }: Wish,
    fence: number,
  ): Promise<Extended> {
    const keys = [this.#key(name, ""), this.#key(name, ":fence")];
    const args = [owner, String(fence), String(ttlMs)];
    const count = countOf(await this.#redis.run(RAISE, keys, args));
    if (typeof count !== "number") return count;
    return { kind: count === 1 ? "extended" : "gone" };
  }

  watch(woken: Woken): () => Promise<void> {
    const heard = (message: string) => {
      const space = message.indexOf(" ");
      const owner = message.slice(0, space);
      woken(message.slice(space + 1), owner === "-" ? null : owner);
    };
    return this.#redis.subscribe(
      this.#channel,
      heard,
      () => woken(null, null),
    );
  }

  #key(name: string, part: string): string {
    return `${this.#prefix}:{${name}}${part}`;
  }

  #line(name: string): string[] {
    return this.isFair
      ? [this.#key(name, ":line"), this.#key(name, ":patience")]
      : [this.#key(name, ":waiting")];
  }
}

function countOf(answer: RedisAnswer): number | Trouble {
  return answer.kind === "ok" ? Number(answer.value) : answer;
}
