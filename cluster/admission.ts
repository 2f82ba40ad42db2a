/**
 * Who may come in: a limiter for each client, and where the configuration wants
 * them one for everybody, one for a route and one for each product ordered.
 *
 * A client is a user, else the address he comes from. A request takes from all
 * limiters that concern it or from none, also when those of its products are
 * known only later. Paying and cancelling free stock, so a part of what
 * everybody shares is kept for them. It runs once a request, so it costs a map
 * lookup and a few integer operations. The number of limiters is bounded, and
 * one is forgotten only when nobody gains by it; keys beyond the bound share
 * one limiter.
 *
 * @module
 */
import type { Admission, MetricSample } from "./gate.ts";
import { type Limiter, limiterFor } from "./limiters/limiter.ts";
import type { Limit, SharedLimits } from "./limiters/shared_limits.ts";

/** Routes that a limit or a cost can name: those of the HTTP API. */
export const LIMITED_ROUTES = [
  "placeOrder",
  "payOrder",
  "cancelOrder",
  "readOrder",
  "listOrders",
  "readProduct",
  "searchProducts",
  "register",
  "signIn",
] as const;

/** See `LIMITED_ROUTES`. */
export type LimitedRoute = typeof LIMITED_ROUTES[number];

/**
 * Limiters kept for each kind of key. One is worth keeping only while it
 * refills, 2 s with the defaults (burst 400 at 200/s); 30,000 requests/s, the
 * edge's ceiling, all from different clients, make 60,000 such buckets. Twice
 * that, as a power of two; about 15 MB when all are in use.
 */
const MOST_KEYS = 131_072;

/**
 * Limiters looked at for each new key. Two forget faster than one is added; a
 * table that is full of clients who all refill is not searched further.
 */
const LOOKED_AT_PER_KEY = 2;

/** The route of what has products. */
const ORDERS: LimitedRoute = "placeOrder";

/** Without a cost of its own a request takes this much. */
const ONE = 1;

/** What each limiter allows. */
export interface AdmissionPolicies {
  readonly user: Limit;
  readonly address: Limit;
  /** Null: no limiter for everybody together. */
  readonly overall: Limit | null;
  /** The share of the overall burst that only paying and cancelling take. */
  readonly reservePercent: number;
  /** For all requests of a route together. */
  readonly routes: Readonly<Record<string, Limit>>;
  /**
   * What a request takes from its client's and the overall limiter, if not 1;
   * no more than the least of their bursts, or it never passes.
   */
  readonly costs: Readonly<Record<string, number>>;
  /** For all orders of a product together; null: none. */
  readonly sku: Limit | null;
}

/** What admission can do without. */
export interface AdmissionOptions {
  /** Where limits are counted together with other processes; null: nowhere. */
  readonly shared?: SharedLimits | null;
  /** Limiters kept for each kind of key; see `MOST_KEYS`. */
  readonly mostKeys?: number;
}

/** A limiter, or all of a kind, as the admin page shows it. */
export interface LimitReport {
  /** `user`, `address`, `overall`, `sku` or the name of a route. */
  readonly name: string;
  readonly policy: Limit;
  /** At most `burst + ratePerSecond × w` pass in a window of w seconds. */
  readonly burst: number;
  readonly ratePerSecond: number;
  /** Limiters in use; 1 where everybody shares one. */
  readonly keys: number;
  /** Requests that it refused. */
  readonly refused: number;
  /** Null where each key has its own. */
  readonly remaining: number | null;
}

/** One limiter for everybody. */
interface Shared {
  readonly name: string;
  readonly policy: Limit;
  readonly limiter: Limiter;
  refused: number;
}

/** See the module. */
export class AdmissionControl {
  readonly #users: KeyedLimiters;
  readonly #addresses: KeyedLimiters;
  readonly #skus: KeyedLimiters | null;
  readonly #overall: Shared | null;
  /** Requests of the overall burst that are kept for what frees stock. */
  readonly #reserve: number;
  /** Null when no route has a limit, or a cost: nearly always. */
  readonly #routes: ReadonlyMap<string, Shared> | null;
  readonly #costs: ReadonlyMap<string, number> | null;
  readonly #sharing: SharedLimits | null;

  /** @throws {RangeError} When a policy is out of bounds. */
  constructor(
    policies: AdmissionPolicies,
    nowMs: number,
    { shared: sharing = null, mostKeys = MOST_KEYS }: AdmissionOptions = {},
  ) {
    this.#sharing = sharing;
    const make: MakeLimiter = sharing === null
      ? (_kind, _key, limit, atMs) => limiterFor(limit, atMs)
      : (kind, key, limit, atMs) =>
        sharing.limiterFor(`${kind}:${key}`, limit, atMs);
    const keyed = (name: "user" | "address" | "sku", policy: Limit) =>
      new KeyedLimiters(name, policy, nowMs, { make, mostKeys });
    const shared = (name: string, policy: Limit) => ({
      ...{ name, policy, refused: 0 },
      limiter: make("all", name, policy, nowMs),
    });
    this.#users = keyed("user", policies.user);
    this.#addresses = keyed("address", policies.address);
    this.#skus = policies.sku && keyed("sku", policies.sku);
    this.#overall = policies.overall && shared("overall", policies.overall);
    const burst = this.#overall?.limiter.burst ?? 0;
    this.#reserve = Math.floor(burst * policies.reservePercent / 100);
    const routes = Object.entries(policies.routes);
    this.#routes = routes.length === 0 ? null : new Map(
      routes.map(([name, policy]) => [name, shared(name, policy)]),
    );
    const costs = Object.entries(policies.costs);
    this.#costs = costs.length === 0 ? null : new Map(costs);
  }

  /** Limiters of clients in use. */
  get clients(): number {
    return this.#users.size + this.#addresses.size;
  }

  /** Counters of this process, those of shared limits among them. */
  metrics(nowMs: number): MetricSample[] {
    const limits = this.report(nowMs).flatMap(
      ({ name, refused, ratePerSecond }): MetricSample[] => [
        {
          name: "admission_refused_total",
          type: "counter",
          help: "Requests that a limiter refused.",
          ...{ labels: { limit: name }, value: refused },
        },
        {
          name: "admission_rate_per_second",
          type: "gauge",
          help: "Tokens that come, or requests that leak out, a second.",
          ...{ labels: { limit: name }, value: ratePerSecond },
        },
      ],
    );
    return [
      {
        name: "admission_clients",
        type: "gauge",
        help: "Limiters of clients in use.",
        ...{ labels: {}, value: this.clients },
      },
      ...limits,
      ...this.#sharing?.metrics() ?? [],
    ];
  }

  /**
   * Takes from the user's limiter, or from the address' when there is no user,
   * from the route's and from the overall one; or from none of them.
   *
   * @param nowMs The monotonic clock.
   * @param route What is asked for; one that no limit names is as good as none.
   */
  admit(
    userId: string | null,
    address: string,
    nowMs: number,
    route: string | null = null,
  ): Admission {
    const cost = this.#costOf(route);
    const overall = this.#overall;
    if (overall !== null) {
      const kept = freesStock(route) ? 0 : this.#reserve;
      if (!isFree(overall.limiter, cost, kept, nowMs)) {
        return refuse(overall, nowMs, cost + kept);
      }
    }
    const ofRoute = this.#routes === null || route === null
      ? undefined
      : this.#routes.get(route);
    if (ofRoute !== undefined && ofRoute.limiter.retryAfterMs(nowMs) > 0) {
      return refuse(ofRoute, nowMs, ONE);
    }
    const clients = userId === null ? this.#addresses : this.#users;
    const client = clients.of(userId ?? address, nowMs);
    if (!client.tryTake(nowMs, cost)) {
      clients.refused++;
      return answer(clients.name, client, nowMs, cost, false, 0);
    }
    let { delayMs } = client;
    if (overall !== null) delayMs = take(overall, nowMs, cost, delayMs);
    if (ofRoute !== undefined) delayMs = take(ofRoute, nowMs, ONE, delayMs);
    return answer(clients.name, client, nowMs, cost, true, delayMs);
  }

  /**
   * Takes one from the limiter of each product of an order, or from none.
   * Returns 0, or the milliseconds after which to try again.
   *
   * @param lines Each with another product.
   */
  admitOrder(lines: readonly { readonly sku: string }[], nowMs: number) {
    const skus = this.#skus;
    if (skus === null) return 0;
    const limiters = lines.map(({ sku }) => skus.of(sku, nowMs));
    const waitMs = Math.max(
      ...limiters.map((limiter) => limiter.retryAfterMs(nowMs)),
    );
    if (waitMs > 0) skus.refused++;
    else for (const limiter of limiters) limiter.tryTake(nowMs);
    return waitMs;
  }

  /** Gives back what an order of that user took when it was let in. */
  giveBack(userId: string, { decidedMs }: Admission, nowMs: number): void {
    const cost = this.#costOf(ORDERS);
    const client = this.#users.of(userId, nowMs);
    client.giveBack?.(decidedMs, nowMs, cost);
    this.#overall?.limiter.giveBack?.(decidedMs, nowMs, cost);
    this.#routes?.get(ORDERS)?.limiter.giveBack?.(decidedMs, nowMs, ONE);
  }

  #costOf(route: string | null): number {
    if (this.#costs === null || route === null) return ONE;
    return this.#costs.get(route) ?? ONE;
  }

  /** Every limiter that there is. */
  report(nowMs: number): LimitReport[] {
    const shared = [...this.#overall ? [this.#overall] : []]
      .concat([...this.#routes?.values() ?? []]);
    return [
      this.#users.report(),
      this.#addresses.report(),
      ...this.#skus ? [this.#skus.report()] : [],
      ...shared.map(({ name, policy, limiter, refused }) => ({
        ...describe(name, policy, limiter),
        ...{ keys: 1, refused, remaining: limiter.remaining(nowMs) },
      })),
    ];
  }
}

function freesStock(route: string | null): boolean {
  return route === "payOrder" || route === "cancelOrder";
}

/** Whether a limiter has so much and, beyond it, what is kept for others. */
function isFree(limiter: Limiter, cost: number, kept: number, nowMs: number) {
  return limiter.retryAfterMs(nowMs, cost) === 0 &&
    (kept === 0 || limiter.remaining(nowMs) >= cost + kept);
}

/** Takes from a limiter that was asked before; gives the longer delay. */
function take(
  { limiter }: Shared,
  nowMs: number,
  cost: number,
  delayMs: number,
): number {
  limiter.tryTake(nowMs, cost);
  return Math.max(delayMs, limiter.delayMs);
}

function refuse(shared: Shared, nowMs: number, cost: number): Admission {
  shared.refused++;
  return answer(shared.name, shared.limiter, nowMs, cost, false, 0);
}

function answer(
  policy: string,
  limiter: Limiter,
  nowMs: number,
  cost: number,
  admitted: boolean,
  delayMs: number,
): Admission {
  return {
    admitted,
    policy,
    capacity: limiter.burst,
    refillPerSecond: limiter.ratePerSecond,
    remaining: limiter.remaining(nowMs),
    // A queue that keeps places free for others refuses before it is full.
    retryAfterMs: admitted ? 0 : Math.max(1, limiter.retryAfterMs(nowMs, cost)),
    delayMs,
    decidedMs: nowMs,
  };
}

function describe(name: string, policy: Limit, limiter: Limiter) {
  const { burst, ratePerSecond } = limiter;
  return { name, policy, burst, ratePerSecond };
}

/** A limiter of a key of a kind, which name it among all processes. */
type MakeLimiter = (
  kind: string,
  key: string,
  limit: Limit,
  nowMs: number,
) => Limiter;

/** A bounded table of limiters, one for each key of a kind. */
class KeyedLimiters {
  refused = 0;
  readonly name: string;
  readonly #policy: Limit;
  readonly #make: MakeLimiter;
  readonly #most: number;
  /**
   * A hand goes round and round through the limiters and forgets fresh ones.
   * What it has yet to look at is in the one map, what it has passed, or was
   * added since, in the other: so each round ends with a new Map and none is
   * copied at once. Why a new one: see `PassingMap`.
   */
  #ahead = new Map<string, Limiter>();
  #passed = new Map<string, Limiter>();
  #hand: Iterator<[string, Limiter]> = this.#ahead.entries();
  /** For all keys that find the table full, in this process. */
  readonly #others: Limiter;

  constructor(
    name: string,
    policy: Limit,
    nowMs: number,
    { make, mostKeys }: { make: MakeLimiter; mostKeys: number },
  ) {
    this.name = name;
    this.#policy = policy;
    this.#make = make;
    this.#most = mostKeys;
    this.#others = limiterFor(policy, nowMs);
  }

  get size(): number {
    return this.#ahead.size + this.#passed.size;
  }

  of(key: string, nowMs: number): Limiter {
    const known = this.#passed.get(key) ?? this.#ahead.get(key);
    if (known !== undefined) return known;
    this.#forgetSome(nowMs);
    if (this.size >= this.#most) return this.#others;
    const limiter = this.#make(this.name, key, this.#policy, nowMs);
    this.#passed.set(key, limiter);
    return limiter;
  }

  report(): LimitReport {
    return {
      ...describe(this.name, this.#policy, this.#others),
      ...{ keys: this.size, refused: this.refused, remaining: null },
    };
  }

  #forgetSome(nowMs: number): void {
    for (let looked = 0; looked < LOOKED_AT_PER_KEY; looked++) {
      const next = this.#hand.next();
      if (next.done) {
        this.#ahead = this.#passed;
        this.#passed = new Map();
        this.#hand = this.#ahead.entries();
        return;
      }
      const [key, limiter] = next.value;
      this.#ahead.delete(key);
      if (!limiter.isFresh(nowMs)) this.#passed.set(key, limiter);
    }
  }
}
