/**
 * A run as checkers see it together: the pending calls, and for each actor the
 * line of its newest epoch with the events on it that are not durable yet. What
 * a crash took back is lost here too, when the next life shows where it goes
 * on. What an owner writes that was replaced stands on no line: it can never
 * become durable, and `journal.fenced` says so if it does.
 *
 * All checkers of a run share one view: the first to observe moves it.
 *
 * @module
 */
import type { BreakerPolicy } from "../../actors/runtime/circuit_breaker.ts";
import type { AdmissionPolicies } from "../../cluster/admission.ts";
import type { Line } from "../../actors/inventory_shard.ts";
import {
  holdIdOf,
  mergeLines,
  type OrderPlaced,
} from "../../actors/storefront/order.ts";
import type { Observation } from "../observation.ts";
import { CallTable } from "../call_table.ts";
import { KeyRecords, OrderRecords } from "./order_records.ts";
import type { Journey } from "../scenario_values.ts";
import type { Called, Decided, Durable, Recorded } from "./inspection.ts";
import { type InitialStock, StockFold, type Units } from "./stock_fold.ts";

/** How often the clients of a journey ask again. */
export type RetryLimits = Pick<
  Journey["retry"],
  "max" | "budgetPerMillion"
>;

/** What the checkers of a run are told beforehand. */
export interface CheckContext {
  /** The opening stock by SKU. */
  readonly initialStock: InitialStock;
  /** Units of one SKU a user may hold or own; null: no limit. */
  readonly limitPerUser: number | null;
  /** The inventory shard of a SKU; with it a hold elsewhere is an error. */
  readonly shardOf?: (sku: string) => string;
  /** Monotonic clocks are up to so many millionths wrong; 0 unless told. */
  readonly driftPerMillion?: number;
  /** How often clients ask again, by journey. */
  readonly retries?: ReadonlyMap<string, RetryLimits>;
  /** How long a key makes one order only; 24 hours unless given. */
  readonly keepKeysMs?: number;
  /** What the gate's limiters allow. */
  readonly admission?: AdmissionPolicies;
  /** When breakers open; null: there are none. */
  readonly breaker?: BreakerPolicy | null;
  /** How long leases of shop workers last. */
  readonly leaseForMs?: number;
}

/** A pending request to place an order. */
export interface Place {
  readonly userId: string;
  readonly key: string;
  /** The id under which its key is known, as `keyIdOf` gives it. */
  readonly keyId: string;
  /** One for each SKU, with its product. */
  readonly lines: readonly PlacedLine[];
}

/** A line of a request. */
export interface PlacedLine extends Line {
  readonly units: Units;
}

/** An actor's newest life in the journal. */
interface Journaled {
  epoch: number;
  sequence: number;
  /** Recorded and not durable, from `head` on, oldest first. */
  readonly tail: Recorded[];
  head: number;
}

/**
 * The tail is cut when what is durable in it is half of at least this: a few
 * commits, so that what is over is forgotten while it is young.
 */
const CUT_MIN = 64;

const NOTHING: readonly Recorded[] = [];

/** See the module's text. */
export class RunView {
  readonly context: CheckContext;
  /** When the newest observation was made. */
  nowUs = 0;
  /** Stock as recorded on the newest lines. */
  readonly stock: StockFold;
  /** What is known of orders, and of the uses of keys by `keyIdOf`. */
  readonly orders = new OrderRecords();
  readonly keys = new KeyRecords();
  /** The event of this observation, when it stands on its actor's line. */
  recorded: Recorded | null = null;
  /** What this observation shows to be lost, newest first. */
  lost: readonly Recorded[] = NOTHING;
  /** What this observation made durable, oldest first. */
  durable: readonly Recorded[] = NOTHING;
  /** The call that this observation ended; null also for an unknown one. */
  called: Called | null = null;
  /** The request that this observation began or ended; null: no such one. */
  place: Place | null = null;
  readonly #lines = new Map<string, Journaled>();
  readonly #calls = new CallTable<Called>();
  readonly #places = new CallTable<Place>();
  #latest: Observation | null = null;

  constructor(context: CheckContext) {
    this.context = context;
    this.stock = new StockFold(context);
  }

  /** Takes an observation; the same one again changes nothing. */
  observe(observation: Observation): void {
    if (observation === this.#latest) return;
    this.#latest = observation;
    this.nowUs = observation.atUs;
    this.recorded = null;
    this.called = this.place = null;
    this.lost = this.durable = NOTHING;
    this.stock.begin();
    switch (observation.kind) {
      case "called":
        this.#calls.set(observation.call, observation);
        this.place = this.#placeOf(observation);
        if (this.place !== null) {
          this.#places.set(observation.call, this.place);
        }
        return;
      case "returned":
        this.place = this.#places.take(observation.call) ?? null;
        this.called = this.#calls.take(observation.call) ?? null;
        return;
      case "recorded":
        return this.#record(observation);
      case "durable":
        return this.#settle(observation);
      case "decided":
        return this.#decide(observation);
    }
  }

  /**
   * Everything has settled: what is not durable by now was lost in a crash
   * after which its actor recorded nothing more.
   */
  end(): void {
    for (const line of this.#lines.values()) this.#loseAfter(line, -Infinity);
  }

  /** Whether the actor decided on the state that this view has of it. */
  isCurrent({ actor, sequence, epoch }: Decided): boolean {
    const line = this.#lines.get(actor);
    if (line === undefined) return true;
    return sequence === line.sequence && (epoch ?? line.epoch) === line.epoch;
  }

  #placeOf({ step, input }: Called): Place | null {
    if (step !== "place_order") return null;
    const userId = String(input.userId);
    const key = String(input.key);
    const lines = mergeLines(input.lines as Line[]).map(
      ({ sku, quantity }): PlacedLine => {
        // One that is for sale from the start is known from now on.
        const units = this.stock.unitsOf(sku) ?? this.stock.recordOf(sku);
        return { sku, quantity, units };
      },
    );
    return { userId, key, keyId: holdIdOf(key, userId, null), lines };
  }

  #record(recorded: Recorded): void {
    const { actor, epoch, sequence } = recorded;
    const line = this.#lineOf(actor, epoch, sequence - 1);
    if (epoch < line.epoch) return;
    this.#loseAfter(line, sequence - 1);
    line.epoch = epoch;
    line.sequence = sequence;
    line.tail.push(recorded);
    this.recorded = recorded;
    this.stock.apply(recorded);
  }

  #settle({ actor, epoch, lastSequence }: Durable): void {
    const line = this.#lineOf(actor, epoch, lastSequence);
    if (epoch !== line.epoch) return;
    const durable: Recorded[] = [];
    const { tail } = line;
    while (
      line.head < tail.length && tail[line.head]!.sequence <= lastSequence
    ) {
      const recorded = tail[line.head++]!;
      durable.push(recorded);
      if (recorded.event.kind === "order_placed") {
        // Its kind says which event of a storefront it is.
        const placed = recorded.event as unknown as OrderPlaced;
        this.orders.of(placed.orderId).placed ??= placed;
      }
    }
    if (line.head >= CUT_MIN && line.head * 2 >= tail.length) {
      tail.splice(0, line.head);
      line.head = 0;
    }
    this.durable = durable;
  }

  /** A new owner can answer before it records anything. */
  #decide({ actor, epoch, sequence }: Decided): void {
    const line = this.#lines.get(actor);
    if (line === undefined || epoch === undefined || epoch <= line.epoch) {
      return;
    }
    this.#loseAfter(line, sequence);
    line.epoch = epoch;
    line.sequence = sequence;
  }

  #lineOf(actor: string, epoch: number, sequence: number): Journaled {
    let line = this.#lines.get(actor);
    if (line === undefined) {
      line = { epoch, sequence, tail: [], head: 0 };
      this.#lines.set(actor, line);
    }
    return line;
  }

  #loseAfter(line: Journaled, sequence: number): void {
    const { tail, head } = line;
    const lost: Recorded[] = [];
    while (tail.length > head && tail.at(-1)!.sequence > sequence) {
      const event = tail.pop()!;
      lost.push(event);
      this.stock.undo(event);
    }
    if (lost.length > 0) this.lost = lost;
  }
}
