/**
 * `catalog.sqlite`: what the shop knows of its products, how they are found,
 * and the units each opens with. Filled once, when it is new; it keeps the
 * order in which it was filled (best sellers first).
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { CatalogEntry, SkuPage } from "../../actors/catalog.ts";
import {
  type FileKind,
  inTransaction,
  openExisting,
  openOrCreate,
} from "./database.ts";
import { nextOf, rankOf, skuToken, wordsOf } from "./catalog_words.ts";
import { readIdentity } from "./data_folder.ts";

/** A product as a catalog file describes it. */
export interface CatalogProduct {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  readonly currency: string;
  /** Opening stock. */
  readonly units: number;
}

/** What a shard opens a SKU with. */
export type OpeningStock = Pick<CatalogProduct, "sku" | "units" | "priceCents">;

/** Some products and where the next begin; null at the end. */
export interface CatalogPage {
  readonly items: readonly CatalogEntry[];
  readonly next: string | null;
}

/**
 * The products. `words` has no copy of the text: one row per product, by rank.
 * Prefixes up to three letters have an index of their own, as people begin to
 * type them.
 */
export const CATALOG_FILE: FileKind = {
  what: "a catalog",
  applicationId: "DbCa",
  format: 1,
  schema: `
    CREATE TABLE products (
      rank INTEGER PRIMARY KEY,
      sku TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      price_cents INTEGER NOT NULL,
      currency TEXT NOT NULL,
      units INTEGER NOT NULL,
      version INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE opened (at_rank INTEGER NOT NULL) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (
      name, sku, content = '', prefix = '1 2 3',
      tokenize = 'unicode61 remove_diacritics 2'
    );
  `,
};

/** The products of a shop. */
export class CatalogStore {
  readonly #database: DatabaseSync;
  readonly #readOnly: boolean;
  readonly #entry: StatementSync;
  readonly #list: StatementSync;
  readonly #search: StatementSync;
  readonly #skus: StatementSync;
  readonly #total: StatementSync;

  /**
   * Opens the catalog of a data folder. With `readOnly` it must be there, and
   * every write of this connection throws. Throws `StoreError`.
   */
  constructor(folder: string, { readOnly = false } = {}) {
    this.#readOnly = readOnly;
    const { storeId } = readIdentity(folder);
    const open = readOnly ? openExisting : openOrCreate;
    this.#database = open(`${folder}/catalog.sqlite`, CATALOG_FILE, {
      storeId,
      readOnly,
    });
    // `words` has columns `rank` and `name` of its own.
    const columns = ["rank", "sku", "name", "currency", "version"]
      .map((column) => `products.${column}`).join(", ");
    this.#entry = this.#database.prepare(
      `SELECT ${columns} FROM products WHERE sku = ?`,
    );
    this.#list = this.#database.prepare(
      `SELECT ${columns} FROM products WHERE rank > ? ORDER BY rank LIMIT ?`,
    );
    this.#search = this.#database.prepare(`
      SELECT ${columns} FROM words JOIN products ON products.rank = words.rowid
      WHERE words MATCH ? AND words.rowid > ? ORDER BY words.rowid LIMIT ?`);
    this.#skus = this.#database.prepare(
      "SELECT rank, sku FROM products WHERE rank > ? ORDER BY rank LIMIT ?",
    );
    // Ranks have no gaps, and the highest is found without counting.
    this.#total = this.#database.prepare(
      "SELECT coalesce(max(rank), 0) AS total FROM products",
    );
  }

  /** True until something was imported. */
  get isEmpty(): boolean {
    return this.#list.get(0, 1) === undefined;
  }

  /**
   * Fills an empty catalog, all or nothing. Throws `RangeError` for a SKU that
   * comes twice, and `TypeError` when something is there already.
   */
  importProducts(products: Iterable<CatalogProduct>): void {
    inTransaction(this.#database, () => {
      if (!this.isEmpty) throw new TypeError("The catalog is not empty");
      const product = this.#database.prepare(
        "INSERT OR IGNORE INTO products VALUES (?, ?, ?, ?, ?, ?, 1)",
      );
      const words = this.#database.prepare(
        "INSERT INTO words (rowid, name, sku) VALUES (?, ?, ?)",
      );
      let rank = 0;
      for (const { sku, name, priceCents, currency, units } of products) {
        rank++;
        const { changes } = product.run(
          rank,
          sku,
          name,
          priceCents,
          currency,
          units,
        );
        if (changes === 0) throw new RangeError(`SKU "${sku}" comes twice`);
        words.run(rank, name, skuToken(sku));
      }
    });
  }

  /** One product; null when there is none. */
  readEntry(sku: string): CatalogEntry | null {
    const row = this.#entry.get(sku);
    return row === undefined ? null : entryOf(row);
  }

  /**
   * Products of which every word of `query` begins a word of the name or is
   * the SKU; all for an empty query. `after` is the `next` of an earlier page;
   * null comes back when it is not one.
   */
  search(query: string, limit: number, after?: string): CatalogPage | null {
    const rank = after === undefined ? 0 : rankOf(after);
    if (rank === null) return null;
    const words = wordsOf(query);
    // One more than asked for tells whether there is a next page.
    const rows = words.length === 0
      ? this.#list.all(rank, limit + 1)
      : this.#search.all(words.map(matching).join(" AND "), rank, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasNext = rows.length > limit && last !== undefined;
    return {
      items: items.map(entryOf),
      next: hasNext ? nextOf(Number(last.rank)) : null,
    };
  }

  /** SKUs in the catalog's order, as `search` pages; null for a bad `after`. */
  listSkus(limit: number, after?: string): SkuPage | null {
    const rank = after === undefined ? 0 : rankOf(after);
    if (rank === null) return null;
    const rows = this.#skus.all(rank, limit);
    const total = Number(this.#total.get()!.total);
    const last = Number(rows.at(-1)?.rank ?? total);
    return {
      skus: rows.map(({ sku }) => String(sku)),
      next: last < total ? nextOf(last) : null,
      total,
    };
  }

  /** The opening stock of all products, `chunk` of them at a time. */
  *openingStock(chunk = 1_000): Generator<readonly OpeningStock[]> {
    const statement = this.#database.prepare(`
      SELECT rank, sku, units, price_cents FROM products
      WHERE rank > ? ORDER BY rank LIMIT ?`);
    for (let rank = 0;;) {
      const rows = statement.all(rank, chunk);
      if (rows.length === 0) return;
      yield rows.map((row) => ({
        sku: String(row.sku),
        units: Number(row.units),
        priceCents: Number(row.price_cents),
      }));
      rank = Number(rows.at(-1)!.rank);
    }
  }

  /** True once all opening stock has reached its shards. */
  get isOpened(): boolean {
    return this.#database.prepare("SELECT 1 FROM opened").get() !== undefined;
  }

  /** Notes that all opening stock has reached its shards. */
  markOpened(): void {
    this.#database.exec("INSERT INTO opened SELECT count(*) FROM products");
  }

  /** Ends all use. What was written is in the file, also with readers left. */
  close(): void {
    // Whoever closes last moves the log into the file, but no reader can.
    if (!this.#readOnly) this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    this.#database.close();
  }
}

function entryOf(row: Record<string, unknown>): CatalogEntry {
  return {
    sku: String(row.sku),
    name: String(row.name),
    currency: String(row.currency),
    version: Number(row.version),
  };
}

/** In quotes nothing is syntax: a name's word that begins so, or the SKU. */
function matching(word: string): string {
  const quoted = `"${word.replaceAll('"', '""')}"`;
  return `(name : ${quoted} * OR sku : "${skuToken(word)}")`;
}
