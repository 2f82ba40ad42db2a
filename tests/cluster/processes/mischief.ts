/**
 * What a machine room does to a shop of several processes: one thing at a time
 * or two, drawn from a seed. Each says how it begins and how it ends.
 *
 * @module
 */
import type { SeededRandom } from "../../../actors/runtime/random.ts";
import type { Weather } from "../lock/tcp_proxy.ts";
import type { Seat } from "./seat.ts";
import type { ShopCluster } from "./shop_cluster.ts";

/** One thing that happens. */
export interface Mischief {
  /** Its kind, for the table. */
  readonly kind: string;
  /** Where; null: to a server that all share. */
  readonly seat: Seat | null;
  /** How long it lasts, once it has begun. */
  readonly forMs: number;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** Shorter than a lease of three seconds, and longer. */
const SHORT_MS = [200, 2_000] as const;
const LONG_MS = [4_500, 8_000] as const;
/** A server that is restarted is away for so long. */
const AWAY_MS = [0, 3_000] as const;
/** What an overloaded network adds. */
const SLOW_MS = [20, 200] as const;

type Draw = (
  cluster: ShopCluster,
  seat: Seat,
  random: SeededRandom,
) => Mischief;

const KINDS: Readonly<Record<string, Draw>> = {
  "kill -9": (_, seat, random) => ({
    kind: "kill -9",
    seat,
    forMs: between(random, AWAY_MS),
    begin: () => seat.kill(),
    end: () => seat.start(),
  }),
  "SIGTERM": (_, seat, random) => ({
    kind: "SIGTERM",
    seat,
    forMs: between(random, AWAY_MS),
    begin: () => seat.stop(),
    end: () => seat.start(),
  }),
  "short SIGSTOP": (_, seat, random) =>
    pause("short SIGSTOP", seat, between(random, SHORT_MS)),
  "long SIGSTOP": (_, seat, random) =>
    pause("long SIGSTOP", seat, between(random, LONG_MS)),
  "Redis cut off": (_, seat, random) =>
    weather("redis", seat, between(random, LONG_MS), { kind: "frozen" }),
  "Redis slow": (_, seat, random) =>
    weather("redis", seat, between(random, LONG_MS), {
      kind: "slow",
      byMs: between(random, SLOW_MS),
    }),
  "PostgreSQL cut off": (_, seat, random) =>
    weather("database", seat, between(random, LONG_MS), { kind: "frozen" }),
  "PostgreSQL slow": (_, seat, random) =>
    weather("database", seat, between(random, LONG_MS), {
      kind: "slow",
      byMs: between(random, SLOW_MS),
    }),
  "Redis restarted": ({ redis }, _, random) => ({
    kind: "Redis restarted",
    seat: null,
    forMs: between(random, AWAY_MS),
    begin: () => redis.kill(),
    end: () => redis.restart(),
  }),
  "Redis lost its data": ({ redis }, _, random) => ({
    kind: "Redis lost its data",
    seat: null,
    forMs: between(random, AWAY_MS),
    async begin() {
      await redis.ask("FLUSHALL");
      await redis.kill();
    },
    end: () => redis.restart(),
  }),
  "PostgreSQL restarted": ({ database }, _, random) => ({
    kind: "PostgreSQL restarted",
    seat: null,
    forMs: between(random, AWAY_MS),
    begin: () => database.stop(),
    end: () => database.startAgain(),
  }),
  "PostgreSQL crashed": ({ database }, _, random) => ({
    kind: "PostgreSQL crashed",
    seat: null,
    forMs: between(random, AWAY_MS),
    begin: () => database.kill(),
    end: () => database.startAgain(),
  }),
};

/** Two at once are a quarter: enough to meet, and few enough to be told apart. */
const TWO_IN = [1, 4] as const;

/** All that may happen. */
export const MISCHIEF_KINDS: readonly string[] = Object.keys(KINDS);

/** What may happen, in an order of its own for each seed. */
export class MischiefBag {
  readonly #cluster: ShopCluster;
  readonly #seats: readonly Seat[];
  readonly #random: SeededRandom;
  readonly #kinds: readonly string[];
  #bag: string[] = [];

  constructor(
    cluster: ShopCluster,
    seats: readonly Seat[],
    random: SeededRandom,
    kinds: readonly string[],
  ) {
    this.#cluster = cluster;
    this.#seats = seats;
    this.#random = random;
    this.#kinds = kinds;
  }

  /**
   * What happens next, now and then two things in different places: every kind
   * comes once before any comes again.
   */
  next(): Mischief[] {
    const first = this.#draw();
    // Of two of one kind nobody could say which was felt.
    if (this.#kinds.length === 1) return [first];
    if (!this.#random.chance(...TWO_IN)) return [first];
    const second = this.#draw();
    const isElsewhere = first.seat !== second.seat;
    if (isElsewhere) return [first, second];
    this.#bag.push(second.kind);
    return [first];
  }

  #draw(): Mischief {
    if (this.#bag.length === 0) this.#bag = [...this.#kinds];
    const [kind] = this.#bag.splice(this.#random.below(this.#bag.length), 1);
    const seat = this.#seats[this.#random.below(this.#seats.length)]!;
    return KINDS[kind!]!(this.#cluster, seat, this.#random);
  }
}

function pause(kind: string, seat: Seat, forMs: number): Mischief {
  return {
    kind,
    seat,
    forMs,
    begin: () => seat.pause(),
    end: () => seat.resume(),
  };
}

function weather(
  to: "redis" | "database",
  seat: Seat,
  forMs: number,
  bad: Weather,
): Mischief {
  const name = to === "redis" ? "Redis" : "PostgreSQL";
  return {
    kind: `${name} ${bad.kind === "frozen" ? "cut off" : "slow"}`,
    seat,
    forMs,
    begin: () => seat.setWeather(to, bad),
    end: () => seat.setWeather(to, { kind: "fair" }),
  };
}

function between(
  random: SeededRandom,
  [least, most]: readonly [number, number],
): number {
  return least + random.below(most - least + 1);
}
