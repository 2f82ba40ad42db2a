/**
 * The config sections about saying no in time: who may come in, how many orders
 * are placed at once, and when a callee that fails is not called any more. They
 * have a switch each: `admission` looks at our own load, `breaker` at others.
 *
 * @module
 */
import { z } from "zod";
import { LIMITED_ROUTES, type LimitedRoute } from "./admission.ts";
import { duration, integer, section } from "./config_rules.ts";
import {
  MOST_IN_WINDOW,
  MOST_QUEUED_PER_SECOND,
  MOST_TOKENS,
  MOST_WINDOW_MS,
} from "./limiters/bounds.ts";
import { LIMITER_KINDS, type LimiterPolicy } from "./limiters/limiter.ts";
import {
  type Limit,
  SHAREABLE,
  type SharingPolicy,
  WHEN_AWAY,
} from "./limiters/shared_limits.ts";
import { parseDuration, parseRate, parseWindow, RATE } from "./units.ts";

type Kind = LimiterPolicy["kind"];

/** What a limit says besides its rate; all of it, or nothing. */
const NEEDS: Readonly<Record<Kind, readonly string[]>> = {
  "token-bucket": ["burst"],
  "leaky-bucket": ["burst"],
  "leaky-queue": ["maxWait"],
  "sliding-window": [],
  "warm-up": ["warmUp"],
};

const WHOLE = 'a rate of whole tokens per second from "1/s"';
const RATE_ERROR = `${WHOLE}, such as "200/s"`;
const PACE_ERROR = `${WHOLE} to "${MOST_QUEUED_PER_SECOND}/s"`;
const WINDOW_ERROR = `1 to ${MOST_IN_WINDOW} requests in a window of at most ` +
  `a day, such as "5/5s"`;

const limitShape = {
  policy: z.enum(LIMITER_KINDS, {
    error: LIMITER_KINDS.map((kind) => `"${kind}"`).join(", "),
  }).default("token-bucket"),
  rate: z.string({ error: RATE_ERROR }).regex(RATE, {
    error: RATE_ERROR,
    abort: true,
  }),
  /** Requests that pass at once: of the two buckets. */
  burst: integer(1, MOST_TOKENS).optional(),
  /** Tokens at the start, when the token bucket does not start full. */
  initialTokens: integer(0, MOST_TOKENS).optional(),
  /** How long a request may wait in line: of the queue. */
  maxWait: duration("0s", "1m").optional(),
  /** How long it takes from a third of the rate to all of it. */
  warmUp: duration("1ms", "1h").optional(),
  /** Who counts, where several processes are one shop: of the two buckets. */
  scope: z.enum(["shop", "process"], { error: '"shop" or "process"' })
    .optional(),
};

/** A limit as it is written. */
type LimitText = z.output<ReturnType<typeof section<typeof limitShape>>>;

/** A limit: how many pass over time, and what its policy needs besides. */
function limit() {
  return section(limitShape).superRefine((text, context) => {
    const complain = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    const rateError = rateProblem(text);
    if (rateError !== null) complain("rate", rateError);
    const { policy, burst = 0, initialTokens } = text;
    const needs = NEEDS[policy];
    for (const key of ["burst", "maxWait", "warmUp"] as const) {
      if (needs.includes(key) && text[key] === undefined) {
        complain(key, `a value, as "${policy}" needs one`);
      } else if (!needs.includes(key) && text[key] !== undefined) {
        complain(key, `nothing, as "${policy}" has none`);
      }
    }
    if (text.scope === "shop" && !SHAREABLE.includes(policy)) {
      complain("scope", `"process", as each counts "${policy}" by itself`);
    }
    if (initialTokens === undefined) return;
    if (policy !== "token-bucket") {
      complain("initialTokens", `nothing, as "${policy}" has none`);
    } else if (initialTokens > burst) {
      complain("initialTokens", `an integer from 0 to the burst of ${burst}`);
    }
  });
}

/** Null for a rate that the policy can have. */
function rateProblem({ policy, rate }: LimitText): string | null {
  if (policy === "sliding-window") {
    const { events = 0, windowMs = 0 } = parseWindow(rate) ?? {};
    return events >= 1 && events <= MOST_IN_WINDOW &&
        windowMs <= MOST_WINDOW_MS
      ? null
      : WINDOW_ERROR;
  }
  const isPace = policy === "leaky-queue" || policy === "warm-up";
  const most = isPace ? MOST_QUEUED_PER_SECOND : MOST_TOKENS;
  const perSecond = parseRate(rate) ?? 0;
  return Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= most
    ? null
    : isPace
    ? PACE_ERROR
    : RATE_ERROR;
}

/** The most that a request may cost; a queue and a warm-up take any. */
function burstOf({ policy, rate, burst = Infinity }: LimitText): number {
  if (policy !== "sliding-window") return burst;
  return parseWindow(rate)?.events ?? Infinity;
}

/** A section with a key for each route, none of which is needed. */
function byRoute<Value extends z.ZodType>(value: Value) {
  const shape = LIMITED_ROUTES.map((route) => [route, value.optional()]);
  return section(
    Object.fromEntries(shape) as Record<LimitedRoute, z.ZodOptional<Value>>,
  ).prefault({});
}

/** More orders at once than that wait in a queue of their own. */
const placing = integer(1, 100_000);

/** How many orders are placed at once; see `limiters/concurrency.ts`. */
const concurrency = section({
  baseline: z.enum(["usual", "least"], { error: '"usual" or "least"' })
    .default("least"),
  minimum: placing.default(64),
  initial: placing.default(256),
  maximum: placing.default(4_096),
}).superRefine(({ minimum, initial, maximum }, context) => {
  if (minimum <= initial && initial <= maximum) return;
  const message = "a minimum, an initial and a maximum that rise";
  context.addIssue({ code: "custom", message });
});

/** How processes count together; see `limiters/shared_limits.ts`. */
const shared = section({
  whenAway: z.enum(WHEN_AWAY, { error: '"share", "open" or "closed"' })
    .default("share"),
  // A quarter: each of three processes asks 16 times while a burst is taken.
  slackPercent: integer(0, 100).default(25),
  // A healthy Redis takes under 5 ms; a shop must stop within 10 s without one.
  answerWithin: duration("10ms", "5s").default("250ms"),
});

/** Who may come in. */
export const admission = section({
  user: limit().prefault({ rate: "200/s", burst: 400 }),
  // Many people sit behind one address.
  address: limit().prefault({ rate: "20000/s", burst: 40_000 }),
  overall: limit().nullable().default(null),
  // Of the overall burst: kept for paying and cancelling, which free stock.
  reservePercent: integer(0, 90).default(10),
  // For all requests of a route together.
  routes: byRoute(limit()),
  // What a request takes from its client's and the overall limit, if not 1.
  costs: byRoute(integer(1, 1_000)),
  // For all orders of one product together.
  sku: limit().nullable().default(null),
  // Orders placed at once follow their latency; null: as many as come.
  concurrency: concurrency.nullable().default(null),
  // Where several processes are one shop.
  shared: shared.prefault({}),
  // Addresses whose X-Forwarded-For is believed.
  trustedProxies: z.array(
    z.string({ error: "an address" }).min(1, { error: "an address" }),
    { error: "an array of addresses" },
  ).default([]),
}).superRefine(({ user, address, overall, reservePercent, costs }, context) => {
  const clientBurst = Math.min(burstOf(user), burstOf(address));
  const everybodys = overall === null ? Infinity : burstOf(overall);
  const kept = everybodys === Infinity
    ? 0
    : Math.floor(everybodys * reservePercent / 100);
  const burst = Math.min(clientBurst, everybodys - kept);
  for (const [route, cost] of Object.entries(costs)) {
    // A request that could never pass is a mistake.
    if (cost === undefined || cost <= burst) continue;
    const message = `an integer from 1 to ${burst}, what every burst has`;
    context.addIssue({ code: "custom", path: ["costs", route], message });
  }
});

/** When a callee that fails is not called any more, and for how long. */
export const breaker = section({
  enabled: z.boolean({ error: "true or false" }).default(true),
  // The share of failures among the calls that ended last.
  failurePercent: integer(1, 100).default(50),
  // Resilience4j's window, and Hystrix' least number of calls.
  window: integer(1, 10_000).default(100),
  minimumCalls: integer(1, 10_000).default(20),
  // A call that takes longer is slow, whether it failed or not; null: none is.
  slowCall: duration("1ms", "10m").nullable().default(null),
  slowPercent: integer(1, 100).default(100),
  // Half open, so many calls pass; one answer may be luck.
  probes: integer(1, 1_000).default(3),
  // The first pause; each relapse doubles it.
  resetAfter: duration("1ms", "10m").default("1s"),
  resetAtMost: duration("1ms", "1h").default("1m"),
}).superRefine(({ window, minimumCalls, resetAfter, resetAtMost }, context) => {
  const complain = (key: string, message: string) =>
    context.addIssue({ code: "custom", path: [key], message });
  if (minimumCalls > window) {
    complain("minimumCalls", `an integer from 1 to the window of ${window}`);
  }
  if (parseDuration(resetAtMost)! < parseDuration(resetAfter)!) {
    complain("resetAtMost", `a duration from ${resetAfter}, its resetAfter`);
  }
});

/** A limit in code's units. */
export function settleLimit(text: LimitText): Limit {
  const { scope } = text;
  const policy = settlePolicy(text);
  return scope === undefined ? policy : { ...policy, scope };
}

/** How limits are shared, in code's units. */
export function settleSharing(
  { whenAway, slackPercent, answerWithin }: z.output<typeof shared>,
): SharingPolicy {
  const answerWithinMs = parseDuration(answerWithin)!;
  return { whenAway, slackPercent, answerWithinMs };
}

function settlePolicy(text: LimitText): LimiterPolicy {
  const { policy: kind, rate, burst = 0, initialTokens } = text;
  const perSecond = parseRate(rate) ?? 0;
  const { events = 0, windowMs = 0 } = parseWindow(rate) ?? {};
  switch (kind) {
    case "token-bucket":
      return {
        ...{ kind, capacityTokens: burst, refillPerSecond: perSecond },
        ...initialTokens !== undefined && { initialTokens },
      };
    case "leaky-bucket":
      return { kind, capacity: burst, leakPerSecond: perSecond };
    case "leaky-queue": {
      const maxWaitMs = parseDuration(text.maxWait ?? "") ?? 0;
      return { kind, leakPerSecond: perSecond, maxWaitMs };
    }
    case "sliding-window":
      return { kind, limit: events, windowMs };
    case "warm-up": {
      const warmUpMs = parseDuration(text.warmUp ?? "") ?? 0;
      return { kind, ratePerSecond: perSecond, warmUpMs };
    }
  }
}
