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

  /**
   * Keeps leases in the Redis behind the port.
   *
   * @throws {RangeError} When the prefix has spaces or braces, or is empty.
   */
  constructor(redis: RedisPort, options: RedisLeasesOptions = {}) {
    const { prefix = "lock", isFair = false } = options;
    if (!/^[^\s{}]+$/.test(prefix)) {
      throw new RangeError(
        "Cannot keep leases under a prefix that is empty or has spaces or " +
          `braces: current value is "${prefix}"`,
      );
    }
    this.#redis = redis;
    this.#prefix = prefix;
    this.isFair = isFair;
    this.answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.retryEveryMs = options.retryEveryMs ?? RETRY_EVERY_MS;
  }

  // Each `await` costs a turn of the loop's queue, several times a lock; so
  // answers are read where they arrive.

  take({ name, owner, ttlMs, willWait }: Wish): Promise<Taken> {
    return this.#redis.run(
      this.isFair ? TAKE_IN_LINE : TAKE_ANY,
      [this.#key(name, ""), this.#key(name, ":fence"), ...this.#line(name)],
      willWait
        ? [owner, String(ttlMs), String(MISSED_ASKS * this.retryEveryMs)]
        : [owner, String(ttlMs)],
    ).then(readTaken);
  }

  extend(name: string, owner: string, ttlMs: number): Promise<Extended> {
    const keys = [this.#key(name, "")];
    return this.#redis.run(EXTEND, keys, [owner, String(ttlMs)])
      .then(readExtended);
  }

  free(name: string, owner: string): Promise<Freed> {
    return this.#redis.run(
      this.isFair ? FREE_IN_LINE : FREE_ANY,
      [this.#key(name, ""), ...this.#line(name)],
      [owner],
    ).then(readFreed);
  }

  /** Makes the token of a lease at least `fence`, for a quorum of stores. */
  raise({ name, owner }: Wish, fence: number): Promise<Extended> {
    const keys = [this.#key(name, ""), this.#key(name, ":fence")];
    return this.#redis.run(RAISE, keys, [owner, String(fence)])
      .then(readExtended);
  }

  watch(woken: Woken): () => Promise<void> {
    const heard = (message: string) => {
      const [owner = "", key = ""] = message.split(" ");
      const name = key.slice(this.#prefix.length + 2, -1);
      woken(name, owner === "-" ? null : owner);
    };
    return this.#redis.subscribe(
      `${this.#prefix}:free`,
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

function readTaken(answer: RedisAnswer): Taken {
  if (answer.kind !== "ok") return answer;
  const number = Number(answer.value);
  return number > 0
    ? { kind: "taken", fence: number }
    : { kind: "held", leftMs: Math.max(0, -1 - number) };
}

function readExtended(answer: RedisAnswer): Extended {
  if (answer.kind !== "ok") return answer;
  return { kind: Number(answer.value) === 1 ? "extended" : "gone" };
}

function readFreed(answer: RedisAnswer): Freed {
  if (answer.kind !== "ok") return answer;
  const count = Number(answer.value);
  return count === 0 ? { kind: "gone" } : {
    kind: "freed",
    wanted: count === 2,
  };
}
