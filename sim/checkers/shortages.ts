/**
 * Whether the units that a call asked for were ever missing while it waited:
 * a refusal as sold out is right when, at some moment between call and return,
 * less was available. Per SKU it keeps the suffix minima of what was
 * available, so a question costs one binary search, whatever happened
 * meanwhile.
 *
 * @module
 */
import { CallTable } from "../call_table.ts";
import type { Place, PlacedLine } from "./run_view.ts";
import type { StockLevel, Units } from "./stock_fold.ts";

/** A line that a pending call asks for, and since when. */
interface Wanted {
  readonly sku: string;
  readonly quantity: number;
  readonly level: StockLevel;
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
    const values = this.#values;
    const positions = this.#positions;
    let last = values.length - 1;
    while (last > 0 && values[last]! >= value) {
      values.pop();
      positions.pop();
      last--;
    }
    this.#count++;
    if (last === 0 && values[0]! >= value) {
      // Nearly always: stock goes down, so the newest value is the lowest.
      values[0] = value;
      positions[0] = this.#count;
      return;
    }
    values.push(value);
    positions.push(this.#count);
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
  readonly #levelOf: (units: Units) => StockLevel;
  readonly #waiting = new CallTable<readonly Wanted[]>();

  /** @param levelOf The level by which a product is short or not. */
  constructor(levelOf: (units: Units) => StockLevel) {
    this.#levelOf = levelOf;
  }

  /** A call begins to wait for its lines, one for each SKU. */
  begin(call: number, { lines }: Place): void {
    this.#waiting.set(call, lines.map((line) => this.#wantedOf(line)));
  }

  #wantedOf({ sku, quantity, units }: PlacedLine): Wanted {
    const level = this.#levelOf(units);
    if (level.low === null) {
      level.low = new LowWater();
      level.low.note(level.available);
    }
    return { sku, quantity, level, since: level.low.position };
  }

  /** Looks at the levels that have just changed. */
  note(touched: readonly StockLevel[]): void {
    for (const { low, available } of touched) low?.note(available);
  }

  /** Ends the wait of a call that was not sold out. */
  forget(call: number): void {
    this.#waiting.take(call);
  }

  /**
   * Ends the wait of a call that was sold out: null when some line was short
   * meanwhile, else the first line with the least that was available.
   */
  end(call: number): { readonly sku: string; readonly detail: string } | null {
    const wanted = this.#waiting.take(call) ?? [];
    for (const { level, quantity, since } of wanted) {
      if (level.low!.lowestSince(since) < quantity) return null;
    }
    const [first] = wanted;
    if (first === undefined) return null;
    const { sku, quantity, level, since } = first;
    const lowest = level.low!.lowestSince(since);
    const detail = `${quantity} of "${sku}" were refused as sold out, but ` +
      `never less than ${lowest} were available`;
    return { sku, detail };
  }
}
