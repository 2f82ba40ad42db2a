/**
 * Products over HTTP: one, and a search. The cache node keeps a product as the
 * JSON text that is sent, so the edge adds header fields and nothing else. A
 * product's entity tag is its version; without a lifetime of its own it is
 * asked about again each time, which a moving stock needs anyway.
 *
 * @module
 */
import type { CachedProduct } from "../../actors/cache_node.ts";
import type { Read } from "../body.ts";
import { type Call, type Fields, JSON_TYPE } from "../call.ts";
import { problemOf } from "../problems.ts";
import type { Operation, Route } from "../routes.ts";
import * as schemas from "../schemas.ts";
import { ReadTrace } from "./read_trace.ts";
import { readShelf } from "./shelf.ts";

/** A shelf may be a second old; with the shop away, a minute-old one helps. */
const SHELF_CACHE = "public, max-age=1, stale-if-error=60";

const READ: Operation = {
  id: "readProduct",
  tag: "shop",
  summary: "Read a product, with its stock",
  query: schemas.readQuery,
  answers: {
    200: { text: "The product", schema: schemas.product },
    304: { text: "It is still the version of If-None-Match" },
  },
  problems: ["not-found"],
};

const SEARCH: Operation = {
  id: "searchProducts",
  tag: "shop",
  summary: "Find products by words of their names; best sellers first",
  query: schemas.searchQuery,
  answers: { 200: { text: "A page of products", schema: schemas.productPage } },
  problems: [],
};

/** Answers with the product of the path, as `bodyOf` writes it. */
export function answerProduct(
  call: Call,
  bodyOf: (product: CachedProduct) => string,
): Response | Promise<Response> {
  const sku = call.param("sku");
  if (!schemas.sku.safeParse(sku).success) {
    return call.problem({ code: "not-found" });
  }
  const asked = traceOf(call);
  if (asked.problem !== undefined) return call.problem(asked.problem);
  const trace = asked.value;
  const { headers } = call.request;
  const fresh = headers.get("cache-control")?.includes("no-cache") ?? false;
  return call.ask(
    (done) => {
      trace?.routed();
      call.services.gate.readProduct(sku, fresh, done);
    },
    (product: CachedProduct) => {
      trace?.answered(product);
      const etag = `"${product.version}"`;
      const fields: Fields = {
        "content-type": JSON_TYPE,
        "etag": etag,
        "cache-status": cacheStatus(product, fresh),
      };
      if (trace !== null) fields["server-timing"] = trace.field();
      const known = headers.get("if-none-match");
      if (known === null || !matches(known, etag)) {
        return call.send(200, bodyOf(product), fields);
      }
      delete fields["content-type"];
      return call.send(304, null, fields);
    },
  );
}

/** Its trace; null: nobody asked for it, as a URL without a query says. */
function traceOf(call: Call): Read<ReadTrace | null> {
  if (!call.request.url.includes("?")) return { value: null };
  const query = call.query(schemas.readQuery);
  if (query.problem !== undefined) return query;
  const { trace } = query.value;
  const isTraced = trace === "" || trace === "1";
  return { value: isTraced ? new ReadTrace(call) : null };
}

function read(call: Call): Response | Promise<Response> {
  return answerProduct(call, ({ body }) => body);
}

async function search(call: Call): Promise<Response> {
  const query = call.query(schemas.searchQuery);
  if (query.problem !== undefined) return call.problem(query.problem);
  const { q, limit, after } = query.value;
  const shelf = await readShelf(call.services.gate, q, limit, after);
  if (shelf.kind !== "ok") return call.problem(problemOf(shelf));
  const { items, next } = shelf.value;
  return call.sendJson(
    200,
    {
      items: items.map(({ entry, product }) => product ?? entry),
      next: next ?? undefined,
    },
    { "cache-control": SHELF_CACHE },
  );
}

/** The Cache-Status field (RFC 9211) of a read. */
function cacheStatus(product: CachedProduct, fresh: boolean): string {
  const { status, freshForMs } = product;
  switch (status) {
    case "hit":
      return `doorbuster; hit; ttl=${Math.floor(freshForMs / 1000)}`;
    case "near":
      return "doorbuster-edge; hit; ttl=0";
    case "revalidating":
      return "doorbuster; hit; ttl=0; detail=revalidating";
    case "stale":
      return "doorbuster; hit; ttl=0; detail=stale";
    case "miss":
    case "expired":
      return `doorbuster; fwd=${reasonOf(status, fresh)}; stored`;
    case "collapsed":
      return `doorbuster; fwd=${reasonOf("miss", fresh)}; collapsed`;
  }
}

/** Why the cache asked its sources, in RFC 9211's words. */
function reasonOf(status: "miss" | "expired", fresh: boolean): string {
  if (fresh) return "request";
  return status === "expired" ? "stale" : "miss";
}

/** If-None-Match: a list of tags, weak ones as good as strong, or `*`. */
function matches(known: string, etag: string): boolean {
  if (known === etag) return true;
  return known.split(",").some((tag) => {
    const text = tag.trim();
    return text === "*" || text === etag || text === `W/${etag}`;
  });
}

/** The rows of this file. */
export const PRODUCT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/products",
    access: "public",
    operation: SEARCH,
    handle: search,
  },
  {
    method: "GET",
    path: "/v1/products/{sku}",
    access: "public",
    operation: READ,
    handle: read,
  },
];
