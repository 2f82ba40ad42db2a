/**
 * The first page: all products, or those that were searched for.
 *
 * @module
 */
// deno-lint-ignore-file jsx-key -- rendered once, so nothing is compared
import { z } from "zod";
import { readShelf, type Shelf, type ShelfItem } from "../api/shelf.ts";
import type { Call } from "../call.ts";
import { problemOf } from "../problems.ts";
import type { Route } from "../routes.ts";
import { searchQuery } from "../schemas.ts";
import type { Session } from "../sessions.ts";
import { Art } from "./art.tsx";
import { count, price, productName } from "./format.ts";
import { document, Empty } from "./layout.tsx";
import { StockBadge } from "./stock_badge.tsx";

/** Divides into rows of two, three, four and six. */
const PAGE_SIZE = 24;

const query = z.object({
  q: searchQuery.shape.q,
  after: searchQuery.shape.after,
});

async function show(call: Call): Promise<Response> {
  const asked = call.query(query);
  if (asked.problem !== undefined) return call.problem(asked.problem);
  const { q, after } = asked.value;
  const shelf = await readShelf(call.services.gate, q, PAGE_SIZE, after);
  if (shelf.kind !== "ok") return call.problem(problemOf(shelf));
  const page = { q, after, shelf: shelf.value, session: call.session };
  return call.sendPage(200, catalogDocument(page));
}

interface CatalogPage {
  readonly q: string;
  readonly after: string | undefined;
  readonly shelf: Shelf;
  readonly session: Session | null;
}

function catalogDocument(page: CatalogPage): string {
  const { q, after, shelf, session } = page;
  const isFirst = q === "" && after === undefined;
  return document({
    title: q === "" ? "All products" : `“${q}”`,
    session,
    query: q,
    children: shelf.items.length === 0 ? <Nothing q={q} /> : (
      <>
        {isFirst && <Hero />}
        <div class="heading">
          <h1>{q === "" ? "All products" : `Results for “${q}”`}</h1>
          <p class="faint" role="status">{summary(page)}</p>
        </div>
        <ul class="grid">
          {shelf.items.map((item) => <Card item={item} />)}
        </ul>
        <Pager q={q} after={after} next={shelf.next} />
      </>
    ),
  });
}

/** The catalog does not count what it does not show. */
function summary({ q, after, shelf }: CatalogPage): string {
  const shown = shelf.items.length;
  if (after !== undefined) return `${count(shown, "product")} on this page`;
  const found = count(shown, q === "" ? "product" : "result");
  return shelf.next === null ? found : `More than ${found}`;
}

function Hero() {
  return (
    <section class="hero">
      <div class="hero-text">
        <p class="hero-title">The doors are open.</p>
        <p>
          Press buy and it is yours to pay for: set aside at that moment, kept
          while the clock runs, never sold to anybody else.
        </p>
      </div>
      <svg viewBox="0 0 240 200" aria-hidden="true">
        <path class="beam" d="M104 30 H196 L240 200 H0 Z" />
        <path class="glow" d="M104 30 H196 V200 H104 Z" />
        <path class="leaf" d="M196 30 L236 14 V200 H196 Z" />
        <circle class="knob" cx="206" cy="116" r="5" />
      </svg>
    </section>
  );
}

function Card({ item }: { item: ShelfItem }) {
  const { entry, product } = item;
  return (
    <li class="card">
      <a href={`/products/${encodeURIComponent(entry.sku)}`}>
        <Art sku={entry.sku} name={entry.name} />
        <span class="card-name">{productName(entry.name)}</span>
        <span class="card-foot">
          <span class="price">
            {product === null
              ? "Price in a moment"
              : price(product.priceCents, product.currency)}
          </span>
          {product !== null && <StockBadge product={product} />}
        </span>
      </a>
    </li>
  );
}

interface PagerProps {
  readonly q: string;
  readonly after: string | undefined;
  readonly next: string | null;
}

function Pager({ q, after, next }: PagerProps) {
  const search = new URLSearchParams(q === "" ? {} : { q });
  const first = `/?${search}`;
  if (next !== null) search.set("after", next);
  return (
    <nav class="pager" aria-label="Pages">
      {after === undefined
        ? <span></span>
        : <a class="button quiet" href={first}>First page</a>}
      {next !== null && (
        <a class="button" rel="next" href={`/?${search}`}>More products</a>
      )}
    </nav>
  );
}

function Nothing({ q }: { q: string }) {
  return (
    <Empty title={q === "" ? "The shelves are empty" : `Nothing for “${q}”`}>
      <p>
        {q === ""
          ? "No products have been put up for sale yet. Come back soon."
          : "Every word must begin a word of the product's name. Try fewer or shorter ones."}
      </p>
      {q !== "" && (
        <p>
          <a class="button" href="/">See all products</a>
        </p>
      )}
    </Empty>
  );
}

/** The rows of this file. */
export const CATALOG_PAGES: readonly Route[] = [
  {
    method: "GET",
    path: "/",
    access: "public",
    like: "searchProducts",
    handle: show,
  },
];
