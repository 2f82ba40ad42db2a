/**
 * Orders that really came: when, from whom and, where it is known, what was in
 * them. A phase plays them back faster than they came.
 *
 * @module
 */
import type { Line } from "../actors/inventory_shard.ts";
import { parseCsv } from "../cluster/csv.ts";

/** One order that came. */
export interface RecordedOrder {
  /** Since the first one, as it came. */
  readonly atMs: number;
  readonly customer: string;
  /** Null: not known. */
  readonly lines: readonly Line[] | null;
}

/**
 * Reads orders, oldest first: a table with the columns `invoiced_at`, `invoice`
 * and `customer`, and one with `invoice`, `sku` and `quantity`, which may be
 * missing. Rows that make no sense are left out.
 */
export function readRecording(
  invoices: string,
  lines: string | null,
): readonly RecordedOrder[] {
  const linesOf = new Map<string, Line[]>();
  for (const [invoice = "", sku = "", quantity] of rowsOf(lines ?? "")) {
    const line = { sku, quantity: Number(quantity) };
    if (!Number.isSafeInteger(line.quantity) || line.quantity < 1) continue;
    const known = linesOf.get(invoice);
    if (known === undefined) linesOf.set(invoice, [line]);
    else known.push(line);
  }
  const orders: { atMs: number; customer: string; lines: Line[] | null }[] = [];
  for (const [at = "", invoice = "", customer = ""] of rowsOf(invoices)) {
    const atMs = Date.parse(`${at}Z`);
    if (Number.isNaN(atMs)) continue;
    orders.push({ atMs, customer, lines: linesOf.get(invoice) ?? null });
  }
  orders.sort((left, right) => left.atMs - right.atMs);
  const firstMs = orders[0]?.atMs ?? 0;
  return orders.map((order) => ({ ...order, atMs: order.atMs - firstMs }));
}

/** The rows behind the heading. */
function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  parseCsv(text, (cells, number) => {
    if (number > 1) rows.push(cells);
  });
  return rows;
}
