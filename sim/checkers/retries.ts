/**
 * What holds for asking again and for saying no: clients ask again within their
 * budget and never after a definite answer, and the cheapest refusal costs the
 * shop nothing.
 *
 * @module
 */
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type { Payment } from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { type Called, Inspection } from "./inspection.ts";
import type { RunView } from "./run_view.ts";

/** Retries that every budget allows, as the simulator's clients have it. */
const FREE_RETRIES = 10;

/** Refusals after which the same request may be made again. */
const RETRYABLE: ReadonlySet<string> = new Set(
  ["rate-limited", "payment-in-flight", "idempotency-in-flight"],
);

/** What the clients of a journey have asked. */
interface Asked {
  firsts: number;
  retries: number;
}

/**
 * `retry.withinBudget`: the tries of a step are no more than its journey
 * allows; all retries of a journey stay within its budget; and nobody asks
 * again what was answered for good.
 */
export class RetryWithinBudget extends Inspection {
  readonly id = "retry.withinBudget";
  override readonly sees = ["called", "returned"] as const;
  readonly #view: RunView;
  readonly #asked = new Map<string, Asked>();
  /** First tries whose last answer lets the client ask again. */
  readonly #retryable = new Set<number>();

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    if (observation.kind === "called") this.#called(observation);
    else if (observation.kind === "returned" && this.#view.called !== null) {
      const { step, call, first = call } = this.#view.called;
      if (!isForGood(step, observation.outcome)) this.#retryable.add(first);
    }
  }

  #called(called: Called): void {
    const { atUs, client, step, first, input } = called;
    const journey = String(input.journey);
    const limits = this.#view.context.retries?.get(journey);
    const asked = this.#asked.get(journey) ?? { firsts: 0, retries: 0 };
    this.#asked.set(journey, asked);
    this.checked++;
    if (first === undefined) {
      asked.firsts++;
      return;
    }
    asked.retries++;
    if (!this.#retryable.delete(first)) {
      const detail = `${client} asks again for ${step}, of which the last ` +
        `answer was for good or is still to come`;
      return this.report(atUs, client, detail);
    }
    const tries = Number(input.try);
    if (limits === undefined) return;
    const { max, budgetPerMillion } = limits;
    const { firsts, retries } = asked;
    const most = FREE_RETRIES + firsts * (budgetPerMillion ?? 0) / 1_000_000;
    // As long as something is left of a budget, one more may be made.
    if (tries > max || (budgetPerMillion !== null && retries >= most + 1)) {
      const detail = `Clients of ${journey} asked ${retries} times again ` +
        `after ${firsts} first tries, this one for the ${tries}. time`;
      this.report(atUs, journey, detail);
    }
  }
}

/** Whether the contract says that asking again is of no use. */
function isForGood(step: string, outcome: Outcome<unknown>): boolean {
  if (outcome.kind === "rejected") return !RETRYABLE.has(outcome.code);
  if (outcome.kind !== "ok") return false;
  return step !== "pay_order" || !(outcome.value as Payment).pending;
}

/**
 * `refusal.costsNothing`: who is over his limit is told so at once. He waits
 * for no actor, so that refusing is cheaper than serving however many come.
 */
export class RefusalCostsNothing extends Inspection {
  readonly id = "refusal.costsNothing";
  override readonly sees = ["returned"] as const;
  readonly #view: RunView;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { called } = this.#view;
    if (observation.kind !== "returned" || called === null) return;
    const { outcome, atUs } = observation;
    const isLimited = outcome.kind === "rejected" &&
      outcome.code === "rate-limited";
    if (!isLimited) return;
    this.checked++;
    if (atUs === called.atUs) return;
    const detail = `${called.client} waited ${atUs - called.atUs} µs to hear ` +
      `that he is over his limit`;
    this.report(atUs, called.client, detail);
  }
}
