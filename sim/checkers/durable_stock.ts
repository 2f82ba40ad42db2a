/**
 * What is available of each product by what is on disk, and what each user had
 * of it. Whether an event fits was decided when it was recorded, by the fold
 * of all that is recorded; the lines of a hold stand there too, so this one
 * keeps nothing of holds.
 *
 * @module
 */
import type {
  InventoryEvent,
  PricedLine,
} from "../../actors/inventory_shard.ts";
import type { CheckContext } from "./run_view.ts";
import type { Recorded } from "./inspection.ts";
import type { StockFold, StockLevel } from "./stock_fold.ts";

/** See the module's text. */
export class DurableStock {
  /** The levels that the newest event changed, with repeats. */
  readonly touched: StockLevel[] = [];
  readonly #context: CheckContext;
  readonly #recorded: StockFold;
  readonly #taken = new Map<string, number>();

  /** @param recorded The fold of what is recorded, which is ahead of this. */
  constructor(context: CheckContext, recorded: StockFold) {
    this.#context = context;
    this.#recorded = recorded;
  }

  /** Units of a product that a user holds or owns; 0 without a limit. */
  takenBy(userId: string, sku: string): number {
    return this.#taken.get(`${sku} ${userId}`) ?? 0;
  }

  /** Folds the next durable event; those of other actors change nothing. */
  apply(recorded: Recorded): void {
    this.touched.length = 0;
    if (this.#recorded.isUnfit(recorded)) return;
    const event = recorded.event as InventoryEvent;
    switch (event.kind) {
      case "stock_opened": {
        const level = this.#levelOf(event.sku);
        level.available = event.units;
        this.touched.push(level);
        return;
      }
      case "stock_adjusted":
        return this.#give(event.sku, event.add);
      case "stock_held":
        return this.#move(event.lines, event.userId, -1);
      case "hold_released":
      case "stock_returned": {
        const hold = this.#recorded.holdOf(recorded.actor, event.holdId);
        if (hold === undefined) return;
        return this.#move(hold.held.lines, hold.held.userId, 1);
      }
    }
  }

  #move(lines: readonly PricedLine[], userId: string, sign: 1 | -1): void {
    for (let index = 0; index < lines.length; index++) {
      const { sku, quantity } = lines[index]!;
      this.#give(sku, sign * quantity);
      if (this.#context.limitPerUser === null) continue;
      const taken = this.takenBy(userId, sku) - sign * quantity;
      if (taken === 0) this.#taken.delete(`${sku} ${userId}`);
      else this.#taken.set(`${sku} ${userId}`, taken);
    }
  }

  #give(sku: string, units: number): void {
    const level = this.#levelOf(sku);
    level.available += units;
    this.touched.push(level);
  }

  #levelOf(sku: string): StockLevel {
    return this.#recorded.recordOf(sku).durable;
  }
}
