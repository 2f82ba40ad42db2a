/**
 * One order's page: how far it has come, what is in it, the clock while its
 * stock is kept, and the forms that pay or cancel.
 *
 * @module
 */
import { z } from "zod";
import type { OrderStatus, OrderView } from "../../actors/storefront.ts";
import type { Payment } from "../../actors/storefront.ts";
import type { PricedLine } from "../../actors/inventory_shard.ts";
import { outcomeOf, readProduct } from "../api/shelf.ts";
import type { Call } from "../call.ts";
import { type Problem, problemOf, PROBLEMS } from "../problems.ts";
import type { Route } from "../routes.ts";
import type { Session } from "../sessions.ts";
import { Art } from "./art.tsx";
import { price, productName, time } from "./format.ts";
import { Alert, document } from "./layout.tsx";
import { STATUS_TEXTS } from "./orders.tsx";
import { formKey } from "./product.tsx";

const payment = z.object({ key: formKey });
const query = z.object({ payment: z.string().max(20).optional() });

async function show(call: Call): Promise<Response> {
  const order = await outcomeOf<OrderView>((done) =>
    call.services.gate.readOrder(call.userId, call.param("id"), done)
  );
  if (order.kind !== "ok") return call.problem(problemOf(order));
  const isPending = call.query(query).value?.payment === "pending";
  return call.sendPage(
    200,
    await orderDocument(call, order.value, { isPending }),
  );
}

async function pay(call: Call): Promise<Response> {
  const form = await call.form(payment);
  if (form.problem !== undefined) return refused(call, form.problem);
  const id = call.param("id");
  const { key } = form.value;
  const paid = await outcomeOf<Payment>((done) =>
    call.services.gate.payOrder(call.userId, id, key, "sandbox", done)
  );
  if (paid.kind !== "ok") return refused(call, problemOf(paid), key);
  const suffix = paid.value.pending ? "?payment=pending" : "";
  return call.redirect(`/orders/${encodeURIComponent(id)}${suffix}`);
}

async function cancel(call: Call): Promise<Response> {
  const id = call.param("id");
  const order = await outcomeOf<OrderView>((done) =>
    call.services.gate.cancelOrder(call.userId, id, done)
  );
  return order.kind === "ok"
    ? call.redirect(`/orders/${encodeURIComponent(id)}`)
    : refused(call, problemOf(order));
}

/** The order as it is now, with what went wrong above it. */
async function refused(
  call: Call,
  problem: Problem,
  usedKey?: string,
): Promise<Response> {
  const order = await outcomeOf<OrderView>((done) =>
    call.services.gate.readOrder(call.userId, call.param("id"), done)
  );
  if (order.kind !== "ok") return call.problem(problem);
  // A declined payment is over; a new attempt needs a key of its own.
  const isOver = problem.code === "payment-declined" ||
    problem.code === "idempotency-key-reused";
  const more = { problem, ...(isOver || !usedKey ? {} : { key: usedKey }) };
  const page = await orderDocument(call, order.value, more);
  return call.refuseForm(problem, () => page);
}

interface Extras {
  readonly problem?: Problem;
  readonly isPending?: boolean;
  readonly key?: string;
}

interface NamedLine extends PricedLine {
  readonly name: string;
}

async function orderDocument(
  call: Call,
  order: OrderView,
  extras: Extras,
): Promise<string> {
  const { gate, config, clock, randomId } = call.services;
  const lines = await Promise.all(order.lines.map(async (line) => {
    const product = await readProduct(gate, line.sku);
    const name = product.kind === "ok" ? product.value.name : line.sku;
    return { ...line, name };
  }));
  return render({
    order,
    lines,
    currency: config.currency ?? "GBP",
    nowMs: clock.wallMs(),
    session: call.session,
    key: extras.key ?? randomId(),
    problem: extras.problem,
    isPending: extras.isPending ?? false,
  });
}

interface OrderPage {
  readonly order: OrderView;
  readonly lines: readonly NamedLine[];
  readonly currency: string;
  readonly nowMs: number;
  readonly session: Session | null;
  readonly key: string;
  readonly problem: Problem | undefined;
  readonly isPending: boolean;
}

function render(page: OrderPage): string {
  const { order, lines, currency, session, problem } = page;
  return document({
    title: "Order",
    session,
    children: (
      <div class="order" data-live-order={order.id} data-status={order.status}>
        <nav class="crumbs" aria-label="You are here">
          <a href="/orders">My orders</a>
          <span aria-hidden="true">/</span>
          <span>{order.id}</span>
        </nav>
        {problem && <Refusal problem={problem} />}
        <div class="heading">
          <h1>{HEADLINES[order.status]}</h1>
          <p>
            <span class="badge" data-state={order.status}>
              {STATUS_TEXTS[order.status]}
            </span>
          </p>
        </div>
        <Timeline order={order} />
        <div class="order-columns">
          <Lines lines={lines} total={order.totalCents} currency={currency} />
          <Next {...page} />
        </div>
      </div>
    ),
  });
}

const HEADLINES: Readonly<Record<OrderStatus, string>> = {
  awaiting_payment: "Set aside for you",
  paid: "It is yours",
  cancelled: "Order cancelled",
  expired: "Time ran out",
  refund_pending: "Your money is coming back",
  refunded: "Your money is back",
};

/** What has happened and what comes, in order. */
const STEPS: Readonly<Record<OrderStatus, readonly string[]>> = {
  awaiting_payment: ["Set aside", "Payment", "Yours"],
  paid: ["Set aside", "Paid", "Yours"],
  cancelled: ["Set aside", "Cancelled"],
  expired: ["Set aside", "Not paid in time", "Back on sale"],
  refund_pending: ["Set aside", "Paid", "Refund on its way", "Refunded"],
  refunded: ["Set aside", "Paid", "Refunded"],
};

/** How many steps are behind us; the others are still to come. */
const STEPS_DONE: Readonly<Partial<Record<OrderStatus, number>>> = {
  awaiting_payment: 1,
  refund_pending: 2,
};

function Timeline({ order }: { order: OrderView }) {
  const steps = STEPS[order.status];
  const done = STEPS_DONE[order.status] ?? steps.length;
  return (
    <ol class="timeline" aria-label="Progress">
      {steps.map((step, index) => (
        <li
          data-step={index < done ? "done" : index === done ? "now" : "later"}
          aria-current={index === done ? "step" : undefined}
        >
          {step}
        </li>
      ))}
    </ol>
  );
}

interface LinesProps {
  readonly lines: readonly NamedLine[];
  readonly total: number;
  readonly currency: string;
}

function Lines({ lines, total, currency }: LinesProps) {
  return (
    <section class="sheet" aria-label="What is in it">
      <ul class="lines">
        {lines.map(({ sku, name, quantity, priceCents }) => (
          <li>
            <Art sku={sku} name={name} />
            <a href={`/products/${encodeURIComponent(sku)}`}>
              {productName(name)}
            </a>
            <span class="faint">
              {quantity} × {price(priceCents, currency)}
            </span>
            <span class="price">{price(priceCents * quantity, currency)}</span>
          </li>
        ))}
      </ul>
      <p class="total">
        <span>Total</span>
        <span class="price">{price(total, currency)}</span>
      </p>
    </section>
  );
}

function Next({ order, currency, nowMs, key, isPending }: OrderPage) {
  const path = `/orders/${encodeURIComponent(order.id)}`;
  if (order.status !== "awaiting_payment") return <After order={order} />;
  const until = new Date(order.reservedUntilMs).toISOString();
  return (
    <section class="sheet next">
      <h2>Pay to keep it</h2>
      <p class="clock">
        <time
          datetime={until}
          data-countdown={until}
          data-now={new Date(nowMs).toISOString()}
        >
          until {time(order.reservedUntilMs)}
        </time>
      </p>
      <p class="faint small-print">
        After that it goes back on sale, and nothing is charged.
      </p>
      {isPending && (
        <p role="status">
          The bank has not answered yet. Your units stay set aside until it
          does; this page shows the answer.
        </p>
      )}
      <form method="post" action={`${path}/pay`}>
        <input type="hidden" name="key" value={key} />
        <button class="button wide" type="submit">
          Pay {price(order.totalCents, currency)}
        </button>
      </form>
      <p class="faint small-print">
        A sandbox: no money moves, and pressing twice pays once.
      </p>
      <form method="post" action={`${path}/cancel`}>
        <button class="plain" type="submit">Cancel this order</button>
      </form>
    </section>
  );
}

/** Orders whose buyer may well want the same again. */
const WANTED: ReadonlySet<OrderStatus> = new Set([
  "cancelled",
  "expired",
  "refunded",
]);

function After({ order }: { order: OrderView }) {
  const texts: Readonly<Record<OrderStatus, string>> = {
    awaiting_payment: "",
    paid: "Thank you. The payment is in and the units are yours.",
    cancelled: "The units went back on sale. Nothing was charged.",
    expired: "It was not paid in time, so the units went back on sale. " +
      "Nothing was charged. You can buy it again while there is some left.",
    refund_pending: "The stock was gone before the payment came through. The " +
      "money goes back to you by itself.",
    refunded: "The payment was returned in full.",
  };
  return (
    <section class="sheet next">
      <p>{texts[order.status]}</p>
      <p class="faint">
        Ordered{" "}
        <time datetime={new Date(order.placedAtMs).toISOString()}>
          {time(order.placedAtMs)}
        </time>
      </p>
      {WANTED.has(order.status) && (
        <p>
          <a
            class="button"
            href={`/products/${encodeURIComponent(order.lines[0]?.sku ?? "")}`}
          >
            See if it is still there
          </a>
        </p>
      )}
      <p>
        <a class="button quiet" href="/">See more products</a>
      </p>
    </section>
  );
}

function Refusal({ problem }: { problem: Problem }) {
  const { title, detail, retryable } = PROBLEMS[problem.code];
  const advice = problem.code === "outcome-unknown"
    ? " Press pay again: the same payment is never made twice."
    : retryable
    ? " Try again in a moment."
    : "";
  return <Alert title={title}>{problem.detail ?? detail}{advice}</Alert>;
}

/** The rows of this file. */
export const ORDER_PAGES: readonly Route[] = [
  {
    method: "GET",
    path: "/orders/{id}",
    access: "session",
    like: "readOrder",
    handle: show,
  },
  {
    method: "POST",
    path: "/orders/{id}/pay",
    access: "session",
    like: "payOrder",
    handle: pay,
  },
  {
    method: "POST",
    path: "/orders/{id}/cancel",
    access: "session",
    like: "cancelOrder",
    handle: cancel,
  },
];
