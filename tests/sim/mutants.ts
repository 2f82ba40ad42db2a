/**
 * Mistakes that the shop must not have, each as a change of its own source,
 * with who must notice: a checker of the simulator, in a small scenario made
 * to provoke it, or a test, where no scenario of the shop can show it. It runs
 * nothing; that is `mutant_run.ts`.
 *
 * @module
 */
import { type Changes, storm } from "./mutant_scenario.ts";

/** A change of one file. */
export interface Edit {
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Seen by a checker while a scenario runs. */
export interface ByScenario {
  readonly scenario: Readonly<Record<string, unknown>>;
  /** Such as `1..2`; more than one, as any change of the shop moves all. */
  readonly seeds: string;
  /** The id of the checker that must report it. */
  readonly check: string;
}

/** Seen by a test of that name. */
export interface ByTest {
  readonly test: string;
  readonly name: string;
}

/** A mistake and who must notice it. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly found: ByScenario | ByTest;
}

const SHARD = "actors/inventory_shard.ts";
const STOCK = "actors/inventory/stock.ts";
const DISK = "actors/runtime/test_kit/memory_journal.ts";
const QUEUE = "actors/runtime/commit_queue.ts";

/** Seen by a checker in a storm that is changed like this. */
function seen(check: string, changes: Changes = {}): ByScenario {
  return { check, seeds: "1..2", scenario: storm(changes) };
}

/** A shard that is too slow for most of a while, and is asked again later. */
const STUCK: Changes = {
  breaker: { resetAfter: "100ms", resetAtMost: "1s", minimumCalls: 5 },
  service: { reserve: "300ms" },
  faults: [["slow", "worker[0]", "1s", "8s", 20]],
};

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    // Decides on units that are sold, before those that are held count.
    name: "oversell race",
    edits: [
      {
        file: SHARD,
        find: "return stock.available < quantity ? SOLD_OUT : null;",
        replace: "return stock.initial - stock.sold < quantity " +
          "? SOLD_OUT : null;",
      },
      {
        file: STOCK,
        find: "available >= 0 && held >= 0 && sold >= 0 && initial >= 0 &&",
        replace: "held >= 0 && sold >= 0 && initial >= 0 &&",
      },
    ],
    found: seen("stock.neverOversold"),
  },
  {
    name: "lost release",
    edits: [{
      file: STOCK,
      find: "move(state, stock, event.atMs, quantity, -quantity, 0);\n      if",
      replace: "move(state, stock, event.atMs, 0, 0, 0);\n      if",
    }],
    found: seen("stock.neverUndersold"),
  },
  {
    name: "no tombstone",
    edits: [{
      file: SHARD,
      find: "} else if (hold === undefined && untilMs > ctx.now()) {",
      replace: "} else if (hold === undefined && untilMs < 0) {",
    }],
    found: seen("hold.resolvedOnce", {
      lines: 3,
      service: { reserve: { lognormal: ["20ms", 1.2] } },
      network: { lossPercent: 2 },
    }),
  },
  {
    // A shard says yes to what has run out: the money came after 11 minutes.
    name: "confirm after expiry",
    edits: [{
      file: SHARD,
      find: `} else if (status !== "sold") return ctx.reply(ORDER_EXPIRED);`,
      replace: "} else if (status === undefined) " +
        "return ctx.reply(ORDER_EXPIRED);",
    }],
    found: seen("hold.resolvedOnce", {
      service: { charge: "3300ms", charge_status: "3300ms" },
      faults: [["slow", "payment", "1ms", "690s", 200]],
      last: { at: "12m", rate: "20/s" },
    }),
  },
  {
    // Asks to be paid again where it should ask what became of the payment.
    name: "double capture",
    edits: [{
      file: "actors/storefront/checkout.ts",
      find: `{ kind: "charge_status", attemptId: attemptIdOf(orderId, ` +
        "attempt) },",
      replace: `{ kind: "charge", attemptId: attemptIdOf(orderId, attempt + ` +
        "about.tries), amountCents: orderOf(state, orderId).totalCents, " +
        "currency: state.volatile.args.currency, " +
        "method: state.paying.get(orderId)!.method },",
    }],
    found: seen("money.conserved", {
      service: { charge: { lognormal: ["8s", 1] } },
    }),
  },
  {
    // What a fill has read replaces what was published since.
    name: "late fill in the cache",
    edits: [
      {
        file: "actors/cache/fill.ts",
        find: "if (fill.stock === null || stock.version > " +
          "fill.stock.version) {",
        replace: "if (fill.stock === null || fill.isDescribed === false) {",
      },
      {
        file: "actors/cache/entry.ts",
        find: "if (stock.version <= entry.stock.version) stock = entry.stock;",
        replace: "",
      },
    ],
    // Answers overtake what is published where a cache node is busy.
    found: seen("cache.monotonic", {
      rate: "100/s",
      readers: 40,
      catalog: { products: 2, stock: 200 },
      cache: { ttl: "50ms", jitterPercent: 10 },
      service: {
        read_product: { lognormal: ["7ms", 1] },
        read_entry: { lognormal: ["4ms", 1] },
      },
    }),
  },
  {
    name: "FIFO in place of LRU",
    edits: [{
      file: "actors/cache/eviction/lru.ts",
      find: "unlink(cells, place);\n    linkAsNewest(cells, RING, place);\n  " +
        "},\n  removed",
      replace: "},\n  removed",
    }],
    found: {
      test: "tests/actors/cache/bounded_map_test.ts",
      name: "of two keys LRU forgets the one used longest ago",
    },
  },
  {
    name: "caches that expire together",
    edits: [{
      file: "actors/cache/entry.ts",
      find: "return ttlMs - spreadMs + Math.floor(2 * spreadMs * random / " +
        "2 ** 32);",
      replace: "return ttlMs + Math.floor(0 * spreadMs * random);",
    }],
    found: {
      test: "tests/actors/cache/freshness_test.ts",
      name: "of 10,000 keys written at once no second sees more than",
    },
  },
  {
    name: "what was dropped comes back older",
    edits: [{
      file: "actors/cache/fill.ts",
      find: "text.version < floor.text || stock.version < floor.stock;",
      replace: "text.version < 0 || stock.version < 0;",
    }],
    found: {
      test: "tests/actors/cache/invalidation_test.ts",
      name: "what is older than what was dropped is asked for again",
    },
  },
  {
    name: "reply before commit",
    edits: [{
      file: QUEUE,
      find: "if (isFirst && batch <= this.#durableBatch) this",
      replace: "if (isFirst || batch >= 0) this",
    }],
    found: seen("answer.revealsNothing"),
  },
  {
    name: "refusal that reveals an uncommitted hold",
    edits: [{
      file: QUEUE,
      find: "if (isFirst && batch <= this.#durableBatch) this",
      replace: "if ((envelope.content as { kind?: string }).kind === " +
        `"rejected" || (isFirst && batch <= this.#durableBatch)) this`,
    }],
    found: seen("answer.revealsNothing"),
  },
  {
    name: "restart that forgets timers",
    edits: [{
      file: SHARD,
      find: "  watchAll(ctx, expiry, state.holds);\n",
      replace: "",
    }],
    found: seen("hold.resolvedOnce", {
      abandonPercent: 80,
      faults: [["crash", "worker[0]", "9s"], ["crash", "worker[1]", "9s"]],
    }),
  },
  {
    // The simulated disk: the shop's own comes next.
    name: "append without epoch",
    edits: [
      {
        file: DISK,
        find: `if (this.epochs.get(partition) !== epoch) return "fenced";`,
        replace: "",
      },
      {
        file: DISK,
        find: "if (firstSequence !== expected) {",
        replace: "if (epoch < 0) {",
      },
    ],
    found: seen("journal.fenced", {
      disk: { sync: "400ms" },
      faults: [
        ["hang", "worker[0]", "3s", "9s"],
        ["hang", "worker[1]", "4s", "9s"],
      ],
    }),
  },
  {
    name: "append without epoch, in SQLite",
    edits: [{
      file: "cluster/journal/sqlite_journal.ts",
      find: "FROM owners WHERE id = ?1 AND epoch = ?2`);",
      replace: "FROM owners WHERE id = ?1 AND ?2 > 0`);",
    }],
    found: {
      test: "tests/cluster/journal/sqlite_journal_test.ts",
      name: "an earlier owner is refused where the new one has the same domain",
    },
  },
  {
    name: "lease counted from the answer",
    edits: [{
      file: "cluster/claim.ts",
      find: "this.#taken(answer, nowMs, atMs)",
      replace: "this.#taken(answer, atMs, atMs)",
    }],
    found: {
      test: "tests/cluster/ownership_test.ts",
      name: "a lease counts from when it was asked for",
    },
  },
  {
    name: "renewal by wall clock",
    edits: [{
      file: "cluster/worker/ownership_loop.ts",
      find: "tick(this.#clock.monotonicMs())",
      replace: "tick(this.#clock.wallMs())",
    }],
    found: {
      test: "tests/cluster/worker/ownership_loop_test.ts",
      name: "a lease ends in its time, also when the wall clock is set back",
    },
  },
  {
    name: "ring change without hand-off",
    edits: [{
      file: "cluster/claim.ts",
      find: "release(this.territory, () =>",
      replace: "this.#stopped(nowMs);\n    release(this.territory, () =>",
    }],
    found: {
      test: "tests/cluster/ownership_property_test.ts",
      name: "whatever happens, no two processes believe in one territory",
    },
  },
  {
    name: "modulo instead of ring",
    edits: [{
      file: "cluster/hash_ring.ts",
      find: "return this.#nodeAt(this.#pointAfter(key));",
      replace: "return this.nodes[stableHash(key) % this.nodes.length]!;",
    }],
    found: {
      test: "tests/cluster/hash_ring_test.ts",
      name: "moves only the share of the new node",
    },
  },
  {
    name: "retry without budget",
    edits: [{
      file: "cluster/pool/retry_budget.ts",
      find: "if (this.#millionths < RETRY) return false;",
      replace: "",
    }],
    found: {
      test: "tests/cluster/pool/retry_budget_test.ts",
      name: "I27 a storm in which every call fails makes a fifth more calls",
    },
  },
  {
    name: "balancer that never rotates",
    edits: [{
      file: "cluster/balancers/round_robin.ts",
      find: "this.#next = picked.index + 1;",
      replace: "",
    }],
    found: {
      test: "tests/cluster/pool/pool_calls_test.ts",
      name: "row 18: nine calls to three servers are three each",
    },
  },
  {
    name: "pool that sends nobody anywhere when all are ill",
    edits: [{
      file: "cluster/pool/pool.ts",
      find: ": staying;\n    this.#warm",
      replace: ": usual;\n    this.#warm",
    }],
    found: {
      test: "tests/cluster/pool/pool_test.ts",
      name: "row 21: when all are bad all are used, not none",
    },
  },
  {
    // Counted anew with each window, so that two meet at its edge.
    name: "limiter that doubles at the window's edge",
    edits: [{
      file: "cluster/limiters/sliding_window.ts",
      find: "while (this.#count > 0 && " +
        "this.#passedUs[this.#oldest]! <= fromUs) {",
      replace: "const windowOf = (us: number) => " +
        "Math.floor(us / this.#windowUs);\n" +
        "    const now = windowOf(fromUs + this.#windowUs);\n" +
        "    while (this.#count > 0 && " +
        "windowOf(this.#passedUs[this.#oldest]!) < now) {",
    }],
    found: seen("limiter.legal", {
      admission: {
        overall: { policy: "sliding-window", rate: "20/s" },
        reservePercent: 0,
      },
    }),
  },
  {
    name: "breaker stuck open",
    edits: [{
      file: "actors/runtime/circuit_breaker.ts",
      find: "return this.#isTargetDown ? RETRY_AFTER_MS : 0;",
      replace: "return RETRY_AFTER_MS;",
    }],
    // What the shards are owed is never done, so nothing comes to rest.
    found: seen("liveness", STUCK),
  },
];
