/** Compression: large texts get smaller for who takes it, small ones do not. */
import assert from "node:assert/strict";
import { acceptsGzip, isCompressible } from "../../web/compression.ts";
import { Client } from "./client.ts";

/** A shop whose first page of products is some 6 kB. */
function fullShop(): Client {
  const products = Array.from({ length: 60 }, (_, number) => ({
    ...{ sku: `8512${number}`, name: `WHITE HANGING HEART ${number}` },
    ...{ priceCents: 295, units: 10 },
  }));
  return new Client({ products });
}

const GZIP = { "accept-encoding": "gzip, deflate, br" };

Deno.test("row 69: JSON of 4 kB and more is smaller for who accepts gzip, and varies by that", async () => {
  const client = fullShop();
  const plain = await client.ask("/v1/products");
  const small = await client.ask("/v1/products", { headers: GZIP });
  assert.ok(plain.bytes > 4_096, `${plain.bytes}`);
  assert.ok(small.bytes < plain.bytes / 3, `${small.bytes}`);
  assert.equal(small.headers.get("content-encoding"), "gzip");
  assert.equal(plain.headers.get("content-encoding"), null);
  for (const { headers } of [plain, small]) {
    assert.equal(headers.get("vary"), "Accept-Encoding");
  }
  assert.deepEqual(small.json, plain.json);
});

Deno.test("Pages are compressed like JSON", async () => {
  const client = fullShop();
  const headers = { ...GZIP, accept: "text/html" };
  const page = await client.ask("/", { headers });
  assert.equal(page.headers.get("content-encoding"), "gzip");
  assert.match(page.text.slice(-2_000), /<\/html>$/);
});

Deno.test("An order and a product are sent as they are", async () => {
  const client = new Client();
  const body = { lines: [{ sku: "85123A", quantity: 1 }] };
  const order = { as: "ada", key: "k", body, headers: GZIP };
  const answers = [
    await client.ask("/v1/orders", order),
    await client.ask("/v1/products/85123A", { headers: GZIP }),
  ];
  for (const { headers } of answers) {
    assert.equal(headers.get("content-encoding"), null);
    assert.equal(headers.get("vary"), null);
  }
});

Deno.test("Only texts from 2 to 256 thousand characters are worth it", () => {
  const lengths = [2_047, 2_048, 262_144, 262_145];
  const worth = lengths.map((length) => isCompressible("a".repeat(length)));
  assert.deepEqual(worth, [false, true, true, false]);
});

Deno.test("acceptsGzip() reads qualities, and takes no field for no", () => {
  const yes = ["gzip", "br, GZIP;q=0.5", "*", "deflate, *;q=0.1"];
  const no = [null, "", "br", "gzip;q=0", "*, gzip; q=0.000", "gzipped"];
  assert.deepEqual(yes.map(acceptsGzip), yes.map(() => true));
  assert.deepEqual(no.map(acceptsGzip), no.map(() => false));
});
