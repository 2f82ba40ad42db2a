/**
 * A scenario as the simulator uses it: every default filled in, every range
 * drawn for one seed, `scale` applied, and plain numbers whose names say the
 * unit. Virtual times are whole microseconds since the run began (`Us`);
 * chances are whole parts of a million, as random streams take them. What the
 * file says word for word, and what it refuses, stands in `scenario.ts`.
 *
 * @module
 */
import type { Fault } from "../cluster/gate.ts";
import type { Config } from "../cluster/config_values.ts";
import type { BuggifyValues } from "./buggify.ts";
import type { Distribution } from "./distributions.ts";
import type { MachineValues } from "./machines.ts";
import type { Verdict } from "./run_result.ts";

/** What a client does in one step. */
export type StepKind =
  | "read_product"
  | "place_order"
  | "pay_order"
  | "cancel_order"
  | "read_order";

/** Steps that follow an order are about the journey's newest one. */
export interface Step {
  readonly do: StepKind;
  /** Where its products come from; `any` includes the flash products. */
  readonly target: "flash" | "any";
}

/** When a client asks again: after what the shop calls retryable. */
export interface Retry {
  /** Further tries of one step, with the same idempotency key. */
  readonly max: number;
  /** Before the first; doubles with each further one. */
  readonly backoffUs: number;
  /** `full`: evenly from 0 to the backoff. */
  readonly jitter: "none" | "full";
  /**
   * Retries of all clients of the journey together, of a million first tries;
   * null: no budget.
   */
  readonly budgetPerMillion: number | null;
}

/** The longest that a client waits before a further try, in microseconds. */
export function longestBackoffUs({ max, backoffUs }: Retry): number {
  return max === 0 ? 0 : backoffUs * 2 ** Math.min(max - 1, 16);
}

/** What one kind of client does. */
export interface Journey {
  readonly name: string;
  /** Its share of arrivals among the journeys of a phase, at least 0. */
  readonly weight: number;
  readonly steps: readonly Step[];
  /** Before each step but the first. */
  readonly think: Distribution;
  /** Chance that a client who has an order leaves before he pays. */
  readonly abandonPerMillion: number;
  /** Different products in an order, drawn evenly, ends included. */
  readonly lines: { readonly from: number; readonly to: number };
  readonly retry: Retry;
}

/** How clients come. */
export type Arrivals =
  /** Independent of answers: at a rate that is linear between points. */
  | {
    readonly kind: "open";
    /** At least one; times count from the phase's start and rise. */
    readonly curve: readonly {
      readonly atUs: number;
      readonly perSecond: number;
    }[];
    readonly spacing: "poisson" | "uniform";
  }
  /** A fixed number of users; each thinks between journeys. */
  | {
    readonly kind: "closed";
    readonly users: number;
    readonly think: Distribution;
  }
  /** Invoices of a file as they came, `speed` times faster. */
  | {
    readonly kind: "recorded";
    /** Relative to the scenario's file. */
    readonly file: string;
    /** Their order lines (`invoice,sku,quantity`); null: as the journey. */
    readonly linesFile: string | null;
    readonly speed: number;
    /** The share of invoices that is used, from `scale`; at most a million. */
    readonly keptPerMillion: number;
  };

/** Load of one kind for a time. Phases may overlap. */
export interface LoadPhase {
  readonly phase: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly arrivals: Arrivals;
  /** Distinct users that arrivals are drawn from, at least 1. */
  readonly users: number;
  /** Names of the journeys that its clients choose from by weight. */
  readonly journeys: readonly string[];
}

/** Products and what of them is asked for. */
export interface CatalogValues {
  /** How many products; at most as many as the real catalog has, for that. */
  readonly products: number;
  /** `catalog`: the real catalog's products, weighed by its units. */
  readonly popularity:
    | { readonly kind: "zipf"; readonly exponent: number }
    | { readonly kind: "catalog" };
  /** Opening units of each product; null: as the real catalog has. */
  readonly stockUnits: number | null;
  /** Products on sale; they are the first, most popular ones. */
  readonly flash: {
    readonly products: number;
    readonly stockUnits: number;
    /** Null: the orders section's limit. */
    readonly limitPerUser: number | null;
    /** Null: as other products; 0 for coupons. */
    readonly priceCents: number | null;
    /** Their stock is there from then on; before it they are sold out. */
    readonly opensAtUs: number;
  } | null;
}

/** Names of faults: those of the live shop and what only a simulator can. */
export type FaultKind = Fault["do"] | "lose_disk_cache" | "leave";

/** When a fault strikes. */
export type FaultTime =
  | { readonly kind: "at"; readonly atUs: number }
  /** Once, the first time that a metric is so; looked at each 100 ms. */
  | ({ readonly kind: "when"; readonly metric: string } & Bound);

/** A fault with its time. */
export interface ScheduledFault {
  readonly id: string;
  readonly do: FaultKind;
  /** Such as `worker[0]`, `inventory[*]`, `payment`; null for a partition. */
  readonly target: string | null;
  /** The ends that a partition cuts apart; null for the others. */
  readonly from: string | null;
  readonly to: string | null;
  readonly time: FaultTime;
  /** Null: it ends by itself, or never when it cannot. */
  readonly forUs: number | null;
  /** How many times slower; 1 for all but `slow`. */
  readonly factor: number;
  /** The share of messages (slow), or of targets, that it strikes. */
  readonly perMillion: number;
}

/** A number to hold a metric against, in the metric's own unit. */
export interface Bound {
  readonly comparison: "lt" | "gt" | "eq";
  /** Milliseconds, percent or a plain number, as `unit` says. */
  readonly value: number;
  readonly unit: "ms" | "percent" | "number";
}

/** What has to be so at the end of a run. */
export interface Threshold extends Bound {
  readonly metric: string;
  /** In (0, 1], of a latency; null: the metric is one number. */
  readonly quantile: number | null;
  /** Only what happened in this phase; null: after the warm-up. */
  readonly during: string | null;
  /** The metric is taken as a share of this one; `unit` is `percent` then. */
  readonly of: string | null;
  /** The bound as a report prints it, such as `< 50ms`. */
  readonly bound: string;
}

/** What has to become so, and how soon. */
export interface Eventually extends Bound {
  readonly metric: string;
  /** From `afterUs`; null: from the end of the last fault. */
  readonly afterUs: number | null;
  readonly withinUs: number;
  /** As a report prints it, such as `< 100 within 30s`. */
  readonly bound: string;
}

/** A scenario for one seed. */
export interface Scenario {
  readonly name: string;
  /** What it is for, in a sentence or two. */
  readonly teaches: string;
  /** How it is meant to end; not `passed` for one that fails by design. */
  readonly expects: Verdict;
  readonly clock: {
    /** The wall clock's time at the run's start, from the epoch. */
    readonly startMs: number;
    /** When arrivals end at the latest. */
    readonly durationUs: number;
    /** Thresholds disregard what was asked before. */
    readonly warmupUs: number;
    /** Workers' clocks run up to so much faster or slower. */
    readonly driftPerMillion: number;
  };
  /** Applied already: arrivals, users, closed users and stock. */
  readonly scale: number;
  /** Every section that a shop has, as `SHOP_CONFIG` would set it. */
  readonly config: Omit<Config, "environment">;
  readonly catalog: CatalogValues;
  readonly journeys: readonly Journey[];
  readonly load: readonly LoadPhase[];
  /** Time at the actor or gateway by kind of message; others take none. */
  readonly service: ReadonlyMap<string, Distribution>;
  readonly network: {
    /** At least `delayMinUs`, plus an exponential part up to the mean. */
    readonly delayMinUs: number;
    readonly delayMeanUs: number;
    readonly lossPerMillion: number;
    readonly duplicatePerMillion: number;
    readonly reorderPerMillion: number;
    /** How many processes share the shop; 0: it is one. */
    readonly processes: number;
  };
  readonly disk: { readonly sync: Distribution };
  /** What several processes run on. */
  readonly machines: MachineValues;
  readonly faults: readonly ScheduledFault[];
  /** Chances that a rare path is on in a run, and that it is then taken. */
  readonly buggify: BuggifyValues;
  /** From `afterUs` on faults are healed; all that pends must end in time. */
  readonly liveness: { readonly afterUs: number; readonly withinUs: number };
  /** How long after the last arrival the shop may take to become idle. */
  readonly drainUs: number;
  /** Ids of checkers; null: all of them. */
  readonly always: readonly string[] | null;
  /** What must happen at least once, or the run proved nothing. */
  readonly sometimes: readonly string[];
  readonly eventually: readonly Eventually[];
  readonly thresholds: readonly Threshold[];
}

/** Seeds that a scenario runs with when the command names none. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}
