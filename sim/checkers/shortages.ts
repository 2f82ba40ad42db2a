/**
 * Whether the units that a call asked for were ever missing while it waited:
 * a refusal as sold out is right when, at some moment between call and return,
 * less was available. Per SKU it keeps the suffix minima of what was
 * available, so a question costs one binary search, whatever happened
 * meanwhile.
 *
 * @module
 */
import type { Line } from "../../actors/inventory_shard.ts";
import { CallTable } from "../call_table.ts";
import type { StockLevel } from "./stock_fold.ts";

/** Stock as somebody folds it. */
export interface Levels {
  /** What changed with the newest event. */
  readonly touched: readonly StockLevel[];
  /** What is available of a SKU; 0 when it is not known. */
  availableOf(sku: string): number;
}

/** A line that a pending call asks for, and since when. */
interface Wanted extends Line {
  readonly since: number;
}

/** The lowest value since any moment: values ascend from bottom to top. */
export class LowWater {
  #count = 0;
  readonly #positions: number[] = [];
  readonly #values: number[] = [];

  /** Where the newest value stands. */
  get position(): number {
    return this.#count;
  }

  /** Takes the next value. */
  note(value: number): void {
    while (this.#values.length > 0 && this.#values.at(-1)! >= value) {
      this.#values.pop();
      this.#positions.pop();
    }
    this.#values.push(value);
    this.#positions.push(++this.#count);
  }

  /** The lowest value from there on, itself included. */
  lowestSince(position: number): number {
    let low = 0;
    let high = this.#positions.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#positions[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return this.#values[low]!;
  }
}

/** See the module's text. */
export class Shortages {
  readonly #stock: Levels;
  readonly #levels = new Map<string, LowWater>();
  readonly #waiting = new CallTable<readonly Wanted[]>();

  constructor(stock: Levels) {
    this.#stock = stock;
  }

  /** A call begins to wait for these lines, one for each SKU. */
  begin(call: number, lines: readonly Line[]): void {
    this.#waiting.set(
      call,
      lines.map(({ sku, quantity }) => ({
        sku,
        quantity,
        since: this.#levelOf(sku).position,
      })),
    );
  }

  /** Looks at the SKUs that the fold has just touched. */
  note(): void {
    for (const { sku, available } of this.#stock.touched) {
      this.#levels.get(sku)?.note(available);
    }
  }

  /** Ends the wait of a call that was not sold out. */
  forget(call: number): void {
    this.#waiting.take(call);
  }

  /**
   * Ends the wait of a call that was sold out: null when some line was short meanwhile, else the
   * first line with the least that was available.
   */
  end(call: number): { readonly sku: string; readonly detail: string } | null {
    const wanted = this.#waiting.take(call) ?? [];
    for (const { sku, quantity, since } of wanted) {
      if (this.#levelOf(sku).lowestSince(since) < quantity) return null;
    }
    const [first] = wanted;
    if (first === undefined) return null;
    const { sku, quantity, since } = first;
    const lowest = this.#levelOf(sku).lowestSince(since);
    const detail = `${quantity} of "${sku}" were refused as sold out, but ` +
      `never less than ${lowest} were available`;
    return { sku, detail };
  }

  #levelOf(sku: string): LowWater {
    let level = this.#levels.get(sku);
    if (level === undefined) {
      level = new LowWater();
      level.note(this.#stock.availableOf(sku));
      this.#levels.set(sku, level);
    }
    return level;
  }
}
