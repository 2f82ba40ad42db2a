/**
 * A buyer's orders, newest first.
 *
 * @module
 */
// deno-lint-ignore-file jsx-key -- rendered once, so nothing is compared
import { z } from "zod";
import type { OrderStatus, OrderView } from "../../actors/storefront.ts";
import { outcomeOf, readProduct } from "../api/shelf.ts";
import type { Call } from "../call.ts";
import { problemOf } from "../problems.ts";
import type { Route } from "../routes.ts";
import { pageQuery } from "../schemas.ts";
import type { Session } from "../sessions.ts";
import { Art } from "./art.tsx";
import { count, price, productName, time } from "./format.ts";
import { document, Empty } from "./layout.tsx";

/** As many as one looks through before searching in another way. */
const PAGE_SIZE = 20;

const query = z.object({ after: pageQuery.shape.after });

/** An order's status in words. */
export const STATUS_TEXTS: Readonly<Record<OrderStatus, string>> = {
  awaiting_payment: "Waiting for payment",
  paid: "Paid",
  cancelled: "Cancelled",
  expired: "Expired",
  refund_pending: "Refund on its way",
  refunded: "Refunded",
};

interface OrderList {
  readonly items: readonly OrderView[];
  readonly next: string | null;
}

async function show(call: Call): Promise<Response> {
  const asked = call.query(query);
  if (asked.problem !== undefined) return call.problem(asked.problem);
  const { gate } = call.services;
  const list = await outcomeOf<OrderList>((done) =>
    gate.listOrders(call.userId, PAGE_SIZE, asked.value.after, done)
  );
  if (list.kind !== "ok") return call.problem(problemOf(list));
  const { items, next } = list.value;
  const rows = await Promise.all(items.map(async (order) => {
    const sku = order.lines[0]?.sku ?? "";
    const product = await readProduct(gate, sku);
    const name = product.kind === "ok" ? product.value.name : sku;
    return { order, sku, name };
  }));
  const currency = call.services.config.currency ?? "GBP";
  const page = { rows, next, currency, session: call.session };
  return call.sendPage(200, ordersDocument(page));
}

interface Row {
  readonly order: OrderView;
  /** The first line stands for the order. */
  readonly sku: string;
  readonly name: string;
}

interface OrdersPage {
  readonly rows: readonly Row[];
  readonly next: string | null;
  readonly currency: string;
  readonly session: Session | null;
}

function ordersDocument({ rows, next, currency, session }: OrdersPage): string {
  return document({
    title: "My orders",
    session,
    children: rows.length === 0 ? <Nothing /> : (
      <>
        <div class="heading">
          <h1>My orders</h1>
        </div>
        <ul class="orders">
          {rows.map((row) => <OrderRow row={row} currency={currency} />)}
        </ul>
        {next !== null && (
          <nav class="pager" aria-label="Pages">
            <a class="button quiet" href="/orders">Newest</a>
            <a
              class="button"
              href={`/orders?after=${encodeURIComponent(next)}`}
            >
              Older orders
            </a>
          </nav>
        )}
      </>
    ),
  });
}

function OrderRow({ row, currency }: { row: Row; currency: string }) {
  const { order, sku, name } = row;
  const more = order.lines.length - 1;
  return (
    <li>
      <a class="order-row" href={`/orders/${encodeURIComponent(order.id)}`}>
        <Art sku={sku} name={name} />
        <span class="order-what">
          <strong>
            {productName(name)}
            {more > 0 && ` and ${count(more, "more product")}`}
          </strong>
          <time
            class="faint"
            datetime={new Date(order.placedAtMs).toISOString()}
          >
            {time(order.placedAtMs)}
          </time>
        </span>
        <span class="order-sum">
          <span class="price">{price(order.totalCents, currency)}</span>
          <span class="badge" data-state={order.status}>
            {STATUS_TEXTS[order.status]}
          </span>
        </span>
      </a>
    </li>
  );
}

function Nothing() {
  return (
    <Empty title="No orders yet">
      <p>What you buy is listed here, with its state and its payment.</p>
      <p>
        <a class="button" href="/">See all products</a>
      </p>
    </Empty>
  );
}

/** The rows of this file. */
export const ORDER_LIST_PAGES: readonly Route[] = [
  {
    method: "GET",
    path: "/orders",
    access: "session",
    like: "listOrders",
    handle: show,
  },
];
