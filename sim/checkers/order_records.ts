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

/** The money of an order at the provider. */
export interface Money {
  chargedCents: number;
  refundedCents: number;
  /** Attempts that were charged. */
  readonly attempts: Set<string>;
}

/** An order, once anything was heard of it. */
export class OrderRecord {
  /** Its durable `order_placed`, the first; null: there is none yet. */
  placed: OrderPlaced | null = null;
  /** Who was told of it first; null: nobody: `order.neverLost`. */
  toldTo: string | null = null;
  /** Kinds of its durable facts, a bit each: `answer.revealsNothing`. */
  facts = 0;
  /** What it costs; null until it is recorded: `money.conserved`. */
  totalCents: number | null = null;
  isPaid = false;
  /** The newest fact that ended it; null: none did: `unpaid.endsOnTime`. */
  end: string | null = null;
  /** By its durable facts it is paid, or needs no stock: `ledgers.agree`. */
  isPaidOnDisk = false;
  isOverOnDisk = false;
  /** Null: none moved yet: `money.conserved`. */
  money: Money | null = null;
}

/**
 * The use of a key by a user. One that made an order of which its client was
 * told, and of which no call is pending, is kept as the id of that order.
 */
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
}

/** Records of keys by `keyIdOf`. */
export class KeyRecords {
  readonly #records = new Map<string, KeyRecord | OrderPlaced>();

  /** The record of a key, new when there is none. */
  of(keyId: string): KeyRecord {
    const known = this.#records.get(keyId);
    if (known instanceof KeyRecord) return known;
    const record = new KeyRecord();
    if (known !== undefined) {
      record.madeOrderId = record.toldOrderId = known.orderId;
      record.madeAtMs = record.toldAtMs = known.atMs;
      record.isHeld = true;
    }
    this.#records.set(keyId, record);
    return record;
  }

  /** The calls that wait for a key; none of one that is not known. */
  waitingFor(keyId: string): readonly Reserving[] {
    const known = this.#records.get(keyId);
    return known instanceof KeyRecord ? known.waiting : NOBODY;
  }

  /** A call for a key has ended: keeps what can still matter of it. */
  rest(keyId: string, orders: Records<OrderRecord>): void {
    const record = this.#records.get(keyId);
    if (!(record instanceof KeyRecord) || record.waiting.length > 0) return;
    const { madeOrderId, toldOrderId, isHeld } = record;
    if (madeOrderId === null) {
      if (toldOrderId === null && !isHeld) this.#records.delete(keyId);
      return;
    }
    const placed = orders.find(madeOrderId)?.placed ?? null;
    if (placed === null || !isHeld || !isOf(record, placed)) return;
    // Under the event's own text of the key, if it has one: it is kept anyhow.
    this.#records.delete(keyId);
    this.#records.set(placed.holdId === keyId ? placed.holdId : keyId, placed);
  }
}

const NOBODY: readonly Reserving[] = [];

function isOf(record: KeyRecord, { orderId, atMs }: OrderPlaced): boolean {
  return record.madeOrderId === orderId && record.toldOrderId === orderId &&
    record.madeAtMs === atMs && record.toldAtMs === atMs;
}

/** Records by id; a record is made when it is first asked for. */
export class Records<Record> {
  readonly #make: () => Record;
  readonly #records = new Map<string, Record>();
  /** What is heard of an order at one moment comes in a row. */
  #lastId = "";
  #last: Record | undefined = undefined;

  constructor(make: () => Record) {
    this.#make = make;
  }

  /** The record of that id, new when there is none. */
  of(id: string): Record {
    let record = this.find(id);
    if (record === undefined) {
      record = this.#make();
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

  /** All of them with their ids, the oldest first. */
  entries(): Iterable<readonly [id: string, record: Record]> {
    return this.#records.entries();
  }
}
