/**
 * An order as the JSON text that clients get. Written by hand, because this is
 * the answer a sale consists of, and `JSON.stringify` with two dates takes
 * five times as long (2.9 µs against 0.5 µs) as everything the edge may add.
 *
 * @module
 */
import type { OrderView } from "../../actors/storefront.ts";

const DAY_MS = 86_400_000;

/** Nearly all orders alive are of one day, so its text is made once. */
let day = { startMs: -1, text: "" };

/** RFC 3339 in UTC with milliseconds, as `Date.toISOString` writes it. */
export function instantText(wallMs: number): string {
  const ms = wallMs % DAY_MS;
  const startMs = wallMs - ms;
  if (day.startMs !== startMs) {
    day = { startMs, text: new Date(startMs).toISOString().slice(0, 11) };
  }
  const hours = digits(Math.floor(ms / 3_600_000), 2);
  const minutes = digits(Math.floor(ms / 60_000) % 60, 2);
  const seconds = digits(Math.floor(ms / 1000) % 60, 2);
  return `${day.text}${hours}:${minutes}:${seconds}.${digits(ms % 1000, 3)}Z`;
}

/** The JSON text of an order. */
export function orderText(order: OrderView, currency: string): string {
  let lines = "";
  for (const { sku, quantity, priceCents } of order.lines) {
    if (lines !== "") lines += ",";
    lines += `{"sku":${JSON.stringify(sku)},"quantity":${quantity},` +
      `"priceCents":${priceCents}}`;
  }
  return `{"id":${JSON.stringify(order.id)},"status":"${order.status}",` +
    `"lines":[${lines}],"totalCents":${order.totalCents},` +
    `"currency":"${currency}",` +
    `"reservedUntil":"${instantText(order.reservedUntilMs)}",` +
    `"placedAt":"${instantText(order.placedAtMs)}"}`;
}

function digits(value: number, count: number): string {
  const text = String(value);
  return text.length < count ? text.padStart(count, "0") : text;
}
