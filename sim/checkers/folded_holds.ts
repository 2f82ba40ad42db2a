/**
 * The holds of all shards as the checkers fold them. One that is open and not
 * pinned, as nearly all of a long run are, is kept as the event that made it,
 * which is there anyhow.
 *
 * @module
 */
import type { StockHeld } from "../../actors/inventory_shard.ts";
import { TextTable } from "./text_table.ts";

/** A hold and what became of it. */
export class FoldedHold {
  readonly holdId: string;
  /** What was held; nothing, where a release came before its reserve. */
  readonly held: Pick<StockHeld, "lines" | "userId" | "untilMs">;
  status: "open" | "sold" | "released" | "returned" | "refused";
  /** Until when it is pinned, or was before it was unpinned. */
  pinnedUntilMs = 0;

  constructor(
    holdId: string,
    held: FoldedHold["held"],
    status: FoldedHold["status"],
  ) {
    this.holdId = holdId;
    this.held = held;
    this.status = status;
  }
}

/** By shard and id: the lines of an order have one id everywhere. */
export class FoldedHolds {
  readonly #shards = new Map<string, TextTable<FoldedHold | StockHeld>>();

  /** Adds an open hold: the event itself, since a copy would be kept as long. */
  open(shard: string, event: StockHeld): void {
    this.#of(shard).set(event);
  }

  /** Adds the tombstone of a hold that was never made. */
  bury(shard: string, holdId: string): void {
    this.#of(shard).set(new FoldedHold(holdId, NOTHING, "refused"));
  }

  /** Forgets a hold. */
  delete(shard: string, holdId: string): void {
    this.#of(shard).delete(holdId);
  }

  /** A hold of a shard as it is now; undefined when it is not known. */
  find(shard: string, holdId: string): Readonly<FoldedHold> | undefined {
    const hold = this.#shards.get(shard)?.get(holdId);
    return hold && holdOf(hold);
  }

  /** A hold of a shard, to be changed; undefined when it is not known. */
  change(shard: string, holdId: string): FoldedHold | undefined {
    const known = this.#shards.get(shard)?.get(holdId);
    if (known === undefined || known instanceof FoldedHold) return known;
    const hold = holdOf(known);
    this.#of(shard).set(hold);
    return hold;
  }

  /** All holds of all shards. */
  *all(): Generator<readonly [holdId: string, hold: Readonly<FoldedHold>]> {
    for (const holds of this.#shards.values()) {
      for (const hold of holds.values()) yield [hold.holdId, holdOf(hold)];
    }
  }

  #of(shard: string): TextTable<FoldedHold | StockHeld> {
    let holds = this.#shards.get(shard);
    if (holds === undefined) {
      holds = new TextTable(({ holdId }) => holdId);
      this.#shards.set(shard, holds);
    }
    return holds;
  }
}

const NOTHING: FoldedHold["held"] = { lines: [], userId: "", untilMs: 0 };

function holdOf(hold: FoldedHold | StockHeld): FoldedHold {
  return hold instanceof FoldedHold
    ? hold
    : new FoldedHold(hold.holdId, hold, "open");
}
