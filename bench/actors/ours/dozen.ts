/**
 * A dozen behaviors that have run before anything is measured, as in real use:
 * a kernel that has only ever seen two behaviors is compiled for just these.
 * They differ in all that it looks at: the members of a behavior, the shapes
 * of states and messages, and what steps do. A parcel of work goes round them.
 *
 * @module
 */
import type {
  Answered,
  Asker,
  Asks,
  Behavior,
  ChildSpec,
  Context,
  Message,
  Ref,
  Signal,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { verify } from "../program.ts";
import { withSystem } from "./with_system.ts";

/** Two hundred thousand steps: enough for V8 to compile what is hot. */
const ROUNDS = 12_000;
/** A receipt is printed for each so many orders, by an actor of its own. */
const RECEIPT_EVERY = 16;
const WITHIN_MS = 60_000;

/** Goes round; `left` counts down. */
interface Parcel extends Message {
  readonly left: number;
}
type Audit =
  | ({ readonly kind: "start"; readonly rounds: number } & Asks<number>)
  | (Parcel & { readonly kind: "note"; readonly text: string });
type Add = Parcel & { readonly user: string; readonly sku: string };
type Price =
  | (Parcel & { readonly kind: "quote"; readonly quantity: number })
  | Answered<"redeemed", number, number>;
type Redeem =
  & { readonly kind: "redeem"; readonly code: string; readonly cents: number }
  & Asks<number>;
type Reserve = Parcel & {
  readonly kind: "reserve";
  readonly cents: number;
  readonly units: readonly number[];
};
type Place = Parcel & { readonly kind: "place"; readonly total: number };
type Print = { readonly kind: "print"; readonly copies: number };
type Payment =
  | (Parcel & { readonly kind: "pay"; readonly currency: string })
  | (Parcel & { readonly kind: "settle"; readonly attempt: number });
type Book = Parcel & { readonly debit: number; readonly credit: number };
type Ship = Parcel & { readonly kind: "ship" | "late"; readonly to: string };
type Mail = Parcel & { readonly kind: "send"; readonly subject: string };
type Index = Parcel & { readonly kind: "index"; readonly terms: string[] };

const AUDIT: Ref<Audit> = "audit";
const CART: Ref<Add> = "cart";
const PRICE: Ref<Price> = "price";
const COUPON: Ref<Redeem> = "coupon";
const STOCK: Ref<Reserve> = "stock";
const ORDER: Ref<Place> = "order";
const PAYMENT: Ref<Payment> = "payment";
const LEDGER: Ref<Book> = "ledger";
const SHIPMENT: Ref<Ship> = "shipment";
const MAIL: Ref<Mail> = "mail";
const SEARCH: Ref<Index> = "search";

const audit: Behavior<{ asker: Asker; rounds: number }, Audit> = {
  name: "audit",
  start: () => ({ asker: 0, rounds: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "start":
        state.asker = ctx.asker();
        return addToCart(ctx, message.rounds);
      case "note":
        state.rounds++;
        if (message.left > 0) return addToCart(ctx, message.left);
        return ctx.answer(state.asker, ok(state.rounds));
    }
  },
};

function addToCart(ctx: Context<Audit>, left: number): void {
  const sku = `SKU-${left % 8}`;
  ctx.tell(CART, { kind: "add", left: left - 1, user: "u", sku });
}

class CartBehavior implements Behavior<{ skus: string[] }, Add> {
  readonly name = "cart";
  start(): { skus: string[] } {
    return { skus: [] };
  }
  receive(ctx: Context<Add>, state: { skus: string[] }, message: Add): void {
    state.skus = [message.sku];
    ctx.tell(PRICE, { kind: "quote", left: message.left, quantity: 2 });
  }
}

const price: Behavior<{ quotes: number; cents: number }, Price> = {
  name: "price",
  droppable: new Set(["quote"]),
  start: () => ({ quotes: 0, cents: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "quote":
        state.quotes++;
        return ctx.ask(COUPON, { kind: "redeem", code: "TEN", cents: 1299 }, {
          as: "redeemed",
          withinMs: WITHIN_MS,
          about: message.left,
        });
      case "redeemed": {
        const { outcome, about: left } = message;
        if (outcome.kind === "ok") state.cents = outcome.value;
        const { cents } = state;
        ctx.tell(STOCK, { kind: "reserve", left, cents, units: [1, 2] });
        return;
      }
    }
  },
};

const coupon: Behavior<null, Redeem> = {
  name: "coupon",
  keyOf: (message) => message.code,
  start: () => null,
  receive(ctx, _state, message) {
    ctx.reply(ok(message.cents - 100));
  },
};

class StockBehavior implements Behavior<Map<string, number>, Reserve> {
  readonly name = "stock";
  readonly urgent: ReadonlySet<string> = new Set(["reserve"]);
  start(): Map<string, number> {
    return new Map();
  }
  receive(
    ctx: Context<Reserve>,
    state: Map<string, number>,
    { left, cents, units }: Reserve,
  ): void {
    state.set("sold", (state.get("sold") ?? 0) + units.length);
    ctx.tell(ORDER, { kind: "place", left, total: cents });
  }
  keyOf(): string {
    return "SKU";
  }
}

const order: Behavior<{ placed: number; printed: number }, Place> = {
  name: "order",
  start: () => ({ placed: 0, printed: 0 }),
  receive(ctx, state, { left }) {
    const name = `receipt-${state.placed++}`;
    if (state.placed % RECEIPT_EVERY === 0) {
      const spec = { name, behavior: receipt, args: { copies: 1 } };
      ctx.tell(ctx.spawn(spec), { kind: "print", copies: 1 });
    }
    ctx.tell(PAYMENT, { kind: "pay", left, currency: "GBP" });
  },
  signal(_ctx, state, signal) {
    if (signal.kind === "down") state.printed++;
  },
};

const receipt: Behavior<{ pages: number }, Print, { copies: number }> = {
  name: "receipt",
  start: ({ copies }) => ({ pages: copies }),
  receive(ctx, state, { copies }) {
    state.pages += copies;
    ctx.stop();
  },
};

const payment: Behavior<{ busy: boolean }, Payment> = {
  name: "payment",
  start: () => ({ busy: false }),
  receive(ctx, state, message) {
    const { kind, left } = message;
    switch (kind) {
      case "pay":
        // Every first try finds it busy, is set aside and comes back.
        state.busy = !state.busy;
        if (state.busy) {
          ctx.stash();
          ctx.unstash();
        } else ctx.tell(ctx.self, { kind: "settle", left, attempt: 2 });
        return;
      case "settle":
        ctx.tell(LEDGER, { kind: "book", left, debit: 1, credit: 1 });
        return;
    }
  },
};

class LedgerBehavior implements Behavior<{ sum: number }, Book> {
  readonly name = "ledger";
  start(): { sum: number } {
    return { sum: 0 };
  }
  receive(ctx: Context<Book>, state: { sum: number }, message: Book): void {
    state.sum += message.debit - message.credit;
    ctx.count("booked");
    ctx.tell(SHIPMENT, { kind: "ship", left: message.left, to: "London" });
  }
  signal(_ctx: Context<Book>, state: { sum: number }, signal: Signal): void {
    if (signal.kind === "stopping") state.sum = 0;
  }
}

const shipment: Behavior<{ shipped: number }, Ship> = {
  name: "shipment",
  start: () => ({ shipped: 0 }),
  receive(ctx, state, { left }) {
    state.shipped++;
    ctx.timer("late", WITHIN_MS, { kind: "late", left, to: "" });
    ctx.cancelTimer("late");
    ctx.tell(MAIL, { kind: "send", left, subject: "On its way" });
  },
};

const mail: Behavior<string[], Mail> = {
  name: "mail",
  start: () => [],
  receive(ctx, state, { left, subject }) {
    state[0] = subject;
    ctx.watch(SEARCH as string);
    ctx.unwatch(SEARCH as string);
    ctx.tell(SEARCH, { kind: "index", left, terms: [subject] });
  },
};

class SearchBehavior implements Behavior<{ drawn: number }, Index> {
  readonly name = "search";
  start(): { drawn: number } {
    return { drawn: 0 };
  }
  receive(ctx: Context<Index>, state: { drawn: number }, message: Index): void {
    state.drawn ^= ctx.random();
    const text = message.terms[0] ?? "";
    ctx.tell(AUDIT, { kind: "note", left: message.left, text });
  }
}

const BEHAVIORS = [
  audit,
  new CartBehavior(),
  price,
  coupon,
  new StockBehavior(),
  order,
  payment,
  new LedgerBehavior(),
  shipment,
  mail,
  new SearchBehavior(),
] as const;

/** Lets the dozen work in a system of their own. */
export function warmUpWithDozen(): Promise<void> {
  const children = BEHAVIORS.map((behavior): ChildSpec => ({
    name: behavior.name,
    behavior: behavior as ChildSpec["behavior"],
    args: undefined,
  }));
  return withSystem(children, async (ask) => {
    const rounds = await ask(AUDIT, { kind: "start", rounds: ROUNDS });
    verify("rounds", rounds, ROUNDS);
  });
}
