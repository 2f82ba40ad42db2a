/**
 * The limit: what Hono on Deno gives when there is no shop behind it. GET
 * answers a product from memory, POST reads the order as JSON and answers with
 * an order of the same shape as the shop's. No checks, no token, no state but a
 * counter; the cheapest calls that Hono and Deno have.
 *
 * With the argument `fields` a GET reads the header fields that the shop reads
 * and answers with those that the shop answers with: what a contract costs on
 * this server, whoever keeps it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { Hono } from "hono";

const FIELDS = { "content-type": "application/json" };
const PRICE_CENTS = 1299;

interface NewOrder {
  readonly lines: readonly [
    { readonly sku: string; readonly quantity: number },
  ];
}

/** Texts of the length that the shop's have. */
const SHOP_FIELDS = {
  ...FIELDS,
  "etag": '"1"',
  "cache-status": "doorbuster-edge; hit; ttl=0",
  "ratelimit-policy": '"user";q=1000000;w=1',
  "ratelimit": '"user";r=999999;t=1',
  "x-content-type-options": "nosniff",
};
const READ_FIELDS = ["authorization", "cache-control", "if-none-match"];
const hasShopFields = Deno.args.includes("fields");

const app = new Hono();
let orders = 0;
let fieldsRead = 0;

app.get("/v1/products/:sku", (context) => {
  const sku = context.req.param("sku");
  const body = `{"sku":"${sku}","name":"Product ${sku}","priceCents":` +
    `${PRICE_CENTS},"currency":"GBP","stockState":"in_stock",` +
    `"available":999999999,"version":1}`;
  if (!hasShopFields) return new Response(body, { headers: FIELDS });
  for (const name of READ_FIELDS) {
    if (context.req.raw.headers.get(name) !== null) fieldsRead++;
  }
  return new Response(body, { headers: SHOP_FIELDS });
});

app.post("/v1/orders", async (context) => {
  const { lines } = await context.req.raw.json() as NewOrder;
  const [{ sku, quantity }] = lines;
  orders++;
  const order = {
    id: `ord-0-${orders}`,
    status: "awaiting_payment",
    lines: [{ sku, quantity, priceCents: PRICE_CENTS }],
    totalCents: PRICE_CENTS * quantity,
    currency: "GBP",
    reservedUntil: "2026-11-20T20:15:00.000Z",
    placedAt: "2026-11-20T20:00:00.000Z",
  };
  return new Response(JSON.stringify(order), { status: 201, headers: FIELDS });
});

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ hostname, port }) =>
    console.log(`ready http://${hostname}:${port}`),
}, app.fetch);
