/**
 * What checkers know of each order and of each use of a key, in one record for
 * each. Every checker has members of its own in it and none reads another's
 * but where it says so: a table for each of them would be most of what a long
 * run keeps, and most of what looking at it costs.
 *
 * What is at rest is kept as the event that says all of it: an order that was
 * placed, of which its buyer was told and nobody else heard anything, and the
 * use of a key that made such an order.
 *
 * @module
 */
import { keyIdOf } from "./inspection.ts";
import type { Reserving } from "./reserves.ts";
import { TextTable } from "./text_table.ts";
import {
  DASH,
  digitOf,
  numberOfOrder,
  type OrderPlaced,
  type StorefrontEvent,
} from "../../actors/storefront/order.ts";

/** The money of an order at the provider. */
export interface Money {
  chargedCents: number;
  refundedCents: number;
  /** Attempts that were charged. */
  readonly attempts: Set<string>;
}

/** The facts that answers rest on, each with a bit of its own. */
const BITS: Readonly<Partial<Record<StorefrontEvent["kind"], number>>> = {
  order_placed: 1,
  order_paid: 2,
  order_cancelled: 4,
  order_expired: 8,
  refund_pending: 16,
  order_refunded: 32,
  payment_declined: 64,
  payment_started: 128,
};

/** The bit of a fact in `OrderRecord.facts`; 0: no answer rests on it. */
export function bitOf(fact: StorefrontEvent["kind"]): number {
  return BITS[fact] ?? 0;
}

/** An order, once anything was heard of it. */
export class OrderRecord {
  readonly id: string;
  /** Its durable `order_placed`, the first; null: there is none yet. */
  placed: OrderPlaced | null = null;
  /** Who was told of it first; null: nobody: `order.neverLost`. */
  toldTo: string | null = null;
  /** Its durable facts: `answer.revealsNothing`. */
  facts = 0;
  /** What it costs; null until it is recorded: `money.conserved`. */
  totalCents: number | null = null;
  isPaid = false;
  /** The newest fact that ended it; null: none did: `unpaid.endsOnTime`. */
  end: string | null = null;
  /** By its durable facts it is paid, or needs no stock: `ledgers.agree`. */
  isPaidOnDisk = false;
  isOverOnDisk = false;
  /** Its durable facts that the gate has told nobody of: `gate.reconciled`. */
  untold = 0;
  /** Null: none moved yet: `money.conserved`. */
  money: Money | null = null;
  /** Something was heard of it lately: `OrderRecords`. */
  isRecent = false;

  constructor(id: string) {
    this.id = id;
  }
}

/**
 * Orders of which something was heard lately are left as they are: an order
 * takes some milliseconds until its buyer is told, and at 58,300 a second about
 * so many are under way then. More would only be cold when they are left.
 */
const RECENT = 512;

/** Records of orders by id; one is made when it is first asked for. */
export class OrderRecords {
  readonly #table = new OrderTable();
  /** What is heard of an order at one moment comes in a row. */
  #last: OrderRecord | null = null;
  /** A ring of those that may be at rest when they leave it. */
  readonly #recent: OrderRecord[] = [];
  #entered = 0;

  /**
   * The record of that id, new when there is none. It may be changed until the
   * next one is asked for.
   */
  of(id: string): OrderRecord {
    return this.find(id) ?? this.#add(new OrderRecord(id));
  }

  /** As `of`; undefined when there is none. */
  find(id: string): OrderRecord | undefined {
    if (this.#last?.id === id) return this.#last;
    const known = this.#table.get(id);
    if (known === undefined) return undefined;
    if (!(known instanceof OrderRecord)) return this.#add(recordOf(known));
    if (!known.isRecent) this.#enter(known);
    return this.#last = known;
  }

  /** All of them, partition by partition. */
  *values(): Generator<Readonly<OrderRecord>> {
    for (const known of this.#table.values()) yield recordOf(known);
  }

  #add(record: OrderRecord): OrderRecord {
    this.#table.set(record.id, record);
    this.#enter(record);
    return this.#last = record;
  }

  #enter(record: OrderRecord): void {
    record.isRecent = true;
    const place = this.#entered++ % RECENT;
    const oldest = this.#recent[place];
    this.#recent[place] = record;
    if (oldest === undefined) return;
    oldest.isRecent = false;
    if (isAtRest(oldest)) this.#table.set(oldest.id, oldest.placed!);
  }
}

/** An order as it is kept. */
type Known = OrderRecord | OrderPlaced;

/** Partitions and, beyond the newest, numbers that have a place in a list. */
const PARTITIONS_MOST = 1_024;
const AHEAD_MOST = 1_024;

/**
 * Orders by id. A partition numbers its orders and ids say so: in a list they
 * take a fifth of the memory of a map, and the newest lie side by side. What
 * is no such id, or has the number of another order, is in a map.
 */
class OrderTable {
  readonly #lists: Known[][] = [];
  readonly #others = new Map<string, Known>();

  get(id: string): Known | undefined {
    const known = this.#listOf(id)?.[numberOfOrder(id)];
    if (known !== undefined && idOf(known) === id) return known;
    // Nearly always there are none: a text that is not hashed costs less.
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  set(id: string, known: Known): void {
    const list = this.#listOf(id);
    const number = numberOfOrder(id);
    const listed = list?.[number];
    const isListed = list !== undefined && number < list.length + AHEAD_MOST &&
      (listed === undefined
        ? this.#others.size === 0 || !this.#others.has(id)
        : idOf(listed) === id);
    if (isListed) list[number] = known;
    else this.#others.set(id, known);
  }

  *values(): Generator<Known> {
    for (const list of this.#lists) {
      for (const known of list) if (known !== undefined) yield known;
    }
    yield* this.#others.values();
  }

  /** The list of the partition that an id names; undefined: it names none. */
  #listOf(id: string): Known[] | undefined {
    // Any mistake in reading it is found by comparing the whole id.
    const partition = partitionIn(id);
    if (!(partition < PARTITIONS_MOST)) return undefined;
    while (this.#lists.length <= partition) this.#lists.push([]);
    return this.#lists[partition];
  }
}

/** The digits from the third letter on; NaN where something else follows. */
function partitionIn(id: string): number {
  let partition = 0;
  for (let index = 2; index < id.length; index++) {
    const unit = id.charCodeAt(index);
    if (unit === DASH) return partition;
    partition = partition * 36 + digitOf(unit);
  }
  return NaN;
}

function idOf(known: Known): string {
  return known instanceof OrderRecord ? known.id : known.orderId;
}

function isAtRest(record: OrderRecord): boolean {
  const { placed, toldTo, facts, totalCents, isPaid, end, money } = record;
  return placed !== null && toldTo === placed.userId &&
    facts === BITS.order_placed && totalCents === placed.totalCents &&
    !isPaid && end === null && !record.isPaidOnDisk && !record.isOverOnDisk &&
    record.untold === 0 && money === null;
}

function recordOf(known: Known): OrderRecord {
  if (known instanceof OrderRecord) return known;
  const record = new OrderRecord(known.orderId);
  record.placed = known;
  record.toldTo = known.userId;
  record.facts = BITS.order_placed!;
  record.totalCents = known.totalCents;
  return record;
}

const NOBODY: readonly Reserving[] = [];

/** The use of a key by a user. */
export class KeyRecord {
  readonly keyId: string;
  /** The order that it made by the journal, and when: `order.oncePerKey`. */
  madeOrderId: string | null = null;
  madeAtMs = 0;
  /** The order that its client was told of: `order.oncePerKey`. */
  toldOrderId: string | null = null;
  toldAtMs = 0;
  /** Whether units were ever held for it: `reserve.linearizable`. */
  isHeld = false;
  /** Its calls that have not returned: `reserve.linearizable`. */
  waiting: readonly Reserving[] = NOBODY;

  constructor(keyId: string) {
    this.keyId = keyId;
  }
}

/** Records of keys by `keyIdOf`. */
export class KeyRecords {
  /** One table for all: most keys come to rest, in the place that they have. */
  readonly #table = new TextTable<KeyRecord | OrderPlaced>((known) =>
    known instanceof KeyRecord ? known.keyId : keyIdOf(known.holdId)
  );

  /** The record of a key, new when there is none. */
  of(keyId: string): KeyRecord {
    const known = this.#table.get(keyId);
    if (known instanceof KeyRecord) return known;
    const record = new KeyRecord(keyId);
    if (known !== undefined) {
      record.madeOrderId = record.toldOrderId = known.orderId;
      record.madeAtMs = record.toldAtMs = known.atMs;
      record.isHeld = true;
    }
    this.#table.set(record);
    return record;
  }

  /** The calls that wait for a key; none of one that is not known. */
  waitingFor(keyId: string): readonly Reserving[] {
    const known = this.#table.get(keyId);
    return known instanceof KeyRecord ? known.waiting : NOBODY;
  }

  /** A call for a key has ended: keeps what can still matter of it. */
  rest(keyId: string, orders: OrderRecords): void {
    const record = this.#table.get(keyId);
    if (!(record instanceof KeyRecord) || record.waiting.length > 0) return;
    const { madeOrderId, toldOrderId, isHeld } = record;
    if (madeOrderId === null) {
      if (toldOrderId === null && !isHeld) this.#table.delete(keyId);
      return;
    }
    const placed = orders.find(madeOrderId)?.placed ?? null;
    if (placed === null || !isHeld || !isOf(record, placed)) return;
    // An order that was placed twice is known by its first event.
    if (keyIdOf(placed.holdId) !== keyId) return;
    this.#table.set(placed);
  }
}

function isOf(record: KeyRecord, { orderId, atMs }: OrderPlaced): boolean {
  return record.madeOrderId === orderId && record.toldOrderId === orderId &&
    record.madeAtMs === atMs && record.toldAtMs === atMs;
}
