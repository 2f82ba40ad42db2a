/**
 * The caches over HTTP: what a product's cache node holds, filling it, making
 * it forget. Looking changes nothing; only the admin token warms or drops. The
 * same things stand under the paths of the documents that this shop began
 * with, in their envelope and with the status that says what happened.
 *
 * @module
 */
import type { CachedProduct, Warmed } from "../../actors/cache_node.ts";
import type { Call } from "../call.ts";
import type { Operation, Route } from "../routes.ts";
import * as schemas from "../schemas.ts";
import { answerProduct } from "./products.ts";

const LOOK: Operation = {
  id: "lookAtCache",
  tag: "admin",
  summary: "See what the cache holds of a product, without counting as a read",
  answers: { 200: { text: "What is held", schema: schemas.cached } },
  problems: ["not-found"],
};

const WARM: Operation = {
  id: "warmCache",
  tag: "admin",
  summary: "Fill the cache with a product, whatever it holds of it",
  answers: { 204: { text: "The next reader finds it" } },
  problems: ["not-found"],
};

const DROP: Operation = {
  id: "dropFromCache",
  tag: "admin",
  summary: "Make the cache forget a product; nothing older is held again",
  answers: { 204: { text: "It is not held" } },
  problems: [],
};

/** The first documents' product, look, warm and drop. */
const ENVELOPED = {
  read: {
    id: "readEnvelopedProduct",
    tag: "shop",
    summary: "Read a product in an envelope",
    query: schemas.readQuery,
    answers: {
      200: { text: "The product", schema: schemas.enveloped(schemas.product) },
      304: { text: "It is still the version of If-None-Match" },
    },
    problems: ["not-found"],
  },
  look: {
    ...LOOK,
    id: "lookAtEnvelopedCache",
    answers: {
      200: {
        text: "What is held",
        schema: schemas.enveloped(schemas.cached),
      },
    },
  },
  warm: {
    ...WARM,
    id: "warmEnvelopedCache",
    answers: {
      200: { text: "It was held, and is again", schema: schemas.envelope },
      201: { text: "It is held now", schema: schemas.envelope },
    },
  },
  drop: {
    ...DROP,
    id: "dropFromEnvelopedCache",
    answers: { 200: { text: "It is not held", schema: schemas.envelope } },
  },
} as const satisfies Record<string, Operation>;

/** How a route dresses what it answers. */
interface Dress {
  readonly held: (call: Call, held: unknown) => Response;
  readonly warmed: (call: Call, warmed: Warmed) => Response;
  readonly dropped: (call: Call) => Response;
}

const PLAIN: Dress = {
  held: (call, held) => call.sendJson(200, held),
  warmed: (call) => call.send(204, null, {}),
  dropped: (call) => call.send(204, null, {}),
};

const ENVELOPE: Dress = {
  held: (call, data) => call.sendJson(200, { status: "success", data }),
  warmed: (call, { wasHeld }) =>
    call.sendJson(wasHeld ? 200 : 201, {
      status: "success",
      message: "The product is cached.",
    }),
  dropped: (call) =>
    call.sendJson(200, {
      status: "success",
      message: "The product is not cached any more.",
    }),
};

/** Runs what is to be done with the path's SKU; no SKU is longer. */
function withSku(
  call: Call,
  act: (sku: string) => Response | Promise<Response>,
): Response | Promise<Response> {
  const sku = call.param("sku");
  return schemas.sku.safeParse(sku).success
    ? act(sku)
    : call.problem({ code: "not-found" });
}

function look(call: Call, dress: Dress): Response | Promise<Response> {
  return withSku(call, (sku) =>
    call.ask(
      (done) => call.services.gate.lookAtCache(sku, done),
      ({ entry }: { entry: CachedProduct | null }) => {
        if (entry === null) {
          const detail = "The cache does not hold this product.";
          return call.problem({ code: "not-found", detail });
        }
        const { body, ...held } = entry;
        return dress.held(call, { ...held, product: JSON.parse(body) });
      },
    ));
}

function warm(call: Call, dress: Dress): Response | Promise<Response> {
  return withSku(call, (sku) =>
    call.ask(
      (done) => call.services.gate.warmCache(sku, done),
      (warmed: Warmed) => dress.warmed(call, warmed),
    ));
}

function drop(call: Call, dress: Dress): Response | Promise<Response> {
  return withSku(call, (sku) =>
    call.ask<null>(
      (done) => call.services.gate.dropFromCache(sku, done),
      () => dress.dropped(call),
    ));
}

const envelopeOf = ({ body }: CachedProduct) =>
  `{"status":"success","data":${body}}`;

/** The rows of this file. */
export const CACHE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/admin/cache/{sku}",
    access: "admin",
    operation: LOOK,
    handle: (call) => look(call, PLAIN),
  },
  {
    method: "PUT",
    path: "/v1/admin/cache/{sku}",
    access: "admin",
    operation: WARM,
    handle: (call) => warm(call, PLAIN),
  },
  {
    method: "DELETE",
    path: "/v1/admin/cache/{sku}",
    access: "admin",
    operation: DROP,
    handle: (call) => drop(call, PLAIN),
  },
  {
    method: "GET",
    path: "/product/{sku}",
    access: "public",
    isEnveloped: true,
    like: "readProduct",
    operation: ENVELOPED.read,
    handle: (call) => answerProduct(call, envelopeOf),
  },
  {
    method: "GET",
    path: "/cache/product/{sku}",
    access: "public",
    isEnveloped: true,
    operation: ENVELOPED.look,
    handle: (call) => look(call, ENVELOPE),
  },
  {
    method: "PUT",
    path: "/cache/product/{sku}",
    access: "admin",
    isEnveloped: true,
    operation: ENVELOPED.warm,
    handle: (call) => warm(call, ENVELOPE),
  },
  {
    method: "DELETE",
    path: "/cache/product/{sku}",
    access: "admin",
    isEnveloped: true,
    operation: ENVELOPED.drop,
    handle: (call) => drop(call, ENVELOPE),
  },
];
