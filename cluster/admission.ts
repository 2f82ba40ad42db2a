/**
 * Who may come in: a token bucket for each client, and one for everybody.
 *
 * A client is a user, else the address he comes from. It runs once a request,
 * so it costs a map lookup and a few integer operations. The number of buckets
 * is bounded, and only a full bucket is ever forgotten: a client cannot get
 * tokens by being forgotten. Clients beyond the bound share one bucket.
 *
 * @module
 */
import type { Admission } from "./gate.ts";
import { TokenBucket, type TokenBucketPolicy } from "./token_bucket.ts";

/**
 * Buckets kept for each kind of client. One is worth keeping only while it
 * refills, 2 s with the defaults (burst 400 at 200/s); 30,000 requests/s, the
 * edge's ceiling, all from different clients, make 60,000 such buckets. Twice
 * that, as a power of two; about 15 MB when all are in use.
 */
const MOST_CLIENTS = 131_072;

/**
 * Buckets looked at for each new client. Two forget faster than one is added;
 * a table that is full of clients who all refill is not searched further.
 */
const LOOKED_AT_PER_CLIENT = 2;

/** What each bucket allows. */
export interface AdmissionPolicies {
  readonly user: TokenBucketPolicy;
  readonly address: TokenBucketPolicy;
  /** Null: no bucket for everybody together. */
  readonly overall: TokenBucketPolicy | null;
}

/** See the module. */
export class AdmissionControl {
  readonly #users: ClientBuckets;
  readonly #addresses: ClientBuckets;
  readonly #overall: TokenBucket | null;

  /** @throws {RangeError} When a policy is out of bounds. */
  constructor(
    policies: AdmissionPolicies,
    nowMs: number,
    mostClients = MOST_CLIENTS,
  ) {
    this.#users = new ClientBuckets(policies.user, nowMs, mostClients);
    this.#addresses = new ClientBuckets(policies.address, nowMs, mostClients);
    this.#overall = policies.overall &&
      new TokenBucket(policies.overall, nowMs);
  }

  /** Buckets in use, for metrics. */
  get clients(): number {
    return this.#users.size + this.#addresses.size;
  }

  /**
   * Takes one token of the user's bucket, or of the address' when there is no
   * user, and one of the overall bucket; or none of either.
   *
   * @param nowMs The monotonic clock.
   */
  admit(userId: string | null, address: string, nowMs: number): Admission {
    const overall = this.#overall;
    if (overall !== null && overall.tokens(nowMs) === 0) {
      return answer(false, "overall", overall, nowMs);
    }
    const client = userId === null
      ? this.#addresses.of(address, nowMs)
      : this.#users.of(userId, nowMs);
    const admitted = client.tryTake(nowMs);
    if (admitted && overall !== null) overall.tryTake(nowMs);
    return answer(
      admitted,
      userId === null ? "address" : "user",
      client,
      nowMs,
    );
  }
}

function answer(
  admitted: boolean,
  policy: "user" | "address" | "overall",
  bucket: TokenBucket,
  nowMs: number,
): Admission {
  return {
    admitted,
    policy,
    capacity: bucket.policy.capacityTokens,
    refillPerSecond: bucket.policy.refillPerSecond,
    remaining: bucket.tokens(nowMs),
    retryAfterMs: admitted ? 0 : bucket.retryAfterMs(nowMs),
  };
}

/** A bounded table of buckets, one for each client of a kind. */
class ClientBuckets {
  readonly #policy: TokenBucketPolicy;
  readonly #most: number;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Shared by all clients that find the table full. */
  readonly #others: TokenBucket;
  /** Goes round and round through the table, looking for full buckets. */
  #hand: Iterator<[string, TokenBucket]>;

  constructor(policy: TokenBucketPolicy, nowMs: number, most: number) {
    this.#policy = policy;
    this.#most = most;
    this.#others = new TokenBucket(policy, nowMs);
    this.#hand = this.#buckets.entries();
  }

  get size(): number {
    return this.#buckets.size;
  }

  of(client: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(client);
    if (known !== undefined) return known;
    this.#forgetSome(nowMs);
    if (this.#buckets.size >= this.#most) return this.#others;
    const bucket = new TokenBucket(this.#policy, nowMs);
    this.#buckets.set(client, bucket);
    return bucket;
  }

  #forgetSome(nowMs: number): void {
    for (let looked = 0; looked < LOOKED_AT_PER_CLIENT; looked++) {
      const next = this.#hand.next();
      if (next.done) {
        this.#hand = this.#buckets.entries();
        return;
      }
      const [client, bucket] = next.value;
      if (bucket.isFull(nowMs)) this.#buckets.delete(client);
    }
  }
}
