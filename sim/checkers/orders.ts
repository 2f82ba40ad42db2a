/**
 * What buyers rely on: a key makes one order, and an order that somebody was
 * told of is in the journal, with all its units held, before he was told.
 *
 * @module
 */
import type { Line, StockHeld } from "../../actors/inventory_shard.ts";
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import { PassingMap } from "../../actors/runtime/passing_map.ts";
import type { Placed, StorefrontEvent } from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { CallTable } from "../call_table.ts";
import { type Called, Inspection, keyIdOf, scopeOf } from "./inspection.ts";
import type { RunView } from "./run_view.ts";

/** Keys are kept for 24 hours, as the contract says. */
const KEEP_KEYS_MS = 24 * 60 * 60 * 1_000;

/**
 * `order.oncePerKey`: a user's key makes at most one order while it is kept,
 * and every ok that a client gets for it names that order with his lines.
 */
export class OrderOncePerKey extends Inspection {
  readonly id = "order.oncePerKey";
  override readonly sees = ["durable", "returned"] as const;
  readonly #view: RunView;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { durable, called } = this.#view;
    const { atUs } = observation;
    for (const { event } of durable) {
      this.#place(atUs, event as StorefrontEvent);
    }
    if (observation.kind !== "returned" || called === null) return;
    const { outcome } = observation;
    if (outcome.kind !== "ok" || called.step !== "place_order") return;
    this.#tell(atUs, outcome.value as Placed);
  }

  #place(atUs: number, event: StorefrontEvent): void {
    if (event.kind !== "order_placed") return;
    const { orderId, atMs: placedAtMs } = event;
    const order = this.#view.orders.of(orderId);
    if (order.placed !== event) {
      this.report(atUs, orderId, `Order ${orderId} is placed twice`);
    }
    const use = this.#view.keys.of(keyIdOf(event.holdId));
    this.#compare(
      atUs,
      event,
      use.madeOrderId,
      orderId,
      placedAtMs - use.madeAtMs,
    );
    use.madeOrderId = orderId;
    use.madeAtMs = placedAtMs;
  }

  #tell(atUs: number, { order }: Placed): void {
    const place = this.#view.place!;
    const { id: orderId, placedAtMs } = order;
    const use = this.#view.keys.of(place.keyId);
    this.#compare(
      atUs,
      place,
      use.toldOrderId,
      orderId,
      placedAtMs - use.toldAtMs,
    );
    use.toldOrderId = orderId;
    use.toldAtMs = placedAtMs;
    if (use.madeOrderId !== null && use.madeOrderId !== orderId) {
      const detail = `The key made ${use.madeOrderId}, the client was told ` +
        orderId;
      this.report(atUs, scopeOf(place), detail);
    }
    if (!isSame(place.lines, order.lines)) {
      const detail = `Order ${orderId} has other lines than were asked for`;
      this.report(atUs, scopeOf(place), detail);
    }
  }

  #compare(
    atUs: number,
    user: { readonly userId: string; readonly key: string },
    before: string | null,
    orderId: string,
    ageMs: number,
  ): void {
    this.checked++;
    if (before === null || before === orderId) return;
    if (ageMs >= (this.#view.context.keepKeysMs ?? KEEP_KEYS_MS)) return;
    const detail = `The key made ${before} and ${orderId}`;
    this.report(atUs, scopeOf(user), detail);
  }
}

function isSame(left: readonly Line[], right: readonly Line[]): boolean {
  return left.length === right.length &&
    left.every(({ sku, quantity }) =>
      right.some((line) => line.sku === sku && line.quantity === quantity)
    );
}

/**
 * `order.neverLost`: when a client is told of an order, its `order_placed` and
 * the `stock_held` of all its lines are durable; and an order that a client
 * was told of is found whenever he asks for it.
 */
export class OrderNeverLost extends Inspection {
  readonly id = "order.neverLost";
  override readonly sees = ["durable", "called", "returned"] as const;
  readonly #view: RunView;
  /** Durable lines by hold, over all shards; until their order is told. */
  readonly #held = new PassingMap<string, readonly Line[]>();
  /** Calls that ask for an order that their client was told of. */
  readonly #asking = new CallTable<string>();

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    for (const { event } of this.#view.durable) this.#keep(event);
    if (observation.kind === "called") return this.#ask(observation);
    if (observation.kind !== "returned") return;
    const { atUs, call, outcome } = observation;
    const asked = this.#asking.take(call);
    if (asked !== undefined) {
      this.checked++;
      if (outcome.kind === "rejected" && outcome.code === "not-found") {
        this.report(atUs, asked, `Order ${asked} was told of and is not found`);
      }
    }
    const { called } = this.#view;
    if (called?.step !== "place_order" || outcome.kind !== "ok") return;
    const { id } = (outcome.value as Placed).order;
    this.#tell(atUs, id, called.input.userId);
  }

  #keep(event: JournalEvent): void {
    const fact = event as StockHeld;
    if (fact.kind === "stock_held") {
      const held = this.#held.get(fact.holdId);
      const lines = held === undefined ? fact.lines : [...held, ...fact.lines];
      this.#held.set(fact.holdId, lines);
    }
  }

  #ask({ call, input }: Called): void {
    const { orderId, userId } = input;
    if (typeof orderId !== "string" || userId === undefined) return;
    // Only he who was told of it may ask: it is not found for others.
    const order = this.#view.orders.find(orderId);
    if (order?.toldTo === userId) this.#asking.set(call, orderId);
  }

  #tell(atUs: number, orderId: string, userId: unknown): void {
    this.checked++;
    const record = this.#view.orders.of(orderId);
    if (record.toldTo !== null) return;
    record.toldTo = String(userId);
    const { placed: order } = record;
    if (order === null) {
      const detail = `A client was told of order ${orderId}, which is not ` +
        "durable";
      return this.report(atUs, orderId, detail);
    }
    const held = this.#held.get(order.holdId) ?? [];
    const missing = order.lines.find(({ sku, quantity }) =>
      !held.some((line) => line.sku === sku && line.quantity === quantity)
    );
    this.#held.delete(order.holdId);
    if (missing === undefined) return;
    const detail = `A client was told of order ${orderId}, but no durable ` +
      `hold has its ${missing.quantity} of "${missing.sku}"`;
    this.report(atUs, orderId, detail);
  }
}
