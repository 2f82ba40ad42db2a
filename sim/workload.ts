/**
 * The clients: who comes when, what he does, and what he does when it fails.
 * They drive the gate as the HTTP edge does and report every call. Open load
 * comes whatever the shop answers; closed load is a number of users who wait
 * for their answer, think, and begin again.
 *
 * @module
 */
import type { Line } from "../actors/inventory_shard.ts";
import { type Outcome, rejected } from "../actors/runtime/outcome.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import type { OrderView, Payment, Placed } from "../actors/storefront.ts";
import type { Admission } from "../cluster/gate.ts";
import { RetryBudget } from "../cluster/pool/retry_budget.ts";
import { admitStep, noteGivenBack } from "./admitting.ts";
import type { Door } from "./door.ts";
import type { Observation } from "./observation.ts";
import { OpenArrivals } from "./open_arrivals.ts";
import type { RecordedOrder } from "./recorded_orders.ts";
import type { Journey, LoadPhase, Scenario, Step } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import { drawUs } from "./streams.ts";

/** What a workload needs. */
export interface WorkloadOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly scheduler: Scheduler;
  /** Where the next call goes. */
  readonly door: () => Door;
  readonly observe: (observation: Observation) => void;
  /** The orders of a recorded phase, oldest first. */
  readonly recordingOf: (phase: LoadPhase) => readonly RecordedOrder[];
  /** Draws a product for a step. */
  readonly pick: (target: Step["target"], random: SeededRandom) => string;
}

/** A client on his journey. */
interface Client {
  readonly userId: string;
  readonly phase: string;
  readonly journey: Journey;
  readonly random: SeededRandom;
  readonly done: () => void;
  /** What was in his order, where it is known. */
  readonly recorded: readonly Line[] | null;
  step: number;
  tries: number;
  /** The first try of its step. */
  first: number;
  key: string;
  lines: readonly Line[];
  order: OrderView | null;
}

const MICROSECONDS = 1_000_000;

/** See the module's text. */
export class Workload {
  /** Calls begun and ended, first tries and retries. */
  calls = 0;
  ended = 0;
  /** Clients under way. */
  clients = 0;
  readonly #options: WorkloadOptions;
  readonly #scheduler: Scheduler;
  /** By journey; without one its clients retry as they like. */
  readonly #budgets: ReadonlyMap<string, RetryBudget>;
  /** What clients of a phase may come for. */
  readonly #journeys = new Map<LoadPhase, readonly Journey[]>();
  #arrivals = 0;
  #isStopped = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler;
    this.#budgets = budgetsOf(options.scenario.journeys);
  }

  /** Lets everybody come at his time; times count from now. */
  start(): void {
    const startUs = this.#scheduler.nowUs;
    for (const phase of this.#options.scenario.load) {
      this.#startPhase(phase, startUs);
    }
  }

  /** Nobody comes any more; who is there finishes what he does. */
  stop(): void {
    this.#isStopped = true;
  }

  #startPhase(phase: LoadPhase, startUs: number): void {
    const random = this.#stream(`arrivals ${phase.phase}`);
    const all = this.#options.scenario.journeys;
    this.#journeys.set(
      phase,
      all.filter(({ name }) => phase.journeys.includes(name)),
    );
    const { arrivals } = phase;
    if (arrivals.kind === "closed") {
      for (let user = 0; user < arrivals.users; user++) {
        const name = `${phase.phase}-${user}`;
        const own = this.#stream(`user ${name}`);
        const again = () => {
          const atUs = this.#scheduler.nowUs +
            drawUs(arrivals.think, own);
          if (atUs >= startUs + phase.toUs) return;
          this.#at(atUs, name, () => this.#arrive(phase, name, own, again));
        };
        const firstUs = startUs + phase.fromUs +
          drawUs(arrivals.think, own);
        this.#at(firstUs, name, () => this.#arrive(phase, name, own, again));
      }
      return;
    }
    if (arrivals.kind === "recorded") {
      return this.#nextRecorded(phase, startUs, random, 0);
    }
    this.#comeOpenly(phase, startUs, random);
  }

  /** Orders as they came, `speed` times faster, or a share of them. */
  #nextRecorded(
    phase: LoadPhase,
    startUs: number,
    random: SeededRandom,
    from: number,
  ): void {
    const { arrivals } = phase;
    if (arrivals.kind !== "recorded") return;
    const orders = this.#options.recordingOf(phase);
    let index = from;
    while (
      index < orders.length &&
      random.below(MICROSECONDS) >= arrivals.keptPerMillion
    ) index++;
    const order = orders[index];
    if (order === undefined) return;
    const afterUs = Math.round(order.atUs / arrivals.speed);
    if (phase.fromUs + afterUs >= phase.toUs) return;
    this.#at(startUs + phase.fromUs + afterUs, phase.phase, () => {
      const lines = order.lines.length > 0 ? order.lines : null;
      this.#arrive(phase, `c${order.customer}`, random, nobodyWaits, lines);
      this.#nextRecorded(phase, startUs, random, index + 1);
    });
  }

  /** They come whatever the shop answers. */
  #comeOpenly(phase: LoadPhase, startUs: number, random: SeededRandom): void {
    const { arrivals, users } = phase;
    if (arrivals.kind !== "open") return;
    const come = new OpenArrivals(arrivals, {
      beginUs: startUs + phase.fromUs,
      endUs: startUs + phase.toUs,
      random,
    });
    const next = (fromUs: number) => {
      const atUs = come.after(fromUs);
      if (atUs !== null) this.#scheduler.again(atUs, arrival);
    };
    // One act for all of them: the next one waits for this one.
    const arrival = {
      label: stableHash(phase.phase),
      run: () => {
        this.#arrive(phase, `u${random.below(users)}`, random, nobodyWaits);
        next(this.#scheduler.nowUs);
      },
    };
    next(startUs + phase.fromUs);
  }

  #arrive(
    phase: LoadPhase,
    userId: string,
    random: SeededRandom,
    done: () => void,
    recorded: readonly Line[] | null = null,
  ): void {
    if (this.#isStopped) return;
    const journey = this.#journeyFor(phase, random);
    this.#arrivals++;
    this.clients++;
    this.#go({
      userId,
      phase: phase.phase,
      journey,
      random,
      done,
      step: 0,
      tries: 0,
      first: 0,
      key: `k${this.#arrivals}`,
      recorded,
      lines: [],
      order: null,
    });
  }

  #journeyFor(phase: LoadPhase, random: SeededRandom): Journey {
    const journeys = this.#journeys.get(phase)!;
    let total = 0;
    for (const { weight } of journeys) total += weight;
    let left = random.next() / 4_294_967_296 * total;
    for (const journey of journeys) {
      left -= journey.weight;
      if (left < 0) return journey;
    }
    return journeys[journeys.length - 1]!;
  }

  // ── One client ──────────────────────────────────────────────────────────

  #go(client: Client): void {
    const step = client.journey.steps[client.step];
    if (step === undefined) return this.#leave(client);
    if (client.tries === 0) {
      this.#budgets.get(client.journey.name)?.noteFirstTry();
    }
    this.#call(client, step);
  }

  #leave(client: Client): void {
    this.clients--;
    client.done();
  }

  #call(client: Client, step: Step): void {
    const call = ++this.calls;
    if (client.tries === 0) client.first = call;
    const { observe } = this.#options;
    const gate = this.#options.door();
    const input = this.#inputOf(client, step);
    const ended = (outcome: Outcome<unknown>) => {
      this.ended++;
      const atUs = this.#scheduler.nowUs;
      observe({ kind: "returned", atUs, call, outcome });
      noteGivenBack(observe, client.userId, admission, outcome, atUs);
      this.#proceed(client, step, outcome);
    };
    observe({
      kind: "called",
      atUs: this.#scheduler.nowUs,
      call,
      client: client.userId,
      step: step.do,
      first: client.tries > 0 ? client.first : undefined,
      ...gate.process !== undefined && { process: gate.process },
      input,
    });
    const { nowUs } = this.#scheduler;
    const admission = admitStep(gate, observe, client.userId, step.do, nowUs);
    const { admitted, delayMs, retryAfterMs } = admission;
    if (!admitted) return ended(rejected("rate-limited", { retryAfterMs }));
    const go = () => this.#ask(gate, client, step, input, admission, ended);
    if (delayMs === 0) return go();
    this.#at(nowUs + Math.ceil(delayMs * 1_000), client.userId, go);
  }

  /** What a call is about, and who makes it, for the report and checkers. */
  #inputOf(client: Client, step: Step): Record<string, unknown> {
    const { userId, key, order, phase, tries } = client;
    const journey = client.journey.name;
    if (step.do === "read_product") {
      const sku = this.#options.pick(step.target, client.random);
      return { sku, phase, journey, try: tries };
    }
    if (step.do !== "place_order") {
      const orderId = order?.id ?? "";
      return { userId, key: `${key}p`, orderId, phase, journey, try: tries };
    }
    if (tries === 0) client.lines = this.#linesFor(client, step);
    return { userId, key, lines: client.lines, phase, journey, try: tries };
  }

  #linesFor(client: Client, step: Step): readonly Line[] {
    if (client.recorded !== null) return client.recorded;
    const { from, to } = client.journey.lines;
    const count = from + client.random.below(to - from + 1);
    if (count === 1) {
      const sku = this.#options.pick(step.target, client.random);
      return [{ sku, quantity: 1 }];
    }
    const skus = new Set<string>();
    for (let draws = 0; skus.size < count && draws < count * 4; draws++) {
      skus.add(this.#options.pick(step.target, client.random));
    }
    return [...skus].map((sku) => ({ sku, quantity: 1 }));
  }

  #ask(
    gate: Door,
    client: Client,
    step: Step,
    input: Record<string, unknown>,
    admission: Admission,
    done: (outcome: Outcome<unknown>) => void,
  ): void {
    const { userId, order } = client;
    const key = String(input.key);
    switch (step.do) {
      case "read_product":
        return gate.readProduct(String(input.sku), false, done);
      case "place_order":
        return gate.placeOrder(userId, key, client.lines, done, admission);
      case "read_order":
        return gate.readOrder(userId, order?.id ?? "", done);
      case "pay_order":
        return gate.payOrder(userId, order?.id ?? "", key, "sandbox", done);
      case "cancel_order":
        return gate.cancelOrder(userId, order?.id ?? "", done);
    }
  }

  #proceed(client: Client, step: Step, outcome: Outcome<unknown>): void {
    if (isRetryable(outcome) && this.#mayRetry(client)) {
      client.tries++;
      return this.#later(client, backoffUs(client));
    }
    if (outcome.kind !== "ok" && step.do !== "read_product") {
      return this.#leave(client);
    }
    if (outcome.kind === "ok" && step.do === "place_order") {
      client.order = (outcome.value as Placed).order;
      const { abandonPerMillion } = client.journey;
      if (client.random.below(MICROSECONDS) < abandonPerMillion) {
        return this.#leave(client);
      }
    }
    // A payment that the provider has not answered is asked for again.
    if (
      outcome.kind === "ok" && step.do === "pay_order" &&
      (outcome.value as Payment).pending && this.#mayRetry(client)
    ) {
      client.tries++;
      return this.#later(client, MICROSECONDS);
    }
    client.step++;
    client.tries = 0;
    const { think } = client.journey;
    this.#later(client, drawUs(think, client.random));
  }

  #mayRetry({ tries, journey }: Client): boolean {
    if (tries >= journey.retry.max) return false;
    return this.#budgets.get(journey.name)?.tryRetry() ?? true;
  }

  #later(client: Client, delayUs: number): void {
    const atUs = this.#scheduler.nowUs + delayUs;
    this.#at(atUs, client.userId, () => {
      // Who was only thinking goes home when the shop closes.
      if (this.#isStopped && client.tries === 0) this.#leave(client);
      else this.#go(client);
    });
  }

  #at(atUs: number, label: string, act: () => void): void {
    this.#scheduler.at(atUs, stableHash(label), act);
  }

  #stream(label: string): SeededRandom {
    return new SeededRandom(this.#options.seed, label);
  }
}

function nobodyWaits(): void {}

/** Ten are saved up at most, and at the start: a budget is not nothing then. */
const RESERVE_RETRIES = 10;

function budgetsOf(
  journeys: readonly Journey[],
): ReadonlyMap<string, RetryBudget> {
  const budgets = new Map<string, RetryBudget>();
  for (const { name, retry: { budgetPerMillion } } of journeys) {
    if (budgetPerMillion === null) continue;
    const policy = { budgetPerMillion, reserveRetries: RESERVE_RETRIES };
    budgets.set(name, new RetryBudget(policy));
  }
  return budgets;
}

/** What the contract calls retryable. */
function isRetryable(outcome: Outcome<unknown>): boolean {
  if (outcome.kind === "failed" || outcome.kind === "unknown") return true;
  return outcome.kind === "rejected" &&
    (outcome.code === "rate-limited" || outcome.code === "payment-in-flight" ||
      outcome.code === "idempotency-in-flight");
}

function backoffUs({ journey, tries, random }: Client): number {
  const { backoffUs, jitter } = journey.retry;
  const wholeUs = backoffUs * 2 ** Math.min(tries - 1, 16);
  return jitter === "none" ? wholeUs : random.below(Math.max(1, wholeUs));
}
