/**
 * Orders over HTTP: place, read, list, pay, cancel. Placing an order is the
 * request that a sale consists of, so it does each thing once and nothing
 * twice: admission, token, body, gate, one answer.
 *
 * @module
 */
import type { OrderView, Payment, Placed } from "../../actors/storefront.ts";
import type { Done } from "../../cluster/gate.ts";
import { type Call, type Fields, JSON_TYPE, PERSONAL } from "../call.ts";
import type { Operation, Route } from "../routes.ts";
import { orderText } from "./order_text.ts";
import * as schemas from "../schemas.ts";

const PLACE: Operation = {
  id: "placeOrder",
  tag: "shop",
  summary: "Hold stock for an order, all lines or none",
  body: schemas.newOrder,
  needsKey: true,
  answers: {
    201: { text: "The order, waiting for payment", schema: schemas.order },
  },
  problems: ["sold-out", "purchase-limit", "not-found"],
};

const LIST: Operation = {
  id: "listOrders",
  tag: "shop",
  summary: "List the caller's orders, newest first",
  query: schemas.pageQuery,
  answers: { 200: { text: "A page of orders", schema: schemas.orderPage } },
  problems: [],
};

const READ: Operation = {
  id: "readOrder",
  tag: "shop",
  summary: "Read one of the caller's orders",
  answers: { 200: { text: "The order", schema: schemas.order } },
  problems: ["not-found"],
};

const PAY: Operation = {
  id: "payOrder",
  tag: "shop",
  summary: "Pay for an order",
  body: schemas.newPayment,
  needsKey: true,
  answers: {
    200: { text: "The order, paid", schema: schemas.order },
    202: { text: "The provider has not said yet", schema: schemas.order },
  },
  problems: [
    "not-found",
    "order-expired",
    "already-paid",
    "payment-in-flight",
    "payment-declined",
  ],
};

const CANCEL: Operation = {
  id: "cancelOrder",
  tag: "shop",
  summary: "Cancel an order that is not paid",
  answers: { 200: { text: "The order, cancelled", schema: schemas.order } },
  problems: ["not-found", "payment-in-flight", "already-paid", "order-expired"],
};

interface OrderList {
  readonly items: readonly OrderView[];
  readonly next: string | null;
}

function place(call: Call): Response | Promise<Response> {
  const key = call.idempotencyKey();
  if (key.problem !== undefined) return call.problem(key.problem);
  return call.askWith(
    schemas.newOrder,
    ({ lines }, done: Done<Placed>) =>
      call.services.gate.placeOrder(
        call.userId,
        key.value,
        lines,
        done,
        call.admission,
      ),
    ({ order, replayed }) => send(call, 201, order, replayed),
  );
}

function list(call: Call): Response | Promise<Response> {
  const query = call.query(schemas.pageQuery);
  if (query.problem !== undefined) return call.problem(query.problem);
  const { limit, after } = query.value;
  return call.ask(
    (done) => call.services.gate.listOrders(call.userId, limit, after, done),
    ({ items, next }: OrderList) => {
      const texts = items.map((order) => textOf(call, order)).join(",");
      const more = next === null ? "" : `,"next":${JSON.stringify(next)}`;
      return call.send(200, `{"items":[${texts}]${more}}`, {
        "content-type": JSON_TYPE,
        "cache-control": PERSONAL,
      });
    },
  );
}

function read(call: Call): Response | Promise<Response> {
  return call.ask(
    (done) => call.services.gate.readOrder(call.userId, call.param("id"), done),
    (order: OrderView) => send(call, 200, order),
  );
}

function pay(call: Call): Response | Promise<Response> {
  const key = call.idempotencyKey();
  if (key.problem !== undefined) return call.problem(key.problem);
  const { gate } = call.services;
  const id = call.param("id");
  return call.askWith(
    schemas.newPayment,
    ({ method }, done: Done<Payment>) =>
      gate.payOrder(call.userId, id, key.value, method, done),
    ({ order, pending, replayed }) =>
      send(call, pending ? 202 : 200, order, replayed),
  );
}

function cancel(call: Call): Response | Promise<Response> {
  const id = call.param("id");
  return call.ask(
    (done) => call.services.gate.cancelOrder(call.userId, id, done),
    (order: OrderView) => send(call, 200, order),
  );
}

function textOf(call: Call, order: OrderView): string {
  return orderText(order, call.services.config.currency ?? "GBP");
}

function send(
  call: Call,
  status: number,
  order: OrderView,
  replayed = false,
): Response {
  const headers: Fields = {
    "content-type": JSON_TYPE,
    "cache-control": PERSONAL,
  };
  if (status === 201) headers["location"] = `/v1/orders/${order.id}`;
  if (replayed) headers["idempotent-replayed"] = "true";
  return call.send(status, textOf(call, order), headers);
}

/** The rows of this file. */
export const ORDER_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/orders",
    access: "session",
    operation: PLACE,
    handle: place,
  },
  {
    method: "GET",
    path: "/v1/orders",
    access: "session",
    operation: LIST,
    handle: list,
  },
  {
    method: "GET",
    path: "/v1/orders/{id}",
    access: "session",
    operation: READ,
    handle: read,
  },
  {
    method: "POST",
    path: "/v1/orders/{id}/payments",
    access: "session",
    operation: PAY,
    handle: pay,
  },
  {
    method: "POST",
    path: "/v1/orders/{id}/cancel",
    access: "session",
    operation: CANCEL,
    handle: cancel,
  },
];
