/**
 * Where every unit is, as the shards' events say: for sale, held, or sold. For
 * measuring; whether it may be so is the checkers' question.
 *
 * @module
 */

/** Units of one product. */
export interface StockLedger {
  available: number;
  held: number;
  sold: number;
}

interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** The fields of a shard's events that matter here. */
interface StockFact {
  readonly kind: string;
  readonly sku?: unknown;
  readonly units?: unknown;
  readonly add?: unknown;
  readonly holdId?: unknown;
  readonly lines?: unknown;
}

/** The ledgers of all products. See the module's text. */
export class StockLedgers {
  /** Units that were taken when there was none. */
  oversoldUnits = 0;
  readonly #ledgers = new Map<string, StockLedger>();
  /** By shard: an order over several has one hold id in all of them. */
  readonly #holds = new Map<string, Map<string, readonly Line[]>>();

  /** The ledger of a product; empty before it was opened. */
  of(sku: string): StockLedger {
    let ledger = this.#ledgers.get(sku);
    if (ledger === undefined) {
      ledger = { available: 0, held: 0, sold: 0 };
      this.#ledgers.set(sku, ledger);
    }
    return ledger;
  }

  /** Takes an event of a shard; what is not about stock changes nothing. */
  apply(shard: string, fact: StockFact): void {
    switch (fact.kind) {
      case "stock_opened":
        this.of(String(fact.sku)).available += Number(fact.units);
        return;
      case "stock_adjusted":
        this.of(String(fact.sku)).available += Number(fact.add);
        return;
      case "stock_held": {
        const lines = fact.lines as readonly Line[];
        this.#holdsAt(shard).set(String(fact.holdId), lines);
        return this.#move(lines, "available", "held");
      }
      case "stock_sold":
        return this.#move(this.#linesOf(shard, fact), "held", "sold");
      case "hold_released":
        return this.#move(this.#linesOf(shard, fact), "held", "available");
      case "stock_returned":
        return this.#move(this.#linesOf(shard, fact), "sold", "available");
    }
  }

  #linesOf(shard: string, { holdId }: StockFact): readonly Line[] {
    return this.#holdsAt(shard).get(String(holdId)) ?? [];
  }

  #holdsAt(shard: string): Map<string, readonly Line[]> {
    let holds = this.#holds.get(shard);
    if (holds === undefined) this.#holds.set(shard, holds = new Map());
    return holds;
  }

  #move(
    lines: readonly Line[],
    from: keyof StockLedger,
    to: keyof StockLedger,
  ): void {
    for (const { sku, quantity } of lines) {
      const ledger = this.of(sku);
      ledger[from] -= quantity;
      ledger[to] += quantity;
      if (ledger.available < 0) {
        this.oversoldUnits += Math.min(quantity, -ledger.available);
      }
    }
  }
}
