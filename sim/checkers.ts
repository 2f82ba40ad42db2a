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
import { JournalFenced, StateEqualsFold } from "./checkers/journal.ts";
import { MoneyConserved } from "./checkers/money.ts";
import { OrderNeverLost, OrderOncePerKey } from "./checkers/orders.ts";
import { ReserveLinearizable } from "./checkers/reserves.ts";
import { type CheckContext, RunView } from "./checkers/run_view.ts";
import {
  HoldResolvedOnce,
  StockConserved,
  StockNeverOversold,
  StockNeverUndersold,
} from "./checkers/stock.ts";
import type { Checker, Observation } from "./observation.ts";

export { StateEqualsFold } from "./checkers/journal.ts";
export type { CheckContext } from "./checkers/run_view.ts";

const FACTORIES: Readonly<Record<string, (view: RunView) => Checker>> = {
  "stock.conserved": (view) => new StockConserved(view),
  "stock.neverOversold": (view) => new StockNeverOversold(view),
  "stock.neverUndersold": (view) => new StockNeverUndersold(view),
  "hold.resolvedOnce": (view) => new HoldResolvedOnce(view),
  "order.oncePerKey": (view) => new OrderOncePerKey(view),
  "order.neverLost": (view) => new OrderNeverLost(view),
  "answer.revealsNothing": (view) => new AnswerRevealsNothing(view),
  "money.conserved": (view) => new MoneyConserved(view),
  "reserve.linearizable": (view) => new ReserveLinearizable(view),
  "journal.fenced": () => new JournalFenced(),
  "state.equalsFold": () => new StateEqualsFold(),
  "cache.monotonic": () => new CacheMonotonic(),
  "little.exact": () => new LittleExact(),
  "pending.resolved": () => new PendingResolved(),
};

/** Ids of all checkers. */
export const checkerIds: readonly string[] = Object.keys(FACTORIES);

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

/**
 * New checkers for one run, in the order of their ids.
 *
 * @throws {TypeError} for an id that no checker has.
 */
export function checkersFor(
  ids: readonly string[],
  context: CheckContext,
): Checker[] {
  return make(ids, new RunView(context));
}

function make(ids: readonly string[], view: RunView): Checker[] {
  return ids.map((id) => {
    const create = Object.hasOwn(FACTORIES, id) ? FACTORIES[id] : undefined;
    if (create !== undefined) return create(view);
    throw new TypeError(
      `Cannot find a checker as the id is not one of ` +
        `${checkerIds.join(", ")}: current value is "${id}"`,
    );
  });
}
