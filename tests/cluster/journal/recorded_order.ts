/**
 * An order and its hold in the journals of two partitions, for tests of its
 * history.
 *
 * @module
 */
import type { Journal } from "../../../actors/runtime/ports.ts";
import { append, take } from "./journal_contract.ts";

const DAY_MS = Date.UTC(2026, 10, 11);
const LINES = [{ sku: "85123A", quantity: 2, priceCents: 295 }];
const HOLD = { holdId: "hold 7", userId: "u1" };

/** An event of any shape. */
function fact(kind: string, fields: Readonly<Record<string, unknown>>) {
  return { kind, ...fields };
}

/** An order and its hold in two partitions, with others around them. */
export async function recordOrder(journal: Journal): Promise<void> {
  const [store, stock] = await take(journal, "storefront[1]", "inventory[0]");
  const many = Array.from(
    { length: 5 },
    (_, index) => ({ sku: `other${index}`, quantity: 1, priceCents: 5 }),
  );
  await append(journal, {
    partition: "inventory[0]",
    epoch: stock!.epoch,
    firstSequence: 1,
    events: [
      fact("stock_held", { ...HOLD, lines: LINES, atMs: DAY_MS }),
      fact("stock_held", { holdId: "hold 70", lines: many, atMs: DAY_MS + 1 }),
      fact("stock_sold", { holdId: "hold 7", atMs: DAY_MS + 9 }),
    ],
  }, {
    partition: "storefront[1]",
    epoch: store!.epoch,
    firstSequence: 1,
    events: [
      fact("order_placed", {
        orderId: "o-1",
        ...HOLD,
        lines: LINES,
        atMs: DAY_MS + 5,
      }),
      fact("order_placed", {
        orderId: "o-10",
        holdId: "hold 70",
        atMs: DAY_MS + 6,
      }),
    ],
  });
}
