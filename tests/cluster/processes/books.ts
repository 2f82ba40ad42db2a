/**
 * What must agree after a shop of several processes was in trouble: what buyers
 * were told, what each process says, the stock, and the rows of the journal.
 *
 * @module
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "../../shop/bookkeeping.ts";
import type { Purchase } from "../../shop/purchase.ts";
import type { ShopClient } from "../../shop/shop_client.ts";

/** Whoever was interrupted finds out; then the books are compared. */
export async function expectBooksAgree(
  clients: readonly ShopClient[],
  purchases: readonly Purchase[],
  databaseUrl: string,
): Promise<void> {
  for (const client of clients) await expectAnswersKept(client, purchases);
  await expectOneOrderForEachKey(clients[0]!, purchases);
  await expectStockOfOrders(clients.at(-1)!, purchases);
  await expectFencesGrow(databaseUrl);
}

/** No row of an older epoch follows one of a newer. */
export async function expectFencesGrow(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const wrong = await sql`
      SELECT partition, first_sequence FROM (
        SELECT partition, first_sequence, epoch, event_count,
          lag(epoch) OVER rows AS epoch_before,
          lag(first_sequence + event_count) OVER rows AS expected
        FROM doorbuster.events
        WINDOW rows AS (PARTITION BY partition ORDER BY first_sequence)
      ) AS numbered
      WHERE epoch < epoch_before OR first_sequence <> expected`;
    assert.deepEqual([...wrong], []);
  } finally {
    await sql.end();
  }
}
