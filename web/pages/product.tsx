/**
 * A product's page, and the form on it that buys. The form carries the key
 * that makes pressing twice, or again after a lost answer, the same purchase.
 *
 * @module
 */
import { z } from "zod";
import type { ProductView } from "../../actors/cache_node.ts";
import type { ShopOutcome } from "../../actors/refusals.ts";
import { ok } from "../../actors/runtime/outcome.ts";
import type { Placed } from "../../actors/storefront.ts";
import { outcomeOf, readProduct } from "../api/shelf.ts";
import type { Call } from "../call.ts";
import { type Problem, problemOf, PROBLEMS } from "../problems.ts";
import type { Route } from "../routes.ts";
import type { Session } from "../sessions.ts";
import { Art } from "./art.tsx";
import { count, price, productName } from "./format.ts";
import { Alert, document } from "./layout.tsx";
import { StockBadge } from "./stock_badge.tsx";

/** A key that one of our forms carries. */
export const formKey = z.string().regex(/^[\x21-\x7e]{1,255}$/);

const purchase = z.object({
  quantity: z.coerce.number().int().min(1).max(10_000),
  key: formKey,
});

async function show(call: Call): Promise<Response> {
  const sku = call.param("sku");
  const product = await readProduct(call.services.gate, sku);
  if (product.kind !== "ok") return call.problem(problemOf(product));
  const { session, services } = call;
  const page = { product: product.value, session, key: services.randomId() };
  return call.sendPage(200, productDocument(page));
}

async function buy(call: Call): Promise<Response> {
  const sku = call.param("sku");
  const form = await call.form(purchase);
  if (form.problem !== undefined) return refused(call, form.problem);
  const { quantity, key } = form.value;
  const lines = [{ sku, quantity }];
  const placed = await outcomeOf<Placed>((done) =>
    call.services.gate.placeOrder(call.userId, key, lines, done)
  );
  return placed.kind === "ok"
    ? call.redirect(`/orders/${encodeURIComponent(placed.value.order.id)}`)
    : refused(call, problemOf(placed), form.value);
}

/** The same page again, saying what went wrong, with the form as it was. */
async function refused(
  call: Call,
  problem: Problem,
  filled?: { quantity: number; key: string },
): Promise<Response> {
  const product = problem.code === "sold-out"
    ? await readNow(call)
    : await readProduct(call.services.gate, call.param("sku"));
  if (product.kind !== "ok") return call.problem(problem);
  // A key that has been used up is no use; any other finds out what happened.
  const isSpent = problem.code === "idempotency-key-reused";
  const key = isSpent || !filled ? call.services.randomId() : filled.key;
  return call.refuseForm(problem, () =>
    productDocument({
      product: product.value,
      session: call.session,
      key,
      quantity: filled?.quantity ?? 1,
      problem,
    }));
}

/** Who was told "sold out" must not be shown stock of a moment before. */
async function readNow(call: Call): Promise<ShopOutcome<ProductView>> {
  const read = await outcomeOf<{ body: string }>((done) =>
    call.services.gate.readProduct(call.param("sku"), true, done)
  );
  return read.kind === "ok" ? ok(JSON.parse(read.value.body)) : read;
}

interface ProductPage {
  readonly product: ProductView;
  readonly session: Session | null;
  readonly key: string;
  readonly quantity?: number;
  readonly problem?: Problem;
}

function productDocument(page: ProductPage): string {
  const { product, session, problem } = page;
  const { sku, name } = product;
  return document({
    title: productName(name),
    session,
    children: (
      <>
        <nav class="crumbs" aria-label="You are here">
          <a href="/">All products</a>
          <span aria-hidden="true">/</span>
          <span>Article {sku}</span>
        </nav>
        {problem && <Refusal problem={problem} product={product} />}
        <article class="product" data-live-product={sku}>
          <div class="product-art">
            <Art sku={sku} name={name} />
          </div>
          <div class="product-text">
            <h1>{productName(name)}</h1>
            <p class="product-price" data-price>
              {price(product.priceCents, product.currency)}
            </p>
            <p class="stock-line" role="status">
              <StockBadge product={product} />
              <span class="faint" data-units>
                {count(product.available, "unit")} for sale now
              </span>
            </p>
            <BuyForm {...page} />
            <p data-sold-out hidden={product.stockState !== "sold_out"}>
              {COMES_BACK}
            </p>
            <p class="faint small-print">
              Buying sets the units aside for you. You pay on the next page; if
              you do not, they go back on sale by themselves.
            </p>
          </div>
        </article>
      </>
    ),
  });
}

function BuyForm({ product, session, key, quantity = 1 }: ProductPage) {
  const path = `/products/${encodeURIComponent(product.sku)}`;
  if (session === null) {
    return (
      <p>
        <a class="button" href={`/login?next=${encodeURIComponent(path)}`}>
          Sign in to buy
        </a>
      </p>
    );
  }
  const isSoldOut = product.stockState === "sold_out";
  return (
    <form class="buy" method="post" action={`${path}/buy`}>
      <input type="hidden" name="key" value={key} />
      <label>
        Quantity
        <input
          type="number"
          name="quantity"
          value={String(quantity)}
          min="1"
          max="10000"
          step="1"
          inputmode="numeric"
          required
        />
      </label>
      <button class="button" type="submit" data-buy disabled={isSoldOut}>
        {isSoldOut ? "Sold out" : "Buy now"}
      </button>
    </form>
  );
}

const COMES_BACK = "Not all is lost: units come back when their buyers do " +
  "not pay in time. Keep this page open, or look again in a while.";

/** What to do next is worth more than what went wrong. */
function Refusal(
  { problem, product }: { problem: Problem; product: ProductView },
) {
  if (problem.code === "sold-out") return <TooFew product={product} />;
  const advice: Partial<Record<Problem["code"], string>> = {
    "purchase-limit": "Try a smaller quantity, or look at your orders.",
    "outcome-unknown":
      "Press buy again: if it went through, you get the same order, not a second one.",
    "idempotency-key-reused":
      "This form had already bought something. Look at your orders, or buy again.",
    "invalid-input": "Choose a whole number from 1 to 10,000.",
  };
  const { title, detail, retryable } = PROBLEMS[problem.code];
  return (
    <Alert title={title}>
      {problem.code === "invalid-input" ? "" : `${problem.detail ?? detail} `}
      {advice[problem.code] ??
        (retryable ? "Nothing is lost: press buy again in a moment." : "")}
    </Alert>
  );
}

/** Sold out, or more asked for than there is: not the same to a buyer. */
function TooFew({ product: { available } }: { product: ProductView }) {
  return available === 0
    ? <Alert title="Sold out">Somebody was quicker. {COMES_BACK}</Alert>
    : (
      <Alert title="Not that many left">
        Only {count(available, "unit")}{" "}
        left. Choose a smaller quantity and press buy again.
      </Alert>
    );
}

/** The rows of this file. */
export const PRODUCT_PAGES: readonly Route[] = [
  {
    method: "GET",
    path: "/products/{sku}",
    access: "public",
    like: "readProduct",
    handle: show,
  },
  {
    method: "POST",
    path: "/products/{sku}/buy",
    access: "session",
    like: "placeOrder",
    handle: buy,
  },
];
