/**
 * What all checkers have in common: an id, a count of what was checked, the
 * first violation, and how a client's call is read. A checker that has found a
 * violation keeps the first one, since what follows is often its consequence.
 *
 * @module
 */
import type {
  OrderPage,
  OrderView,
  Payment,
  Placed,
} from "../../actors/storefront.ts";
import type { Checker, Observation, Violation } from "../observation.ts";

/** A client asked. */
export type Called = Extract<Observation, { kind: "called" }>;
/** A call ended. */
export type Returned = Extract<Observation, { kind: "returned" }>;
/** An actor answered within the step. */
export type Decided = Extract<Observation, { kind: "decided" }>;
/** An actor recorded an event. */
export type Recorded = Extract<Observation, { kind: "recorded" }>;
/** Events are on disk. */
export type Durable = Extract<Observation, { kind: "durable" }>;

/** A checker that keeps the first thing that it found wrong. */
export abstract class Inspection implements Checker {
  abstract readonly id: string;
  readonly sees?: readonly Observation["kind"][];
  checked = 0;
  violation: Violation | null = null;

  abstract observe(observation: Observation): void;

  end(): void {}

  /** Notes what is wrong, unless something was wrong already. */
  protected report(atUs: number, key: string, detail: string): void {
    this.violation ??= { check: this.id, atUs, key, detail };
  }
}

/** A key and who uses it. */
interface UserKey {
  readonly userId: string;
  readonly key: string;
}

/** Names the use of a key in what is reported; a key has no spaces. */
export function scopeOf({ key, userId }: UserKey): string {
  return `${key} ${userId}`;
}

/**
 * Names the use of a key for which a hold was made: by the id of the hold that
 * an order on one shard tries first. Nearly all holds have that id.
 */
export function keyIdOf(holdId: string): string {
  const first = holdId.indexOf(" ");
  if (holdId.startsWith(" - ", first)) return holdId;
  const second = holdId.indexOf(" ", first + 1);
  return `${holdId.slice(0, first)} -${holdId.slice(second)}`;
}

/** The orders that an ok answer to a step tells of. */
export function ordersTold(step: string, value: unknown): readonly OrderView[] {
  switch (step) {
    case "place_order":
      return [(value as Placed).order];
    case "pay_order":
      return [(value as Payment).order];
    case "read_order":
    case "cancel_order":
      return [value as OrderView];
    case "list_orders":
      return (value as OrderPage).items;
    default:
      return [];
  }
}
