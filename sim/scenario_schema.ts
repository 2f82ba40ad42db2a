/**
 * The schema of scenario files, `doorbuster/1`, section by section, with a
 * description of each key for editors. It says what one value may be; what
 * values must be to each other stands in `scenario_checks.ts`. Durations,
 * rates and shares are strings with a unit, or numbers whose key ends in the
 * unit; the shop's own sections are the config's, word for word.
 *
 * @module
 */
import { z } from "zod";
import {
  admission,
  balance,
  breaker,
  cache,
  cluster,
  edge,
  orders,
  payment,
  topology,
} from "../cluster/config.ts";
import { DURATION } from "../cluster/units.ts";
import { RARE_PATHS, type RarePath } from "./buggify.ts";
import { checkerIds } from "./checkers.ts";
import { machines } from "./machines_section.ts";
import { METRICS } from "./metric_names.ts";
import {
  choice,
  duration,
  happening,
  integer,
  list,
  name,
  number,
  PERCENT,
  percent,
  rate,
  section,
  text,
  time,
} from "./scenario_words.ts";

/** How long something takes. A range would be one value for the whole run. */
const distribution = z.union([
  duration("0s", "1d"),
  z.strictObject({ exponential: duration("0s", "1d").describe("The mean.") }),
  z.strictObject({
    lognormal: z.tuple([duration("0s", "1d"), number(0, 3)])
      .describe("The median, and the standard deviation of the logarithm."),
  }),
  z.strictObject({
    between: z.tuple([duration("0s", "1d"), duration("0s", "1d")])
      .describe("Evenly, both ends included; drawn anew each time."),
  }),
], {
  error: 'a distribution such as "1ms", {"exponential": "80ms"}, ' +
    '{"lognormal": ["0.4ms", 0.6]} or {"between": ["1ms", "2ms"]}',
}).meta({ id: "distribution" });

const limit = z.union([
  z.number(),
  z.string().regex(DURATION),
  z.string().regex(PERCENT),
], { error: 'a number, a duration such as "50ms" or a share such as "90%"' })
  .meta({ id: "limit" });

/** Exactly one of the three; `scenario_checks.ts` sees to it. */
const bound = {
  lt: limit.optional().describe("It is less than this."),
  gt: limit.optional().describe("It is more than this."),
  eq: limit.optional().describe("It is exactly this."),
};

const metric = z.enum([...METRICS.keys()], {
  error: 'the name of a metric, such as "offered", "latency.place_order" or ' +
    '"flash.sold"; the JSON Schema lists them',
}).meta({
  id: "metric",
  description: [...METRICS].map(([name, what]) => `${name}: ${what}.`)
    .join("\n"),
});

const check = z.enum(checkerIds, {
  error: `the id of a check (${checkerIds.join(", ")})`,
});

const clock = section({
  duration: duration("1ms", "366d").describe(
    "How long load comes, in virtual time.",
  ),
  warmup: time().default("0s").describe(
    "Thresholds disregard calls that were due before.",
  ),
  start: z.iso.datetime({
    error: 'a time in UTC such as "2020-11-11T00:00:00Z"',
  }).default("2020-11-11T00:00:00Z").describe("The wall clock at the start."),
  driftPerMillion: number(0, 100_000).default(0).describe(
    "Clocks of workers run up to so many millionths faster or slower.",
  ),
});

/** The real catalog has 2,943 products; a million is what a run can hold. */
const catalog = section({
  products: integer(1, 1_000_000),
  popularity: z.union([
    z.literal("catalog"),
    section({ zipf: number(0, 3) }),
  ], { error: '"catalog" or {"zipf": 1.0}' }).describe(
    'How demand spreads: "catalog" is the real catalog, weighed by its units.',
  ),
  stock: z.union([z.literal("catalog"), integer(0, 1_000_000_000)], {
    error: 'units of each product, or "catalog"',
  }).describe("Opening units of each product; scaled."),
  flash: section({
    products: integer(1, 10_000),
    stock: integer(0, 1_000_000_000).describe("Units of each; scaled."),
    limitPerUser: integer(1, 1_000_000).optional(),
    priceCents: integer(0, 1_000_000_000).optional(),
    opensAt: time().default("0s"),
  }).optional().describe("The first products, when they are on sale."),
});

const about = choice(["flash", "any"]);
const step = z.union([
  choice([
    "read_product",
    "place_order",
    "pay_order",
    "cancel_order",
    "read_order",
  ]),
  section({ do: choice(["read_product", "place_order"]), target: about }),
], {
  error: "a step (read_product, place_order, pay_order, cancel_order, " +
    'read_order) or {"do": "read_product", "target": "flash"}',
});

const journey = section({
  weight: number(0, 1_000_000).default(1).describe(
    "Its share of the clients of a phase.",
  ),
  steps: list(step, "steps").min(1, { error: "at least one step" })
    .max(100, { error: "at most 100 steps" }),
  think: distribution.default("0s").describe("Before each step but the first."),
  abandonPercent: percent().default(0).describe(
    "Clients with an order who leave before they pay.",
  ),
  lines: z.union([
    integer(1, 100),
    section({ between: z.tuple([integer(1, 100), integer(1, 100)]) }),
  ], { error: 'lines from 1 to 100, or {"between": [1, 5]}' }).default(1)
    .describe("Different products in an order."),
  retry: section({
    max: integer(0, 100).describe("Further tries of a step."),
    backoff: duration("0s", "1h").describe("Doubles with each further try."),
    jitter: choice(["none", "full"]).default("full"),
    budgetPercent: number(0, 10_000).optional().describe(
      "All retries, of a hundred first tries; without it there is no budget.",
    ),
  }).prefault({ max: 0, backoff: "0s" }).describe(
    "After an answer that is retryable, or none in time.",
  ),
});

const open = section({
  rate: rate().optional(),
  curve: list(z.tuple([time(), rate()]), "[time, rate] pairs")
    .min(2, { error: "at least two points" }).optional()
    .describe("Linear between points; times count from the phase's start."),
  recorded: z.string().optional().describe(
    "A CSV file beside the scenario with invoiced_at, invoice and customer.",
  ),
  lines: z.string().optional().describe(
    "Its order lines: a CSV file with invoice, sku and quantity.",
  ),
  speed: number(0.001, 1e9).optional().describe(
    "How many times faster than recorded.",
  ),
  spacing: choice(["poisson", "uniform"]).default("poisson"),
});

const phase = section({
  phase: name(),
  at: time().default("0s"),
  for: time().optional().describe("Without it: until clock.duration."),
  open: open.optional().describe("Clients come whatever becomes of others."),
  closed: section({
    users: integer(1, 1_000_000).describe("Clients at a time; scaled."),
    think: distribution.describe("Between two journeys of a client."),
  }).optional().describe("Clients come back when they are done."),
  users: integer(1, 1_000_000_000).default(1_000_000).describe(
    "Distinct users among whom clients are drawn; scaled.",
  ),
  journeys: list(name(), "names of journeys").min(1, {
    error: "at least one journey",
  }).optional().describe("Without it: all journeys."),
});

/** Kinds of messages that an actor or a gateway can take its time for. */
const SERVED = [
  ...["place_order", "pay_order", "cancel_order", "read_order", "list_orders"],
  ...["reserve", "confirm", "release", "pin", "unpin", "return_stock"],
  ...["open_stock", "describe", "adjust", "audit"],
  ...["read_product", "stock_published", "warm", "drop", "flush", "look"],
  ...["read_entry", "search_catalog", "charge", "charge_status", "refund"],
] as const;

const service = z.partialRecord(z.enum(SERVED), distribution, {
  error: `kinds of messages (${SERVED.join(", ")})`,
});

const network = section({
  delay: section({
    min: duration("0s", "1m").default("0.02ms"),
    mean: duration("0s", "1m").default("0.05ms"),
  }).prefault({}).describe("At least min; exponential beyond it, up to mean."),
  lossPercent: percent().default(0),
  duplicatePercent: percent().default(0),
  reorderPercent: percent().default(0).describe(
    "Batches whose messages change places, if of other senders or receivers, " +
      "and which may overtake; a link that one overtook on breaks.",
  ),
  processes: z.union([z.boolean(), z.int().min(1).max(64)], {
    error: "true, false or a number of processes from 1 to 64",
  }).default(false).describe(
    "So many processes share the shop over a network, a Redis and a " +
      "database; true: 3. The rest of this section is between them then.",
  ),
});

const disk = section({
  sync: distribution.default("1ms").describe("How long a commit takes."),
});

const target = () =>
  text(
    /^[a-z_]+(-\d{1,4}|\[(\d{1,4}|\*)\])?$/,
    'a target such as "worker[0]", "inventory[3]", "cache[*]" or "payment"',
  );

/** What all faults have; `scenario_checks.ts` wants exactly one time. */
const when = {
  id: name(),
  at: time().optional(),
  between: z.tuple([time(), time()], { error: 'two times, as ["1s", "2s"]' })
    .optional().describe("From the one to the other; instead of at and for."),
  when: section({ metric, ...bound }).optional().describe(
    "The first time that it is so.",
  ),
};
const lasting = { for: duration("1ms", "366d").optional() };
const share = {
  percent: percent().default(100).describe("The share that it strikes."),
};

const fault = z.discriminatedUnion("do", [
  section({ ...when, ...lasting, do: z.literal("crash"), target: target() }),
  section({ ...when, ...lasting, do: z.literal("leave"), target: target() }),
  section({ ...when, ...lasting, do: z.literal("hang"), target: target() }),
  section({
    ...when,
    ...lasting,
    ...share,
    do: z.literal("slow"),
    target: target(),
    factor: number(1, 1_000_000).default(10),
  }),
  section({
    ...when,
    ...lasting,
    do: z.literal("partition"),
    from: target(),
    to: target(),
  }),
  section({ ...when, ...share, do: z.literal("flush"), target: target() }),
  section({ ...when, do: z.literal("lose_disk_cache"), target: target() }),
], {
  error: 'a fault whose do is "crash", "leave", "hang", "slow", "partition", ' +
    '"flush" or "lose_disk_cache"',
});

const threshold = section({
  metric,
  q: number(0.000001, 1).optional().describe("A quantile, of latencies only."),
  ...bound,
  during: name().optional().describe("Only what was due in this phase."),
  of: metric.optional().describe("As a share of this; the bound is a %."),
});

const eventually = section({
  metric,
  ...bound,
  after: time().optional().describe("Without it: the last fault's end."),
  within: duration("1ms", "366d"),
});

/** A whole scenario file, but for what values must be to each other. */
export const scenarioShape = section({
  $schema: z.string().optional(),
  schema: z.literal("doorbuster/1", { error: '"doorbuster/1"' }),
  name: name(),
  teaches: text(/^\S.{9,399}$/, "a line of 10 to 400 characters").describe(
    "What the scenario is for.",
  ),
  expects: choice(["passed", "liveness", "invariant", "threshold"])
    .default("passed").describe("How it ends; not passed: it is to fail."),
  clock,
  scale: number(0.000001, 1000).default(1).describe(
    "Multiplies rates, users and stock, not times, products or workers.",
  ),
  topology: topology.prefault({}).describe(
    "As in SHOP_CONFIG: which actors there are and where.",
  ),
  admission: admission.prefault({}).describe(
    "As in SHOP_CONFIG: who may come in; never scaled.",
  ),
  cache: cache.prefault({}).describe(
    "As in SHOP_CONFIG: what cache nodes keep.",
  ),
  breaker: breaker.prefault({}).describe(
    "As in SHOP_CONFIG: circuit breakers.",
  ),
  balance: balance.prefault({}).describe(
    "As in SHOP_CONFIG: how calls are shared out; nobody probes.",
  ),
  orders: orders.prefault({}).describe(
    "As in SHOP_CONFIG: what orders are held to.",
  ),
  edge: edge.prefault({}).describe(
    "As in SHOP_CONFIG; requestTimeout is when clients get no answer.",
  ),
  cluster: cluster.prefault({}).describe(
    "As in SHOP_CONFIG: how processes share a shop, when there are several.",
  ),
  payment: payment.prefault({}).describe(
    "As in SHOP_CONFIG: how payments wait for the provider.",
  ),
  catalog,
  journeys: z.record(name(), journey, { error: "journeys by name" })
    .describe("Kinds of clients: what each does, step by step."),
  load: list(phase, "phases").min(1, { error: "at least one phase" })
    .describe("When clients come. Phases may overlap."),
  service: service.default({}).describe(
    "How long an actor or a gateway takes for a message; else next to nothing.",
  ),
  network: network.prefault({}),
  disk: disk.prefault({}),
  machines: machines.prefault({}).describe(
    "What several processes run on, and what they do besides service; " +
      "without it that takes no time.",
  ),
  faults: list(fault, "faults").default([]).describe("What breaks, and when."),
  buggify: section({
    activatePercent: percent().default(25),
    firePercent: percent().default(25).describe(
      "The most common paths; rarer ones are taken less often.",
    ),
    paths: list(
      choice(Object.keys(RARE_PATHS) as RarePath[]),
      "names of rare paths",
    ).optional().describe("Without it: any of them."),
  }).prefault({ activatePercent: 0, firePercent: 0 }).describe(
    "Rare paths of the shop are taken on purpose; off without it.",
  ),
  liveness: section({
    after: time().optional().describe("Without it: clock.duration."),
    within: duration("1ms", "366d").default("30s"),
  }).prefault({}).describe("Faults heal; all that pends ends in time."),
  drain: duration("0s", "366d").default("60s").describe(
    "After the last arrival, until the shop is idle.",
  ),
  always: list(check, "checks").optional().describe(
    "Without it: every check there is.",
  ),
  sometimes: list(happening(), "things that must happen").default([])
    .describe("Without them the run proved nothing."),
  eventually: list(eventually, "conditions").default([]).describe(
    "What must become so, and how soon.",
  ),
  thresholds: list(threshold, "thresholds").default([]).describe(
    "What the run is held to at its end.",
  ),
  runs: section({
    seeds: text(/^\d{1,9}\.\.\d{1,9}$/, 'seeds such as "1..20"').optional(),
  }).prefault({}).describe("What runs when the command names no seed."),
});

/** A checked file: defaults filled in, ranges drawn, values as written. */
export type ScenarioShape = z.output<typeof scenarioShape>;
