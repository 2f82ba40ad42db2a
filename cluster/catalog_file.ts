/**
 * Reads a catalog: the products and the opening stock of a new shop, as CSV
 * (RFC 4180, with a header) or as a JSON array of objects. It is strict: a
 * broken row is named with what was expected and what was found, and nothing
 * of the file is used.
 *
 * @module
 */
import { parseCsv } from "./csv.ts";

/** A product with its opening stock. */
export interface CatalogItem {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  /** Three capital letters (ISO 4217). */
  readonly currency: string;
  readonly units: number;
}

/** A catalog that cannot be used. `message` is one line for a person. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
}

/**
 * The largest price and stock: 2^53 / 10^6. An order has at most 100 lines of
 * 10,000 units, and a catalog a million products, so that every total stays a
 * safe integer.
 */
export const MOST_CENTS_OR_UNITS = 9_007_199_254;

const DEFAULT_CURRENCY = "GBP";
const FIELDS = ["sku", "name", "priceCents", "currency", "units"] as const;
type Field = typeof FIELDS[number];
type Row = Partial<Record<Field, unknown>>;

/** Other spellings of a field. */
const ALIASES: ReadonlyMap<string, Field> = new Map([
  ...FIELDS.map((field) => [field, field] as const),
  ["price_cents", "priceCents"],
]);

/**
 * Reads all products, in the order of the file.
 *
 * @param file The name by which messages call the file.
 * @throws {CatalogError} For the first thing that is wrong with it.
 */
export function parseCatalog(text: string, file: string): CatalogItem[] {
  const catalog = new CatalogBuilder(file);
  // A byte order mark is what spreadsheets put in front.
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (/^\s*[[{]/.test(body)) readJson(body, catalog);
  else readCsv(body, catalog);
  return catalog.finish();
}

function readJson(text: string, catalog: CatalogBuilder): void {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, line ends and all.
    const found = (error as Error).message.replaceAll(/\s+/g, " ");
    throw catalog.error("", "valid JSON", found);
  }
  if (!Array.isArray(rows)) {
    throw catalog.error("", "an array of products", show(rows));
  }
  rows.forEach((row: unknown, index) => {
    const place = `[${index}]`;
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw catalog.error(place, "an object", show(row));
    }
    const named: Row = {};
    for (const [key, value] of Object.entries(row)) {
      named[catalog.field(place, key)] = value;
    }
    catalog.add(place, named);
  });
}

function readCsv(text: string, catalog: CatalogBuilder): void {
  let header: Field[] | undefined;
  const broken = parseCsv(text, (cells, number) => {
    const place = `row ${number}`;
    if (header === undefined) {
      header = cells.map((cell) => catalog.field(place, cell.trim()));
      return;
    }
    if (cells.length !== header.length) {
      const expected = `${header.length} cells`;
      throw catalog.error(place, expected, `${cells.length}`);
    }
    const row: Row = {};
    for (let index = 0; index < cells.length; index++) {
      const field = header[index]!;
      const cell = cells[index]!;
      row[field] = NUMERIC.has(field) && DIGITS.test(cell)
        ? Number(cell)
        : cell;
    }
    // An empty cell of a field that may be left out is left out.
    if (row.currency === "") delete row.currency;
    catalog.add(place, row);
  });
  if (broken !== null) {
    throw catalog.error(`row ${broken.row}`, broken.expected, broken.found);
  }
}

const NUMERIC: ReadonlySet<Field> = new Set(["priceCents", "units"]);
const DIGITS = /^\d{1,15}$/;

/** Checks rows and gathers products. */
class CatalogBuilder {
  readonly #file: string;
  readonly #items: CatalogItem[] = [];
  /** Where each SKU stands, to name both of a pair. */
  readonly #places = new Map<string, string>();

  constructor(file: string) {
    this.#file = file;
  }

  /** The field that a heading or key stands for. */
  field(place: string, heading: string): Field {
    const field = ALIASES.get(heading);
    if (field !== undefined) return field;
    throw this.error(place, `the fields ${FIELDS.join(", ")}`, show(heading));
  }

  add(place: string, row: Row): void {
    const item: CatalogItem = {
      sku: this.#text(place, "sku", row.sku, SKU, "1 to 64 visible characters"),
      name: this.#text(place, "name", row.name, NAME, "1 to 200 characters"),
      priceCents: this.#integer(place, "priceCents", row.priceCents),
      currency: this.#text(
        place,
        "currency",
        row.currency ?? DEFAULT_CURRENCY,
        CURRENCY,
        "three capital letters",
      ),
      units: this.#integer(place, "units", row.units),
    };
    const earlier = this.#places.get(item.sku);
    if (earlier !== undefined) {
      const expected = `a SKU that is not in ${earlier} already`;
      throw this.error(`${place}, sku`, expected, show(item.sku));
    }
    this.#places.set(item.sku, place);
    this.#items.push(item);
  }

  finish(): CatalogItem[] {
    if (this.#items.length > 0) return this.#items;
    throw this.error("", "at least one product", "none");
  }

  error(place: string, expected: string, found: string): CatalogError {
    const where = place === "" ? this.#file : `${this.#file}: ${place}`;
    return new CatalogError(`${where}: expected ${expected}, found ${found}`);
  }

  #text(
    place: string,
    field: Field,
    value: unknown,
    pattern: RegExp,
    expected: string,
  ): string {
    if (typeof value === "string" && pattern.test(value)) return value;
    throw this.error(`${place}, ${field}`, expected, show(value));
  }

  #integer(place: string, field: Field, value: unknown): number {
    if (
      typeof value === "number" && Number.isInteger(value) && value >= 0 &&
      value <= MOST_CENTS_OR_UNITS
    ) return value;
    const expected = `an integer from 0 to ${MOST_CENTS_OR_UNITS}`;
    throw this.error(`${place}, ${field}`, expected, show(value));
  }
}

const SKU = /^[^\s\p{C}]{1,64}$/u;
const NAME = /^[^\p{Cc}]{1,200}$/u;
const CURRENCY = /^[A-Z]{3}$/;

/** A value as a message quotes it, cut where it gets long. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
