/**
 * What stands behind the shop's gateways in a simulation: a catalog, a payment
 * provider and a password check, each as a model that takes its time and can be
 * slowed down. The provider keeps its books as a real one does: a charge of one
 * attempt id happens once, and a status of `none` forbids it for good.
 *
 * @module
 */
import type { CatalogMessage } from "../actors/catalog.ts";
import type { ChargeState, PaymentMessage } from "../actors/payment.ts";
import { refuse } from "../actors/refusals.ts";
import type { Message } from "../actors/runtime/actor.ts";
import { ok, type Outcome } from "../actors/runtime/outcome.ts";
import type { PoolCalls } from "../cluster/pool/pool_calls.ts";
import type { Observation } from "./observation.ts";
import type { GatewayModel } from "./thread_options.ts";

/** A product as the simulated catalog has it. */
export interface SimulatedProduct {
  readonly sku: string;
  readonly priceCents: number;
  readonly units: number;
}

/** What a payment provider knows of attempts. */
export class PaymentBooks {
  readonly charges: Map<string, { state: ChargeState; amountCents: number }> =
    new Map();
  readonly refunded: Set<string> = new Set();
}

/** What models need of their world. */
export interface ModelOptions {
  readonly products: ReadonlyMap<string, SimulatedProduct>;
  readonly currency: string;
  /** Answers after the time that a message of that kind takes. */
  readonly later: (gateway: string, kind: string, act: () => void) => void;
  readonly nowUs: () => number;
  /** Its own ones unless told. */
  readonly books?: PaymentBooks | undefined;
  readonly observe: (observation: Observation) => void;
}

/** The model of a gateway of that kind at that address. */
export function modelOf(
  kind: "payment" | "password" | "catalog",
  address: string,
  options: ModelOptions,
): GatewayModel {
  const answerOf = {
    payment: paymentModel(options),
    password: () => ok({ matches: true }),
    catalog: catalogModel(options),
  }[kind];
  return (message, answer) =>
    options.later(address, message.kind, () => answer(answerOf(message)));
}

/** As the live host's: what a call of a cache node may take in all. */
const POOL_WITHIN_MS = 2_000;

/** The gateway that has one of a pool's members answer. */
export function poolModel(calls: PoolCalls): GatewayModel {
  return (message, answer) => {
    const key = "sku" in message ? String(message.sku) : "";
    calls.call(key, message, POOL_WITHIN_MS, answer);
  };
}

type Answering = (message: Message) => Outcome<unknown>;

function catalogModel({ products, currency }: ModelOptions): Answering {
  return (given) => {
    // Nothing else is sent to its address.
    const message = given as unknown as CatalogMessage;
    if (message.kind === "list_skus") {
      const skus = [...products.keys()];
      return ok({ skus, next: null, total: skus.length });
    }
    if (message.kind !== "read_entry") return ok({ items: [], next: null });
    const { sku } = message;
    if (!products.has(sku)) return refuse("not-found");
    return ok({ sku, name: `Product ${sku}`, currency, version: 1 });
  };
}

function paymentModel(
  { nowUs, observe, books = new PaymentBooks() }: ModelOptions,
): Answering {
  const { charges, refunded } = books;
  return (given) => {
    // Nothing else is sent to its address.
    const message = given as unknown as PaymentMessage;
    const { attemptId: attempt } = message;
    const known = charges.get(attempt);
    switch (message.kind) {
      case "charge": {
        if (known !== undefined) return ok({ state: known.state });
        const { amountCents } = message;
        const state = message.method === "sandbox_declined"
          ? "declined"
          : "captured";
        charges.set(attempt, { state, amountCents });
        if (state === "captured") {
          observe({ kind: "charged", atUs: nowUs(), attempt, amountCents });
        }
        return ok({ state });
      }
      case "charge_status":
        if (known !== undefined) return ok({ state: known.state });
        charges.set(attempt, { state: "none", amountCents: 0 });
        return ok({ state: "none" });
      case "refund": {
        if (known?.state !== "captured") {
          return refuse("invalid-input", { detail: "nothing was captured" });
        }
        if (!refunded.has(attempt)) {
          refunded.add(attempt);
          const { amountCents } = known;
          observe({ kind: "refunded", atUs: nowUs(), attempt, amountCents });
        }
        return ok(null);
      }
    }
  };
}
