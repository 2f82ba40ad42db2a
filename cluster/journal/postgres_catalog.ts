/**
 * The catalog in PostgreSQL, one for all processes of a shop; it answers as
 * `catalog.sqlite` does. Words are split here and not by the server, whose
 * parser knows URLs and hyphens: as runs of letters and digits, without case
 * and accents.
 *
 * @module
 */
import type { TransactionSql } from "postgres";
import type { CatalogEntry, SkuPage } from "../../actors/catalog.ts";
import type {
  CatalogPage,
  CatalogProduct,
  OpeningStock,
} from "./catalog_store.ts";
import { nextOf, rankOf, skuToken, wordsOf } from "./catalog_words.ts";
import {
  type PostgresAccess,
  postgresClient,
  PostgresConnection,
  type PostgresRow,
  rowsOf,
  within,
} from "./postgres_connection.ts";

const COLUMNS = "rank, sku, name, currency, version";

/** Rows of one statement of an import: some hundred kilobytes. */
const IMPORT_ROWS = 1_000;
/** 100,000 products take some seconds. */
const IMPORT_WITHIN_MS = 120_000;

/**
 * The products of a shop. Every call rejects when the server does not take it
 * or does not answer.
 */
export class PostgresCatalog {
  readonly #access: PostgresAccess;
  readonly #connection: PostgresConnection;

  /** Connects when it is first used. */
  constructor(access: PostgresAccess) {
    this.#access = access;
    this.#connection = new PostgresConnection(access, "catalog");
  }

  /** True until something was imported. */
  async isEmpty(): Promise<boolean> {
    const sql = "SELECT 1 FROM doorbuster.products LIMIT 1";
    return (await this.#rows(sql)).length === 0;
  }

  /**
   * Fills an empty catalog, all or nothing; false when something is there
   * already, as when another process was first. Throws `RangeError` for a SKU
   * that comes twice.
   */
  async importProducts(products: Iterable<CatalogProduct>): Promise<boolean> {
    const rows = importRows(products);
    const { url, timers } = this.#access;
    const client = postgresClient(url, "import", IMPORT_WITHIN_MS);
    try {
      const filling = client.begin((sql) => fill(sql, rows));
      return await within(filling, IMPORT_WITHIN_MS, timers);
    } finally {
      await client.end({ timeout: 0 });
    }
  }

  /** One product; null when there is none. */
  async readEntry(sku: string): Promise<CatalogEntry | null> {
    const [row] = await this.#rows(
      `SELECT ${COLUMNS} FROM doorbuster.products WHERE sku = $1`,
      [storable(sku)],
    );
    return row === undefined ? null : entryOf(row);
  }

  /** As {@linkcode CatalogStore.search}. */
  async search(
    query: string,
    limit: number,
    after?: string,
  ): Promise<CatalogPage | null> {
    const rank = after === undefined ? 0 : rankOf(after);
    if (rank === null) return null;
    const wanted = wordsOf(query).map(matching).join(" & ");
    // One more than asked for tells whether there is a next page.
    const rows = await (wanted === ""
      ? this.#rows(LIST, [rank, limit + 1])
      // Frequent words are found in the order of ranks, rare ones by the index.
      : this.#rows(SEARCH, [rank, limit + 1, wanted], { isPlanned: true }));
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasNext = rows.length > limit && last !== undefined;
    return {
      items: items.map(entryOf),
      next: hasNext ? nextOf(Number(last.rank)) : null,
    };
  }

  /** SKUs in the catalog's order, as `search` pages; null for a bad `after`. */
  async listSkus(limit: number, after?: string): Promise<SkuPage | null> {
    const rank = after === undefined ? 0 : rankOf(after);
    if (rank === null) return null;
    const rows = await this.#rows(LIST, [rank, limit]);
    // Ranks have no gaps, and the highest is found without counting.
    const [highest] = await this.#rows(
      "SELECT coalesce(max(rank), 0) AS total FROM doorbuster.products",
    );
    const total = Number(highest!.total);
    const last = Number(rows.at(-1)?.rank ?? total);
    return {
      skus: rows.map(({ sku }) => String(sku)),
      next: last < total ? nextOf(last) : null,
      total,
    };
  }

  /** The opening stock of all products, `chunk` of them at a time. */
  async *openingStock(
    chunk = 1_000,
  ): AsyncGenerator<readonly OpeningStock[]> {
    for (let rank = 0;;) {
      const rows = await this.#rows(
        `SELECT rank, sku, units, price_cents FROM doorbuster.products
         WHERE rank > $1 ORDER BY rank LIMIT $2`,
        [rank, chunk],
      );
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
  async isOpened(): Promise<boolean> {
    const rows = await this.#rows("SELECT 1 FROM doorbuster.opened LIMIT 1");
    return rows.length > 0;
  }

  /** Notes that all opening stock has reached its shards. */
  async markOpened(): Promise<void> {
    await this.#rows(
      "INSERT INTO doorbuster.opened SELECT count(*) FROM doorbuster.products",
    );
  }

  /** Ends all use. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #rows(
    statement: string,
    values: (string | number)[] = [],
    options: { isPlanned?: boolean } = {},
  ): Promise<readonly PostgresRow[]> {
    return rowsOf(await this.#connection.run(statement, values, options));
  }
}

const LIST = `
  SELECT ${COLUMNS} FROM doorbuster.products
  WHERE rank > $1::bigint ORDER BY rank LIMIT $2`;

const SEARCH = `
  SELECT ${COLUMNS} FROM doorbuster.products
  WHERE words @@ $3::tsquery AND rank > $1::bigint ORDER BY rank LIMIT $2`;

const IMPORT = `
  INSERT INTO doorbuster.products (rank, sku, name, price_cents, currency,
    units, version, words)
  SELECT rank, sku, name, price_cents, currency, units, 1, words::tsvector
  FROM json_to_recordset($1::text::json) AS product (rank integer, sku text, name text,
    price_cents bigint, currency text, units bigint, words text)`;

/** False when something is there already; the lock lets one process look. */
async function fill(
  sql: TransactionSql,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<boolean> {
  await sql`LOCK TABLE doorbuster.products IN SHARE ROW EXCLUSIVE MODE`;
  const [first] = await sql`SELECT 1 FROM doorbuster.products LIMIT 1`;
  if (first !== undefined) return false;
  for (let at = 0; at < rows.length; at += IMPORT_ROWS) {
    const chunk = JSON.stringify(rows.slice(at, at + IMPORT_ROWS));
    await sql.unsafe(IMPORT, [chunk]);
  }
  return true;
}

function importRows(products: Iterable<CatalogProduct>) {
  const seen = new Set<string>();
  const rows = [];
  for (const { sku, name, priceCents, currency, units } of products) {
    if (seen.has(sku)) throw new RangeError(`SKU "${sku}" comes twice`);
    seen.add(sku);
    rows.push({
      rank: rows.length + 1,
      sku,
      name: storable(name),
      price_cents: priceCents,
      currency,
      units,
      words: vectorOf(name, sku),
    });
  }
  return rows;
}

function entryOf(row: PostgresRow): CatalogEntry {
  return {
    sku: String(row.sku),
    name: String(row.name),
    currency: String(row.currency),
    version: Number(row.version),
  };
}

/** U+0000, which no text of PostgreSQL can have, so none is equal to it. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/**
 * Runs of letters and digits, in lower case and Latin ones without accents:
 * what SQLite's `unicode61` makes of a text with `remove_diacritics 2`.
 */
function tokensOf(text: string): readonly string[] {
  const plain = text.toWellFormed().normalize("NFD")
    .replaceAll(/(\p{Script=Latin})[\u0300-\u036f]+/gu, "$1").normalize("NFC")
    .toLowerCase();
  const tokens: string[] = plain.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];
  return tokens.map(bounded);
}

/** A word of the server has at most 2,046 bytes; a letter up to four. */
function bounded(token: string): string {
  return token.slice(0, 500).toWellFormed();
}

// A vector holds positions up to this one; names are far shorter.
const MAX_POSITION = 16_383;

/** The words of a name with their places (A), and the SKU as one word (B). */
function vectorOf(name: string, sku: string): string {
  const words = tokensOf(name).slice(0, MAX_POSITION)
    .map((token, index) => `'${token}':${index + 1}A`);
  return [...words, `'${bounded(skuToken(sku))}':1B`].join(" ");
}

/** A name's words that begin so, one after the other, or the SKU. */
function matching(word: string): string {
  const sku = `'${bounded(skuToken(word))}':B`;
  const tokens = tokensOf(word);
  const last = tokens.length - 1;
  const name = tokens.map((token, index) =>
    index === last ? `'${token}':*A` : `'${token}':A`
  );
  return name.length === 0 ? sku : `((${name.join(" <-> ")}) | ${sku})`;
}
