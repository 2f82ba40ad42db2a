import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CatalogProduct,
  CatalogStore,
} from "../../../cluster/journal/catalog_store.ts";
import { granted } from "../../permission.ts";
import { TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

function product(sku: string, name: string): CatalogProduct {
  return { sku, name, priceCents: 295, currency: "GBP", units: 7 };
}

const FEW = [
  product("85123A", "WHITE HANGING HEART T-LIGHT HOLDER"),
  product("22423", "Regency cakestand 3 tier"),
  product("gift_0001_40", "Gift voucher £40"),
  product("21843", "Red retrospot cake stand"),
  product("90001", "Café crème mug"),
];

/** A catalog of these products in a fresh store. */
async function withCatalog(
  products: readonly CatalogProduct[],
  use: (catalog: CatalogStore) => void,
) {
  using shop = await TemporaryShop.open();
  const catalog = new CatalogStore(shop.path);
  try {
    catalog.importProducts(products);
    use(catalog);
  } finally {
    catalog.close();
  }
}

function test(
  name: string,
  products: readonly CatalogProduct[],
  use: (catalog: CatalogStore) => void,
) {
  Deno.test({ name, ignore, fn: () => withCatalog(products, use) });
}

function found(catalog: CatalogStore, query: string): string[] {
  return catalog.search(query, 100)!.items.map(({ sku }) => sku);
}

test("a product is read by its SKU and by nothing else", FEW, (catalog) => {
  assert.deepEqual(catalog.readEntry("22423"), {
    sku: "22423",
    name: "Regency cakestand 3 tier",
    currency: "GBP",
    version: 1,
  });
  assert.equal(catalog.readEntry("2242"), null);
});

for (
  const [query, skus] of [
    ["", ["85123A", "22423", "gift_0001_40", "21843", "90001"]],
    [" \t ", ["85123A", "22423", "gift_0001_40", "21843", "90001"]],
    ["cake", ["22423", "21843"]],
    ["CAKE sta", ["21843"]],
    ["sta cake", ["21843"]],
    ["stand cakestand", []],
    ["eart", []],
    ["t-light", ["85123A"]],
    ["cafe creme", ["90001"]],
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
  ] as const
) {
  const what = `a search for ${JSON.stringify(query)} finds ${skus.length}`;
  test(what, FEW, (catalog) => assert.deepEqual(found(catalog, query), skus));
}

test("a search takes whatever a person types", FEW, (catalog) => {
  const text = fc.oneof(
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
        "\0",
        "a",
        " ",
      ),
    }),
    fc.array(fc.constantFrom("NEAR", "AND", "NOT", "OR", "{", "name", "-", "a"))
      .map((words) => words.join(" ")),
    fc.constant("\ud800"),
    fc.constant("word ".repeat(5_000)),
  );
  fc.assert(fc.property(text, (query) => {
    assert(Array.isArray(catalog.search(query, 10)!.items));
  }));
});

const MANY = Array.from(
  { length: 25 },
  (_, index) =>
    product(`sku${index}`, index % 2 === 0 ? "Even mug" : "Odd mug"),
);

test(
  "pages follow one another without gap or repeat, best first",
  MANY,
  (catalog) => {
    for (const query of ["", "mug", "even"]) {
      const pages: string[][] = [];
      let after: string | undefined;
      do {
        const page = catalog.search(query, 5, after)!;
        pages.push(page.items.map(({ sku }) => sku));
        after = page.next ?? undefined;
      } while (after !== undefined);
      assert.deepEqual(pages.flat(), found(catalog, query));
      assert(pages.every((page) => page.length > 0 && page.length <= 5));
    }
  },
);

test("a full last page has no next", MANY, (catalog) => {
  assert.equal(catalog.search("", 25)!.next, null);
  assert.notEqual(catalog.search("", 24)!.next, null);
});

test("a made-up page is told from a real one", MANY, (catalog) => {
  for (const after of ["", "-1", "x y", "9".repeat(40), "ÄÖ"]) {
    assert.equal(catalog.search("", 5, after), null);
  }
});

test("opening stock comes whole, in chunks", MANY, (catalog) => {
  const chunks = [...catalog.openingStock(10)];
  assert.deepEqual(chunks.map((chunk) => chunk.length), [10, 10, 5]);
  assert.deepEqual(chunks[0]![0], { sku: "sku0", units: 7, priceCents: 295 });
  assert.equal(new Set(chunks.flat().map(({ sku }) => sku)).size, 25);
});

Deno.test({
  name: "an import is all or nothing, and only into an empty catalog",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const catalog = new CatalogStore(shop.path);
    const twice = [...FEW, product("22423", "Twin")];
    assert.throws(() => catalog.importProducts(twice), /"22423" comes twice/);
    assert.equal(catalog.isEmpty, true);
    assert.deepEqual(found(catalog, "cake"), []);
    catalog.importProducts(FEW);
    catalog.close();
    const again = new CatalogStore(shop.path);
    assert.equal(again.isEmpty, false);
    assert.throws(() => again.importProducts([]), TypeError);
    assert.deepEqual(found(again, "cake"), ["22423", "21843"]);
    again.close();
  },
});

Deno.test({
  name: "a reader's connection finds what was written before its read, and " +
    "cannot write",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const writer = new CatalogStore(shop.path);
    const readers = [1, 2].map(() =>
      new CatalogStore(shop.path, { readOnly: true })
    );
    try {
      for (const reader of readers) {
        assert.equal(reader.readEntry("22423"), null);
      }
      writer.importProducts(FEW);
      for (const reader of readers) {
        assert.equal(reader.readEntry("22423")?.name, FEW[1]!.name);
        assert.deepEqual(found(reader, "gift"), ["gift_0001_40"]);
        assert.throws(() => reader.markOpened(), /readonly/);
      }
    } finally {
      for (const store of [writer, ...readers]) store.close();
    }
  },
});

test(
  "all SKUs are listed, page by page, with how many there are",
  FEW,
  (catalog) => {
    const skus: string[] = [];
    let next: string | null | undefined;
    while (next !== null) {
      const page = catalog.listSkus(2, next)!;
      assert.equal(page.total, 5);
      assert.ok(page.skus.length <= 2);
      skus.push(...page.skus);
      next = page.next;
    }
    assert.deepEqual(skus, FEW.map(({ sku }) => sku));
    assert.equal(catalog.listSkus(5)!.next, null);
    assert.equal(catalog.listSkus(5, "?"), null);
  },
);

test("an empty catalog lists nothing", [], (catalog) => {
  const empty = { skus: [], next: null, total: 0 };
  assert.deepEqual(catalog.listSkus(5), empty);
});
