/**
 * A dozen actor functions that have run before anything is measured, as in
 * real use, and as ours does it (`bench/actors/ours/dozen.ts`): with states and
 * messages of different shapes, queries and children. A parcel of work goes
 * round them.
 *
 * @module
 */
import {
  type ActorSystemRef,
  dispatch,
  query,
  type Ref,
  spawn,
  stop,
} from "nact";
import { verify } from "../../actors/program.ts";
import { withSystem } from "./with_system.ts";

/** A hundred thousand messages: enough for V8 to compile what is hot. */
const ROUNDS = 8_000;
/** A receipt is printed for each so many orders, by an actor of its own. */
const RECEIPT_EVERY = 16;
const WITHIN_MS = 60_000;

/** Goes round; `left` counts down. */
interface Parcel {
  readonly left: number;
}
interface Note extends Parcel {
  readonly text: string;
}
interface Add extends Parcel {
  readonly user: string;
  readonly sku: string;
}
interface Quote extends Parcel {
  readonly quantity: number;
}
interface Redeem {
  readonly code: string;
  readonly cents: number;
  readonly from: Ref<number>;
}
interface Reserve extends Parcel {
  readonly cents: number;
  readonly units: readonly number[];
}
interface Place extends Parcel {
  readonly total: number;
}
interface Pay extends Parcel {
  readonly currency: string;
}
interface Book extends Parcel {
  readonly debit: number;
  readonly credit: number;
}
interface Ship extends Parcel {
  readonly to: string;
}
interface Mail extends Parcel {
  readonly subject: string;
}
interface Index extends Parcel {
  readonly terms: readonly string[];
}

/** Lets the dozen work in a system of their own. */
export function warmUpWithDozen(): Promise<void> {
  return withSystem(async (system) => {
    const done = Promise.withResolvers<number>();
    let cart: Ref<Add> | null = null;
    const audit = spawn(
      system,
      (state: { rounds: number }, { left }: Note) => {
        if (left === 0) done.resolve(state.rounds);
        else if (cart !== null) {
          state.rounds++;
          dispatch(cart, { left: left - 1, user: "u", sku: `SKU-${left % 8}` });
        }
        return state;
      },
      "audit",
      { initialState: { rounds: 0 } },
    );
    cart = spawnShop(system, spawnOffice(system, audit));
    dispatch(audit, { left: ROUNDS, text: "start" });
    verify("rounds", await done.promise, ROUNDS);
  });
}

/** From the cart to the order, which hands on to the office. */
function spawnShop(system: ActorSystemRef, payment: Ref<Pay>): Ref<Add> {
  const order = spawn(
    system,
    (state: { placed: number }, { left }: Place, ctx) => {
      if (++state.placed % RECEIPT_EVERY === 0) {
        const name = `receipt-${state.placed}`;
        const receipt = spawn(ctx.self, print, name, { initialState: 0 });
        dispatch(receipt, { copies: 1 });
      }
      dispatch(payment, { left, currency: "GBP" });
      return state;
    },
    "order",
    { initialState: { placed: 0 } },
  );
  const stock = spawn(
    system,
    (state: Map<string, number>, { left, cents, units }: Reserve) => {
      state.set("sold", (state.get("sold") ?? 0) + units.length);
      dispatch(order, { left, total: cents });
      return state;
    },
    "stock",
    { initialState: new Map<string, number>() },
  );
  const coupon = spawn(
    system,
    (state: null, { from, cents }: Redeem) => {
      dispatch(from, cents - 100);
      return state;
    },
    "coupon",
    { initialState: null },
  );
  const price = spawn(
    system,
    async (state: { quotes: number; cents: number }, { left }: Quote) => {
      state.quotes++;
      state.cents = await query(
        coupon,
        (from: Ref<number>) => ({ code: "TEN", cents: 1299, from }),
        WITHIN_MS,
      );
      dispatch(stock, { left, cents: state.cents, units: [1, 2] });
      return state;
    },
    "price",
    { initialState: { quotes: 0, cents: 0 } },
  );
  return spawn(
    system,
    (_state: { skus: string[] }, { left, sku }: Add) => {
      dispatch(price, { left, quantity: 2 });
      return { skus: [sku] };
    },
    "cart",
    { initialState: { skus: [] as string[] } },
  );
}

function print(
  pages: number,
  { copies }: { readonly copies: number },
  { self }: { readonly self: Ref<never> },
): number {
  stop(self);
  return pages + copies;
}

/** From the payment to the search, which hands on to the audit. */
function spawnOffice(system: ActorSystemRef, audit: Ref<Note>): Ref<Pay> {
  const search = spawn(
    system,
    (state: { drawn: number }, { left, terms }: Index) => {
      state.drawn ^= left;
      dispatch(audit, { left, text: terms[0] ?? "" });
      return state;
    },
    "search",
    { initialState: { drawn: 0 } },
  );
  const mail = spawn(
    system,
    (state: string[], { left, subject }: Mail) => {
      state[0] = subject;
      dispatch(search, { left, terms: [subject] });
      return state;
    },
    "mail",
    { initialState: [] as string[] },
  );
  const shipment = spawn(
    system,
    (shipped: number, { left }: Ship) => {
      dispatch(mail, { left, subject: "On its way" });
      return shipped + 1;
    },
    "shipment",
    { initialState: 0 },
  );
  const ledger = spawn(
    system,
    (state: { sum: number }, { left, debit, credit }: Book) => {
      state.sum += debit - credit;
      dispatch(shipment, { left, to: "London" });
      return state;
    },
    "ledger",
    { initialState: { sum: 0 } },
  );
  return spawn(
    system,
    (state: { busy: boolean }, { left }: Pay) => {
      dispatch(ledger, { left, debit: 1, credit: 1 });
      return { busy: !state.busy };
    },
    "payment",
    { initialState: { busy: false } },
  );
}
