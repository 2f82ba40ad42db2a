/**
 * An inventory shard under the step kit, with the requests that its tests make
 * again and again.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type AuditStock,
  type InventoryArgs,
  type InventoryEvent,
  type InventoryMessage,
  inventoryShard,
  type InventoryState,
  type Line,
  type StockAudit,
} from "../../actors/inventory_shard.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { BehaviorStep } from "../../actors/runtime/test_kit/behavior_step.ts";

/** The life of a hold in these tests, in milliseconds. */
export const HOLD_MS = 900_000;

/** A shard, its requests in short, and its state in numbers. */
export class ShardStep extends BehaviorStep<
  InventoryState,
  InventoryMessage,
  InventoryArgs,
  InventoryEvent
> {
  /** Opens `stock`, units by SKU, at 100 cents each. */
  constructor(
    stock: Readonly<Record<string, number>>,
    args: Partial<InventoryArgs> = {},
  ) {
    super(inventoryShard, {
      limitPerUser: null,
      cacheNodes: [],
      publishEveryMs: 200,
      ...args,
    });
    const items = Object.entries(stock).map(([sku, units]) => ({
      sku,
      units,
      priceCents: 100,
    }));
    this.send({ kind: "open_stock", items });
  }

  /** Reserves for the user that the hold's id begins with. */
  reserve(holdId: string, lines: readonly Line[], holdForMs = HOLD_MS) {
    return this.send({
      kind: "reserve",
      holdId,
      userId: holdId.split(":")[0]!,
      lines,
      untilMs: this.nowMs + holdForMs,
    });
  }

  /** Reserves one line. */
  hold(holdId: string, sku: string, quantity: number, holdForMs = HOLD_MS) {
    return this.reserve(holdId, [{ sku, quantity }], holdForMs);
  }

  /** The units of a SKU: available, held, sold. */
  units(sku: string): [number, number, number] {
    const stock = this.state.stocks.get(sku);
    assert.ok(stock, `${sku} is not open`);
    return [stock.available, stock.held, stock.sold];
  }

  /** One page of the audit. */
  audit(page: Omit<AuditStock, "kind">): StockAudit {
    const outcome = this.send<AuditStock>({ kind: "audit", ...page });
    assert.ok(outcome?.kind === "ok");
    return outcome.value;
  }
}

/** How an outcome ended: `ok` or why not. */
export function codeOf(outcome: Outcome<unknown> | undefined): string {
  assert.ok(outcome, "the step gave no answer");
  return "code" in outcome ? outcome.code : outcome.kind;
}
