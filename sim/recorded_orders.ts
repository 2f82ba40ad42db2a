/**
 * Orders as a real shop recorded them: who bought when, and what. A scenario
 * plays them back, faster than they came. Invoices are CSV with the columns
 * `invoiced_at` (local time), `invoice`, `customer` and `units`; order lines
 * have `invoice`, `sku` and `quantity`. What was given back (no units, or
 * fewer) is no order and is left out.
 *
 * @module
 */
import { parseCsv } from "../cluster/csv.ts";
import { ScenarioError } from "./scenario.ts";

/** One order as it came. */
export interface RecordedOrder {
  /** Since the first order of the file, as recorded. */
  readonly atUs: number;
  /** Empty when the shop did not know him. */
  readonly customer: string;
  /** Empty when none was recorded. */
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
  }[];
}

/** Text of a file and the name by which errors call it. */
export interface NamedText {
  readonly path: string;
  readonly text: string;
}

/** What the shop takes in an order: contract of `/v1/orders`. */
const MOST_LINES = 100;
const MOST_UNITS = 10_000;

/**
 * Reads all orders, the earliest first.
 *
 * @param lines Null: no order has any.
 * @throws {ScenarioError} For the first row that is broken.
 */
export function parseRecordedOrders(
  invoices: NamedText,
  lines: NamedText | null,
): RecordedOrder[] {
  const linesOf = lines === null ? new Map() : linesByInvoice(lines);
  const found: { atMs: number; customer: string; invoice: string }[] = [];
  const columns = ["invoiced_at", "invoice", "customer", "units"] as const;
  readRows(invoices, columns, (row, number) => {
    const atMs = Date.parse(`${row.invoiced_at}Z`);
    if (Number.isNaN(atMs)) {
      const expected = "a time such as 2010-12-01T08:26:00";
      throw broken(invoices.path, number, expected, row.invoiced_at);
    }
    if (!(Number(row.units) > 0)) return;
    found.push({ atMs, customer: row.customer, invoice: row.invoice });
  });
  found.sort((one, other) => one.atMs - other.atMs);
  const firstMs = found[0]?.atMs ?? 0;
  return found.map(({ atMs, customer, invoice }) => ({
    atUs: (atMs - firstMs) * 1000,
    customer,
    lines: linesOf.get(invoice) ?? [],
  }));
}

/** Lines of one product are one line, as in an order of the shop. */
function linesByInvoice(
  file: NamedText,
): Map<string, { sku: string; quantity: number }[]> {
  const orders = new Map<string, { sku: string; quantity: number }[]>();
  readRows(file, ["invoice", "sku", "quantity"], (row, number) => {
    const quantity = Number(row.quantity);
    if (!Number.isInteger(quantity)) {
      throw broken(file.path, number, "a whole quantity", row.quantity);
    }
    const lines = orders.get(row.invoice) ?? [];
    orders.set(row.invoice, lines);
    const same = lines.find(({ sku }) => sku === row.sku);
    const units = quantity + (same?.quantity ?? 0);
    if (quantity < 1 || units > MOST_UNITS) return;
    if (same !== undefined) same.quantity = units;
    else if (lines.length < MOST_LINES) lines.push({ sku: row.sku, quantity });
  });
  return orders;
}

/** Calls with the named cells of each row below the header. */
function readRows<Column extends string>(
  { path, text }: NamedText,
  columns: readonly Column[],
  take: (row: Record<Column, string>, number: number) => void,
): void {
  let places: number[] | undefined;
  const problem = parseCsv(text, (cells, number) => {
    if (places === undefined) {
      places = columns.map((column) => cells.indexOf(column));
      if (!places.includes(-1)) return;
      const expected = `the columns ${columns.join(", ")}`;
      throw broken(path, number, expected, cells.join(","));
    }
    const row = columns.map((column, index) =>
      [column, cells[places![index]!] ?? ""] as const
    );
    take(Object.fromEntries(row) as Record<Column, string>, number);
  });
  if (problem === null) return;
  throw broken(path, problem.row, problem.expected, problem.found);
}

function broken(
  path: string,
  row: number,
  expected: string,
  found: string,
): ScenarioError {
  const quoted = JSON.stringify(found.slice(0, 60));
  const line = `${path}: row ${row}: expected ${expected}, found ${quoted}`;
  return new ScenarioError([line]);
}
