/**
 * What checkers know of each order and of each use of a key, in one record for
 * each. Every checker has members of its own in it and none reads another's
 * but where it says so: a table for each of them would be most of what a long
 * run keeps, and most of what looking at it costs.
 *
 * @module
 */
import type { Reserving } from "./reserves.ts";
import type { OrderPlaced } from "../../actors/storefront/order.ts";

/** An order, once anything was heard of it. */
export class OrderRecord {
  /** Whether its `order_placed` is durable: `order.oncePerKey`. */
  isPlaced = false;
  /** That event; null: there is none yet: `order.neverLost`. */
  placed: OrderPlaced | null = null;
  /** Kinds of its durable facts, a bit each: `answer.revealsNothing`. */
  facts = 0;
  /** Who was told of it first; undefined: nobody: `order.neverLost`. */
  toldTo: unknown = undefined;
  wasTold = false;
  /** Its money at the provider: `money.conserved`. */
  chargedCents = 0;
  refundedCents = 0;
  /** Null until it is recorded as placed. */
  totalCents: number | null = null;
  isPaid = false;
  /** Attempts that were charged; null: none. */
  charged: Set<string> | null = null;

  constructor(readonly orderId: string) {}
}

/** The use of a key by a user, while anything of it matters. */
export class KeyRecord {
  /** The order that it made by the journal, and when: `order.oncePerKey`. */
  madeOrderId: string | null = null;
  madeAtMs = 0;
  /** The order that its client was told of: `order.oncePerKey`. */
  toldOrderId: string | null = null;
  toldAtMs = 0;
  /** Whether units were ever held for it: `reserve.linearizable`. */
  isHeld = false;
  /** Its calls that have not returned: `reserve.linearizable`. */
  readonly waiting: Reserving[] = [];

  /** Whether it says no more than one that is new. */
  get isBlank(): boolean {
    return this.madeOrderId === null && this.toldOrderId === null &&
      !this.isHeld && this.waiting.length === 0;
  }
}

/** Records by id; a record is made when it is first asked for. */
export class Records<Record> {
  readonly #make: (id: string) => Record;
  readonly #records = new Map<string, Record>();
  /** What is heard of an order at one moment comes in a row. */
  #lastId = "";
  #last: Record | undefined = undefined;

  constructor(make: (id: string) => Record) {
    this.#make = make;
  }

  /** The record of that id, new when there is none. */
  of(id: string): Record {
    let record = this.find(id);
    if (record === undefined) {
      record = this.#make(id);
      this.#records.set(id, record);
      this.#lastId = id;
      this.#last = record;
    }
    return record;
  }

  /** The record of that id; undefined when there is none. */
  find(id: string): Record | undefined {
    if (this.#last !== undefined && id === this.#lastId) return this.#last;
    const record = this.#records.get(id);
    if (record === undefined) return undefined;
    this.#lastId = id;
    this.#last = record;
    return record;
  }

  /** Forgets what is known under that id. */
  forget(id: string): void {
    if (id === this.#lastId) this.#last = undefined;
    this.#records.delete(id);
  }

  /** All of them, the oldest first. */
  values(): Iterable<Record> {
    return this.#records.values();
  }
}
