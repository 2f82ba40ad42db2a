/**
 * The checkers by id. Those of one call share one view of the run, so that
 * each event is folded once; give each run its own.
 *
 * @module
 */
import { AnswerRevealsNothing } from "./checkers/answers.ts";
import {
  CacheMonotonic,
  LittleExact,
  PendingResolved,
} from "./checkers/calls.ts";
import { UnpaidEndsOnTime } from "./checkers/deadlines.ts";
import { GateReconciled } from "./checkers/gate.ts";
import { JournalFenced, StateEqualsFold } from "./checkers/journal.ts";
import { LedgersAgree } from "./checkers/ledgers.ts";
import { BreakerLegal, LimiterLegal } from "./checkers/limits.ts";
import { MailAccounted } from "./checkers/mail.ts";
import { MoneyConserved } from "./checkers/money.ts";
import { LeaseOwnerAlone, LeaseTakenSoon } from "./checkers/owners.ts";
import { OrderNeverLost, OrderOncePerKey } from "./checkers/orders.ts";
import { ReserveLinearizable } from "./checkers/reserves.ts";
import { RefusalCostsNothing, RetryWithinBudget } from "./checkers/retries.ts";
import { type CheckContext, RunView } from "./checkers/run_view.ts";
import {
  HoldResolvedOnce,
  StockConserved,
  StockNeverOversold,
  StockNeverUndersold,
} from "./checkers/stock.ts";
import type { Happenings } from "./happenings.ts";
import type { SimulatedProduct } from "./models.ts";
import type { Checker, Observation } from "./observation.ts";
import type { Scenario } from "./scenario_values.ts";

export { BreakerLegal, lookAtBreakers } from "./checkers/limits.ts";
export { StateEqualsFold } from "./checkers/journal.ts";
export type { CheckContext } from "./checkers/run_view.ts";

/** A checker, and what cannot happen without giving it something to check. */
interface Entry {
  readonly create: (view: RunView) => Checker;
  readonly after: string;
}

const ENTRIES: Readonly<Record<string, Entry>> = {
  "stock.conserved": {
    create: (view) => new StockConserved(view),
    after: "stock_opened",
  },
  "stock.neverOversold": {
    create: (view) => new StockNeverOversold(view),
    after: "stock_opened",
  },
  "stock.neverUndersold": {
    create: (view) => new StockNeverUndersold(view),
    after: "sold-out",
  },
  "hold.resolvedOnce": {
    create: (view) => new HoldResolvedOnce(view),
    after: "place_order ok",
  },
  "unpaid.endsOnTime": {
    create: (view) => new UnpaidEndsOnTime(view),
    after: "hold_released",
  },
  "order.oncePerKey": {
    create: (view) => new OrderOncePerKey(view),
    after: "place_order ok",
  },
  "order.neverLost": {
    create: (view) => new OrderNeverLost(view),
    after: "place_order ok",
  },
  "answer.revealsNothing": {
    create: (view) => new AnswerRevealsNothing(view),
    after: "place_order ok",
  },
  "money.conserved": {
    create: (view) => new MoneyConserved(view),
    after: "pay_order ok",
  },
  "ledgers.agree": {
    create: (view) => new LedgersAgree(view),
    after: "stock_opened",
  },
  "gate.reconciled": {
    create: (view) => new GateReconciled(view),
    after: "place_order ok",
  },
  "reserve.linearizable": {
    create: (view) => new ReserveLinearizable(view),
    after: "place_order ok",
  },
  "journal.fenced": {
    create: () => new JournalFenced(),
    after: "durable",
  },
  "state.equalsFold": {
    create: () => new StateEqualsFold(),
    after: "durable",
  },
  "cache.monotonic": {
    create: () => new CacheMonotonic(),
    after: "read_product ok",
  },
  "mail.accounted": {
    create: () => new MailAccounted(),
    after: "called",
  },
  "retry.withinBudget": {
    create: (view) => new RetryWithinBudget(view),
    after: "called",
  },
  "refusal.costsNothing": {
    create: (view) => new RefusalCostsNothing(view),
    after: "rate-limited",
  },
  "little.exact": {
    create: () => new LittleExact(),
    after: "called",
  },
  "pending.resolved": {
    create: () => new PendingResolved(),
    after: "called",
  },
  "limiter.legal": {
    create: ({ context }) => new LimiterLegal(context.admission),
    after: "admitted",
  },
  "breaker.legal": {
    create: ({ context }) => new BreakerLegal(context.breaker),
    after: "breaker_changed",
  },
  "lease.ownerAlone": {
    create: () => new LeaseOwnerAlone(),
    after: "lease_taken",
  },
  "lease.takenSoon": {
    create: (view) => new LeaseTakenSoon(view),
    after: "lease_taken",
  },
};

/** What happens when something should have been checked. */
export const EVIDENCE: readonly string[] = Object.values(ENTRIES)
  .map(({ after }) => after);

/** Ids of all checkers. */
export const checkerIds: readonly string[] = Object.keys(ENTRIES);

/**
 * The checkers of one run: each is told of what it looks at, in their order,
 * after the view that those of the shop share.
 */
export class Watch {
  readonly checkers: readonly Checker[];
  /** What they see together. */
  readonly view: RunView;
  readonly #watching = new Map<Observation["kind"], readonly Checker[]>();

  /**
   * @param extra Checkers beside those of the ids.
   * @throws {TypeError} for an id that no checker has.
   */
  constructor(
    ids: readonly string[],
    context: CheckContext,
    extra: readonly Checker[] = [],
  ) {
    this.view = new RunView(context);
    this.checkers = [...make(ids, this.view), ...extra];
  }

  /** Takes the next observation, in order of time. */
  observe(observation: Observation): void {
    const { kind } = observation;
    let watching = this.#watching.get(kind);
    if (watching === undefined) {
      watching = this.checkers.filter(({ sees }) =>
        sees === undefined || sees.includes(kind)
      );
      this.#watching.set(kind, watching);
    }
    this.view.observe(observation);
    for (let index = 0; index < watching.length; index++) {
      watching[index]!.observe(observation);
    }
  }
}

function make(ids: readonly string[], view: RunView): Checker[] {
  return ids.map((id) => {
    const entry = Object.hasOwn(ENTRIES, id) ? ENTRIES[id] : undefined;
    if (entry !== undefined) return entry.create(view);
    throw new TypeError(
      `Cannot find a checker as the id is not one of ` +
        `${checkerIds.join(", ")}: current value is "${id}"`,
    );
  });
}

/** What the checkers of a scenario are told beforehand. */
export function checkContextOf(
  { clock, config, journeys }: Scenario,
  products: readonly SimulatedProduct[],
): CheckContext {
  return {
    initialStock: new Map(
      products.map(({ sku, units, priceCents }) => [sku, {
        units,
        priceCents,
      }]),
    ),
    limitPerUser: config.orders.limitPerUser,
    driftPerMillion: clock.driftPerMillion,
    retries: new Map(journeys.map(({ name, retry }) => [name, retry])),
    admission: config.admission,
    breaker: config.breaker,
    leaseForMs: config.cluster.leaseForMs,
  };
}

/**
 * Whether a checker that has checked nothing missed what it is there for: what
 * it is about did happen, so the run proves nothing of it.
 */
export function hasMissed(checker: Checker, happened: Happenings): boolean {
  if (checker.checked > 0 || !Object.hasOwn(ENTRIES, checker.id)) return false;
  return happened.has(ENTRIES[checker.id]!.after);
}
