/**
 * What every catalog answers, whatever keeps it: a table of claims, each with
 * the products that it is about. A test file of an implementation runs all.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { CatalogEntry, SkuPage } from "../../../actors/catalog.ts";
import type {
  CatalogPage,
  CatalogProduct,
  OpeningStock,
} from "../../../cluster/journal/catalog_store.ts";

/** A store on this disk answers at once, one across a network later. */
type Soon<Value> = Value | Promise<Value>;

/** A catalog that was filled. */
export interface FilledCatalog {
  /** One product; null when there is none. */
  readEntry(sku: string): Soon<CatalogEntry | null>;
  /** Products by the words of a query; null for an `after` that is none. */
  search(
    query: string,
    limit: number,
    after?: string,
  ): Soon<CatalogPage | null>;
  /** SKUs in the catalog's order; null for an `after` that is none. */
  listSkus(limit: number, after?: string): Soon<SkuPage | null>;
  /** The opening stock of all products, so many at a time. */
  openingStock(
    chunk?: number,
  ):
    | Iterable<readonly OpeningStock[]>
    | AsyncIterable<readonly OpeningStock[]>;
}

/** One promise and how to see it kept. */
export interface CatalogClaim {
  readonly name: string;
  readonly products: readonly CatalogProduct[];
  readonly holds: (catalog: FilledCatalog) => Promise<void>;
}

/** A product to fill a catalog with. */
export function product(sku: string, name: string): CatalogProduct {
  return { sku, name, priceCents: 295, currency: "GBP", units: 7 };
}

/** Some products, best first. */
export const FEW = [
  product("85123A", "WHITE HANGING HEART T-LIGHT HOLDER"),
  product("22423", "Regency cakestand 3 tier"),
  product("gift_0001_40", "Gift voucher £40"),
  product("21843", "Red retrospot cake stand"),
  product("90001", "Café crème mug"),
];

const MANY = Array.from(
  { length: 25 },
  (_, index) =>
    product(`sku${index}`, index % 2 === 0 ? "Even mug" : "Odd mug"),
);

/** The SKUs that a search finds. */
export async function found(
  catalog: Pick<FilledCatalog, "search">,
  query: string,
): Promise<string[]> {
  const page = await catalog.search(query, 100);
  return page!.items.map(({ sku }) => sku);
}

const SEARCHES = [
  ["", ["85123A", "22423", "gift_0001_40", "21843", "90001"]],
  [" \t ", ["85123A", "22423", "gift_0001_40", "21843", "90001"]],
  ["cake", ["22423", "21843"]],
  ["CAKE sta", ["21843"]],
  ["sta cake", ["21843"]],
  ["stand cakestand", []],
  ["eart", []],
  ["t-light", ["85123A"]],
  ["t-lig", ["85123A"]],
  ["heart-light", []],
  ["cafe creme", ["90001"]],
  ["CAFÉ", ["90001"]],
  ["85123a", ["85123A"]],
  ["85123A heart", ["85123A"]],
  ["85123", []],
  ["0001", []],
  ["GIFT_0001_40", ["gift_0001_40"]],
  ["heart &", ["85123A"]],
  ['"heart', ["85123A"]],
  ["heart OR cake", []],
  ["name:heart", []],
  ["hea*", ["85123A"]],
  ["£40", ["gift_0001_40"]],
] as const;

/** What a person may type, and more. */
const QUERIES = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      '"',
      "'",
      "*",
      "(",
      ")",
      "^",
      ":",
      "-",
      "&",
      "|",
      "!",
      "<",
      "\\",
      "\0",
      "a",
      " ",
    ),
  }),
  fc.array(fc.constantFrom("NEAR", "AND", "NOT", "OR", "{", "name", "-", "a"))
    .map((words) => words.join(" ")),
  fc.constant("\ud800"),
  fc.constant("word ".repeat(5_000)),
  fc.constant("x".repeat(100_000)),
);

/** The claims. */
export const catalogContract: readonly CatalogClaim[] = [
  {
    name: "a product is read by its SKU and by nothing else",
    products: FEW,
    async holds(catalog) {
      assert.deepEqual(await catalog.readEntry("22423"), {
        sku: "22423",
        name: "Regency cakestand 3 tier",
        currency: "GBP",
        version: 1,
      });
      for (const other of ["2242", "22423 ", "", "\0", "\ud800"]) {
        assert.equal(await catalog.readEntry(other), null);
      }
    },
  },
  ...SEARCHES.map(([query, skus]): CatalogClaim => ({
    name: `a search for ${JSON.stringify(query)} finds ${skus.length}`,
    products: FEW,
    async holds(catalog) {
      assert.deepEqual(await found(catalog, query), skus);
    },
  })),
  {
    name: "a search takes whatever a person types",
    products: FEW,
    async holds(catalog) {
      await fc.assert(fc.asyncProperty(QUERIES, async (query) => {
        assert(Array.isArray((await catalog.search(query, 10))!.items));
      }));
    },
  },
  {
    name: "pages follow one another without gap or repeat, best first",
    products: MANY,
    async holds(catalog) {
      for (const query of ["", "mug", "even"]) {
        const pages: string[][] = [];
        let after: string | undefined;
        do {
          const page = (await catalog.search(query, 5, after))!;
          pages.push(page.items.map(({ sku }) => sku));
          after = page.next ?? undefined;
        } while (after !== undefined);
        assert.deepEqual(pages.flat(), await found(catalog, query));
        assert(pages.every((page) => page.length > 0 && page.length <= 5));
      }
    },
  },
  {
    name: "a full last page has no next",
    products: MANY,
    async holds(catalog) {
      assert.equal((await catalog.search("", 25))!.next, null);
      assert.notEqual((await catalog.search("", 24))!.next, null);
    },
  },
  {
    name: "a made-up page is told from a real one",
    products: MANY,
    async holds(catalog) {
      for (const after of ["", "-1", "x y", "9".repeat(40), "ÄÖ"]) {
        assert.equal(await catalog.search("", 5, after), null);
      }
      const end = { items: [], next: null };
      assert.deepEqual(await catalog.search("", 5, "z".repeat(10)), end);
    },
  },
  {
    name: "opening stock comes whole, in chunks",
    products: MANY,
    async holds(catalog) {
      const chunks: (readonly OpeningStock[])[] = [];
      for await (const chunk of catalog.openingStock(10)) chunks.push(chunk);
      assert.deepEqual(chunks.map((chunk) => chunk.length), [10, 10, 5]);
      const first = { sku: "sku0", units: 7, priceCents: 295 };
      assert.deepEqual(chunks[0]![0], first);
      assert.equal(new Set(chunks.flat().map(({ sku }) => sku)).size, 25);
    },
  },
  {
    name: "all SKUs are listed, page by page, with how many there are",
    products: FEW,
    async holds(catalog) {
      const skus: string[] = [];
      let next: string | null | undefined;
      while (next !== null) {
        const page = (await catalog.listSkus(2, next))!;
        assert.equal(page.total, 5);
        assert.ok(page.skus.length <= 2);
        skus.push(...page.skus);
        next = page.next;
      }
      assert.deepEqual(skus, FEW.map(({ sku }) => sku));
      assert.equal((await catalog.listSkus(5))!.next, null);
      assert.equal(await catalog.listSkus(5, "?"), null);
    },
  },
  {
    name: "an empty catalog lists nothing",
    products: [],
    async holds(catalog) {
      const empty = { skus: [], next: null, total: 0 };
      assert.deepEqual(await catalog.listSkus(5), empty);
    },
  },
];
