/**
 * A run told by hand, observation by observation, and what a checker says of
 * it. Time goes on by a microsecond with each; sequences follow one another.
 *
 * @module
 */
import type { JournalEvent, Message } from "../../../actors/runtime/actor.ts";
import {
  type BreakerReport,
  type BreakerState,
  DEFAULT_BREAKER_POLICY,
} from "../../../actors/runtime/circuit_breaker.ts";
import { ok, type Outcome, rejected } from "../../../actors/runtime/outcome.ts";
import { type CheckContext, Watch } from "../../../sim/checkers.ts";
import type {
  Checker,
  MailboxCount,
  Observation,
  WayCount,
} from "../../../sim/observation.ts";

/** A way on which a frame went and came. */
export const WAY: WayCount = {
  ...{ way: "a→b", offered: 1, expired: 0, unsent: 0, waiting: 0, carried: 1 },
  ...{ underWay: 0, lost: 0, arrived: 1, delivered: 1, deepest: 1, bound: 1 },
};

export const SHARD = "inventory[0]";

/** A mailbox from which one message was handled, and one came too late. */
const MAILBOX: MailboxCount = {
  ...{ actor: SHARD, depth: 0, lane: 4 },
  ...{ taken: 2, given: 2, dropped: 0, handled: 1, passed: 1 },
};

export const SHOP = "storefront[0]";
/** The one SKU: three units at 100 cents. */
export const SKU = "lamp";
export const UNITS = 3;
const MINUTE_MS = 60_000;

export const CONTEXT: CheckContext = {
  initialStock: new Map([[SKU, { units: UNITS, priceCents: 100 }]]),
  limitPerUser: null,
  admission: {
    user: { kind: "token-bucket", capacityTokens: 5, refillPerSecond: 1 },
    address: { kind: "token-bucket", capacityTokens: 5, refillPerSecond: 1 },
    overall: { kind: "sliding-window", limit: 6, windowMs: 1_000 },
    ...{ sku: null, routes: {}, costs: {}, reservePercent: 0 },
  },
  breaker: { ...DEFAULT_BREAKER_POLICY, minimumCalls: 10 },
};

/** What a breaker knows that has just changed. */
export function breakerReport(state: BreakerState, calls = 20): BreakerReport {
  return {
    ...{ state, calls, failures: calls, slow: 0, underWay: 0, opened: 1 },
    ...{ isTargetDown: false, retryAfterMs: state === "open" ? 1_000 : 0 },
  };
}

interface Journal {
  epoch: number;
  sequence: number;
  durable: number;
}

export class Story {
  readonly observations: Observation[] = [];
  atUs = 0;
  #calls = 0;
  readonly #journals = new Map<string, Journal>();

  observe(observation: Omit<Observation, "atUs"> & { atUs?: number }): this {
    this.observations.push(
      { atUs: ++this.atUs, ...observation } as Observation,
    );
    return this;
  }

  /** @param first The call that it tries again; undefined: it is the first. */
  calls(step: string, input: Record<string, unknown>, first?: number): number {
    const call = ++this.#calls;
    this.observe(
      {
        kind: "called",
        call,
        client: String(input.userId),
        step,
        input,
        ...first !== undefined && { first },
      } as never,
    );
    return call;
  }

  /** A request comes to the door; at that time, if one is given. */
  comes(client: string, admitted: boolean, atUs?: number): this {
    const seen = { kind: "admitted", client, route: "readOrder" };
    return this.observe({
      ...{ ...seen, admitted, policy: "user" },
      ...atUs !== undefined && { atUs },
    } as never);
  }

  /** A process takes the lease of a shop worker. */
  takesLease(territory: string, fence: number): this {
    const kind = "lease_taken";
    return this.observe({ kind, territory, fence, process: "p1" } as never);
  }

  /** What the client took at that time is given back. */
  gaveBack(client: string, decidedUs: number, atUs: number): this {
    const seen = { kind: "given_back", client, route: "readOrder", decidedUs };
    return this.observe({ ...seen, atUs } as never);
  }

  /** The breaker before the payment provider changes, with so many calls. */
  breaks(from: BreakerState, to: BreakerState, calls = 20): this {
    const where = { domain: "worker-0", incarnation: 1, address: "payment" };
    const report = breakerReport(to, calls);
    const seen = { kind: "breaker_changed", ...where, from, to, report };
    return this.observe(seen as never);
  }

  returns(call: number, outcome: Outcome<unknown>): this {
    return this.observe({ kind: "returned", call, outcome } as never);
  }

  records(actor: string, event: JournalEvent): this {
    const journal = this.journal(actor);
    const sequence = ++journal.sequence;
    const { epoch } = journal;
    const dated = { atMs: this.atUs / 1_000, ...event };
    return this.observe(
      { kind: "recorded", actor, epoch, sequence, event: dated } as never,
    );
  }

  /** All that is recorded is on disk. */
  settles(...actors: string[]): this {
    for (const actor of actors) {
      const journal = this.journal(actor);
      const { epoch, durable, sequence } = journal;
      journal.durable = sequence;
      this.observe({
        kind: "durable",
        actor,
        epoch,
        firstSequence: durable + 1,
        lastSequence: sequence,
      } as never);
    }
    return this;
  }

  /** A new owner goes on behind what is durable. */
  takesOver(actor: string): this {
    const journal = this.journal(actor);
    journal.epoch++;
    journal.sequence = journal.durable;
    return this;
  }

  decides(actor: string, message: Message, outcome: Outcome<unknown>): this {
    const { epoch, sequence } = this.journal(actor);
    return this.observe(
      { kind: "decided", actor, message, outcome, sequence, epoch } as never,
    );
  }

  journal(actor: string): Journal {
    let journal = this.#journals.get(actor);
    if (journal === undefined) {
      journal = { epoch: 1, sequence: 0, durable: 0 };
      this.#journals.set(actor, journal);
    }
    return journal;
  }

  /** The run ends, with such a way and such a mailbox. */
  countsMail(
    way: Partial<WayCount> = {},
    mailbox: Partial<MailboxCount> = {},
  ): this {
    return this.observe({
      kind: "mail_counted",
      ways: [{ ...WAY, ...way }],
      mailboxes: [{ ...MAILBOX, ...mailbox }],
      isLast: true,
    } as never);
  }

  // ── Parts of a purchase ─────────────────────────────────────────────────

  /** A buyer asks for units. His key is `k-` and his name. */
  wants(user: string, quantity = 1, sku = SKU): number {
    const lines = [{ sku, quantity }];
    return this.calls("place_order", { userId: user, key: `k-${user}`, lines });
  }

  holds(user: string, quantity = 1, sku = SKU): this {
    return this.records(SHARD, {
      kind: "stock_held",
      holdId: holdOf(user),
      userId: user,
      lines: [{ sku, quantity, priceCents: 100 }],
      untilMs: 15 * MINUTE_MS,
    } as JournalEvent);
  }

  places(user: string, quantity = 1, orderId = orderOf(user)): this {
    return this.records(SHOP, {
      kind: "order_placed",
      orderId,
      userId: user,
      key: `k-${user}`,
      holdId: holdOf(user),
      lines: [{ sku: SKU, quantity, priceCents: 100 }],
      totalCents: 100 * quantity,
      reservedUntilMs: 15 * MINUTE_MS,
    } as JournalEvent);
  }

  /** A hold's event: `stock_sold`, `hold_released` … */
  resolves(user: string, kind: string): this {
    return this.records(SHARD, {
      kind,
      holdId: holdOf(user),
    } as JournalEvent);
  }

  /** An order's fact. */
  orders(user: string, kind: string, more: Record<string, unknown> = {}): this {
    return this.records(SHOP, {
      kind,
      orderId: orderOf(user),
      ...more,
    } as JournalEvent);
  }

  /** The shard says that it is sold out. */
  refuses(user: string, quantity = 1, code = "sold-out"): this {
    return this.decides(SHARD, {
      kind: "reserve",
      holdId: holdOf(user),
      userId: user,
      lines: [{ sku: SKU, quantity }],
    } as Message, rejected(code));
  }

  charges(user: string, amountCents = 100, attempt = 1): this {
    return this.observe({
      kind: "charged",
      attempt: `${orderOf(user)}-${attempt}`,
      amountCents,
    } as never);
  }

  refunds(user: string, amountCents = 100): this {
    return this.observe({
      kind: "refunded",
      attempt: `${orderOf(user)}-1`,
      amountCents,
    } as never);
  }

  /** From the request to the answer, as it should be. */
  buys(user: string, quantity = 1): this {
    const call = this.wants(user, quantity);
    return this.holds(user, quantity).places(user, quantity)
      .settles(SHARD, SHOP).returns(call, placed(user, quantity));
  }

  /** Pays a placed order of one unit, as it should be. */
  pays(user: string): this {
    const call = this.calls("pay_order", {
      userId: user,
      orderId: orderOf(user),
      key: `p-${user}`,
    });
    return this.orders(user, "payment_started", { attempt: 1 })
      .resolves(user, "hold_pinned").settles(SHARD, SHOP).charges(user)
      .orders(user, "payment_captured", { attempt: 1 })
      .resolves(user, "stock_sold").orders(user, "order_paid")
      .settles(SHARD, SHOP).returns(
        call,
        ok({ order: view(user, "paid"), pending: false, replayed: false }),
      );
  }
}

export function holdOf(user: string): string {
  return `k-${user} - ${user}`;
}

export function orderOf(user: string): string {
  return `o-0-${user}-aaaa`;
}

export function view(
  user: string,
  status: string,
  quantity = 1,
  id = orderOf(user),
): unknown {
  const lines = [{ sku: SKU, quantity, priceCents: 100 }];
  return { id, status, lines, totalCents: 100 * quantity, placedAtMs: 0 };
}

export function placed(
  user: string,
  quantity = 1,
  id = orderOf(user),
): Outcome<unknown> {
  const order = view(user, "awaiting_payment", quantity, id);
  return ok({ order, replayed: false });
}

export const SOLD_OUT: Outcome<unknown> = rejected("sold-out");

/** What a checker says at the end of a story. */
export function judge(
  id: string,
  story: Story,
  context: CheckContext = CONTEXT,
): Checker {
  const [checker] = new Watch([id], context).checkers;
  for (const observation of story.observations) checker!.observe(observation);
  checker!.end();
  return checker!;
}

/** The key of what is wrong; null: nothing. */
export function wrong(
  id: string,
  story: Story,
  context?: CheckContext,
): string | null {
  return judge(id, story, context).violation?.key ?? null;
}
