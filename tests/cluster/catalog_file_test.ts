/**
 * Catalog files: both formats, every mistake named, and the shipped catalog.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  CatalogError,
  MOST_CENTS_OR_UNITS,
  parseCatalog,
} from "../../cluster/catalog_file.ts";
import shipped from "../../fixtures/catalog.csv" with { type: "text" };

const HEADER = "sku,name,priceCents,currency,units\n";

/** What is said of a file. */
function refusal(text: string): string {
  try {
    parseCatalog(text, "shop.csv");
  } catch (error) {
    assert.ok(error instanceof CatalogError);
    return error.message;
  }
  assert.fail("The catalog was accepted");
}

Deno.test("parseCatalog() reads CSV and JSON alike", () => {
  const expected = [
    { sku: "A", name: "Mug", priceCents: 295, currency: "EUR", units: 7 },
    { sku: "B", name: "Cup", priceCents: 0, currency: "GBP", units: 0 },
  ];
  const csv = HEADER + "A,Mug,295,EUR,7\nB,Cup,0,,0\n";
  assert.deepEqual(parseCatalog(csv, "shop.csv"), expected);
  const json = JSON.stringify([expected[0], {
    ...{ sku: "B", name: "Cup", price_cents: 0, units: 0 },
  }]);
  assert.deepEqual(parseCatalog(json, "shop.json"), expected);
  assert.deepEqual(parseCatalog(`\uFEFF${json}`, "shop.json"), expected);
});

Deno.test("parseCatalog() takes columns in any order, and price_cents", () => {
  const [item] = parseCatalog("units,price_cents,name,sku\n7,295,Mug,A", "f");
  assert.deepEqual(item, {
    ...{ sku: "A", name: "Mug", priceCents: 295, currency: "GBP", units: 7 },
  });
});

Deno.test("parseCatalog() reads quotes, line ends and marks as RFC 4180 has them", () => {
  const text =
    '\uFEFFsku,name,priceCents,units\r\n"A","Mug, 7"" tall",1,2\r\n' +
    '\r\nB,"two\r\nlines",1,2\nC,plain,1,"2"\n"D",D,1,2';
  // A name may not hold a line end; as a cell it is one.
  assert.match(refusal(text), /^shop\.csv: row 4, name: /);
  const items = parseCatalog(text.replace("two\r\n", "two "), "f");
  assert.deepEqual(items.map(({ sku, name }) => [sku, name]), [
    ...[["A", 'Mug, 7" tall'], ["B", "two lines"], ["C", "plain"], ["D", "D"]],
  ]);
});

Deno.test("parseCatalog() names the row and the field that are broken", () => {
  const price = `expected an integer from 0 to ${MOST_CENTS_OR_UNITS}`;
  const rows = [
    ["A,Mug,2.95,GBP,7", `priceCents: ${price}, found "2.95"`],
    ["A,Mug,-1,GBP,7", `priceCents: ${price}, found "-1"`],
    ["A,Mug,1,GBP,", `units: ${price}, found ""`],
    ["A,Mug,9007199255,GBP,1", `priceCents: ${price}, found 9007199255`],
    [",Mug,1,GBP,7", 'sku: expected 1 to 64 visible characters, found ""'],
    ["A,,1,GBP,7", 'name: expected 1 to 200 characters, found ""'],
    [
      "A,Mug,1,pound,7",
      'currency: expected three capital letters, found "pound"',
    ],
  ];
  for (const [row, expected] of rows) {
    const text = `${HEADER}Z,Fine,1,GBP,1\n${row}\n`;
    assert.equal(refusal(text), `shop.csv: row 3, ${expected}`);
  }
});

Deno.test("parseCatalog() holds SKUs to 64 characters", () => {
  const longest = "x".repeat(64);
  const [item] = parseCatalog(`${HEADER}${longest},Mug,1,GBP,1`, "f");
  assert.equal(item!.sku, longest);
  assert.match(refusal(`${HEADER}${longest}x,Mug,1,GBP,1`), /row 2, sku: /);
  assert.match(refusal(`${HEADER}a b,Mug,1,GBP,1`), /row 2, sku: /);
});

Deno.test("parseCatalog() names both rows of a SKU that stands twice", () => {
  assert.equal(
    refusal(HEADER + "A,Mug,1,GBP,1\nB,Cup,1,GBP,1\nA,Jug,1,GBP,1"),
    "shop.csv: row 4, sku: expected a SKU that is not in row 2 already, " +
      'found "A"',
  );
});

Deno.test("parseCatalog() names rows that are no rows", () => {
  const cases = [
    ["A,Mug,1,GBP", "row 2: expected 5 cells, found 4"],
    ['A,"Mug,1,GBP,1', "row 2: expected a quote that closes its cell, found"],
    ['A,Mug 7",1,GBP,1', "row 2: expected a cell with quotes inside to be"],
    ['A,"Mug"7,1,GBP,1', "row 2: expected a comma after a quoted cell, found"],
  ];
  for (const [row, expected] of cases) {
    assert.ok(refusal(HEADER + row).includes(expected!), refusal(HEADER + row));
  }
});

Deno.test("parseCatalog() refuses unknown columns and keys", () => {
  const expected = "expected the fields sku, name, priceCents, currency, units";
  assert.equal(
    refusal("sku,name,price,units\n"),
    `shop.csv: row 1: ${expected}, found "price"`,
  );
  assert.equal(
    refusal('[{"sku": "A", "__proto__": 1}]'),
    `shop.csv: [0]: ${expected}, found "__proto__"`,
  );
});

Deno.test("parseCatalog() names the place inside a JSON file", () => {
  const item = { sku: "A", name: "Mug", priceCents: 1, units: 1 };
  const broken = JSON.stringify([item, { ...item, sku: "B", units: "1" }]);
  assert.match(refusal(broken), /^shop\.csv: \[1\], units: .*found "1"$/);
  const negative = JSON.stringify([{ ...item, priceCents: -1 }]);
  assert.match(refusal(negative), /^shop\.csv: \[0\], priceCents: .*found -1$/);
  assert.match(
    refusal("[1]"),
    /^shop\.csv: \[0\]: expected an object, found 1/,
  );
  assert.match(refusal("{}"), /expected an array of products, found \{\}$/);
  assert.match(
    refusal("[\noops\n"),
    /^shop\.csv: expected valid JSON, found .+$/,
  );
});

Deno.test("parseCatalog() refuses a catalog without products", () => {
  for (const text of ["", HEADER, "[]"]) {
    assert.equal(
      refusal(text),
      "shop.csv: expected at least one product, found none",
    );
  }
});

Deno.test("the shipped catalog has 2,943 real products, best sellers first", () => {
  const items = parseCatalog(shipped, "fixtures/catalog.csv");
  assert.equal(items.length, 2_943);
  assert.deepEqual(items[0], {
    ...{ sku: "22423", name: "Regency Cakestand 3 Tier", priceCents: 1275 },
    ...{ currency: "GBP", units: 1209 },
  });
  assert.ok(
    items.every(({ priceCents, units }) => priceCents > 0 && units >= 10),
  );
});
