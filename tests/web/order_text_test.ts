/**
 * The hand-written JSON of orders says what `JSON.stringify` would.
 *
 * @module
 */
import assert from "node:assert/strict";
import { instantText, orderText } from "../../web/api/order_text.ts";

Deno.test("Times are written as Date.toISOString writes them", () => {
  const day = 86_400_000;
  const instants = [0, 1, day - 1, day, Date.UTC(2024, 1, 29, 23, 59, 59, 999)];
  for (const wallMs of [...instants, 1_795_219_505_007, 4_102_444_799_999]) {
    assert.equal(instantText(wallMs), new Date(wallMs).toISOString());
  }
});

Deno.test("An order's text is JSON, whatever its sku is", () => {
  const order = {
    id: 'o"1',
    status: "paid",
    lines: [
      { sku: 'a"\\\n\u2028', quantity: 1, priceCents: 2 },
      { sku: "b", quantity: 3, priceCents: 4 },
    ],
    totalCents: 14,
    reservedUntilMs: 900_000,
    placedAtMs: 0,
  } as const;
  const { reservedUntilMs, placedAtMs, ...rest } = order;
  assert.deepEqual(JSON.parse(orderText(order, "GBP")), {
    ...rest,
    currency: "GBP",
    reservedUntil: new Date(reservedUntilMs).toISOString(),
    placedAt: new Date(placedAtMs).toISOString(),
  });
});
