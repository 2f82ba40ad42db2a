/**
 * What holds for journals: an owner that was replaced writes nothing any more,
 * sequences have no gaps, and an actor's state is the fold of its events.
 *
 * @module
 */
import type { Observation } from "../observation.ts";
import { type Durable, Inspection, type Recorded } from "./inspection.ts";

/** What is known of a partition. */
interface Partition {
  /** Of the newest durable event. */
  durableEpoch: number;
  durableSequence: number;
  /** The newest event that each epoch has recorded. */
  readonly recorded: Map<number, number>;
}

/**
 * `journal.fenced`: no event becomes durable under an epoch older than one
 * that has durable events; sequences follow one another in the journal and
 * within each epoch, and only what was recorded becomes durable.
 */
export class JournalFenced extends Inspection {
  readonly id = "journal.fenced";
  override readonly sees = ["recorded", "durable"] as const;
  readonly #partitions = new Map<string, Partition>();

  observe(observation: Observation): void {
    if (observation.kind === "recorded") this.#record(observation);
    else if (observation.kind === "durable") this.#settle(observation);
  }

  #record({ atUs, actor, epoch, sequence }: Recorded): void {
    const partition = this.#of(actor, epoch, sequence - 1);
    const { recorded, durableSequence } = partition;
    const newest = recorded.get(epoch);
    recorded.set(epoch, sequence);
    this.checked++;
    // An owner that was replaced goes on alone; only the disk refuses it.
    if (newest === undefined && epoch < partition.durableEpoch) return;
    const expected = (newest ?? durableSequence) + 1;
    if (sequence === expected) return;
    const detail =
      `${actor} recorded event ${sequence} under epoch ${epoch}, ` +
      `where ${expected} comes next`;
    this.report(atUs, actor, detail);
  }

  #settle(durable: Durable): void {
    const { atUs, actor, epoch, firstSequence, lastSequence } = durable;
    const partition = this.#of(actor, epoch, firstSequence - 1);
    const { durableEpoch, durableSequence, recorded } = partition;
    this.checked++;
    // Said only when something is wrong: it is looked at with every commit.
    const where = () =>
      `Events ${firstSequence} to ${lastSequence} of ${actor}`;
    if (epoch < durableEpoch) {
      const detail = `${where()} became durable under epoch ${epoch}, after ` +
        `those of epoch ${durableEpoch}`;
      this.report(atUs, actor, detail);
    }
    if (firstSequence !== durableSequence + 1 || lastSequence < firstSequence) {
      const detail = `${where()} became durable after event ${durableSequence}`;
      this.report(atUs, actor, detail);
    }
    if (lastSequence > (recorded.get(epoch) ?? 0)) {
      const detail = `${where()} became durable, but were not recorded under ` +
        `epoch ${epoch}`;
      this.report(atUs, actor, detail);
    }
    partition.durableEpoch = Math.max(epoch, durableEpoch);
    partition.durableSequence = Math.max(lastSequence, durableSequence);
    if (recorded.size === 1 && recorded.has(epoch)) return;
    for (const older of recorded.keys()) {
      if (older < epoch) recorded.delete(older);
    }
  }

  /** One that is first seen in mid-life has all before it on disk. */
  #of(actor: string, epoch: number, sequence: number): Partition {
    let partition = this.#partitions.get(actor);
    if (partition === undefined) {
      partition = {
        durableEpoch: epoch,
        durableSequence: sequence,
        recorded: new Map(),
      };
      this.#partitions.set(actor, partition);
    }
    return partition;
  }
}

/** `state.equalsFold`: the world compares, since it has both; this reports. */
export class StateEqualsFold extends Inspection {
  readonly id = "state.equalsFold";
  override readonly sees = [] as const;

  /** States are not among what can be observed. */
  observe(): void {}

  /** Holds an actor's state against the fold of its durable events. */
  compare(atUs: number, actor: string, state: unknown, fold: unknown): void {
    this.checked++;
    // A year's orders are alike nearly always: paths are for the rest.
    const path = isSame(state, fold) ? null : differenceOf(state, fold);
    if (path === null) return;
    const detail = `The state of ${actor} is not the fold of its events: it ` +
      `differs at ${path}`;
    this.report(atUs, actor, detail);
  }
}

/** Whether `differenceOf` finds nothing; it puts no path together. */
function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (!isObject(left) || !isObject(right)) return false;
  const prototype = Object.getPrototypeOf(left);
  if (prototype !== Object.getPrototypeOf(right)) return false;
  if (Array.isArray(left)) {
    const other = right as unknown[];
    return left.length === other.length &&
      left.every((value, index) => isSame(value, other[index]));
  }
  if (left instanceof Map || left instanceof Set) {
    return isSameCollection(left, right as typeof left);
  }
  if (prototype !== Object.prototype && prototype !== null) return false;
  const one = left as Record<string, unknown>;
  const two = right as Record<string, unknown>;
  let names = 0;
  for (const name in one) {
    if (name === "volatile") continue;
    names++;
    if (!Object.hasOwn(two, name) || !isSame(one[name], two[name])) {
      return false;
    }
  }
  for (const name in two) if (name !== "volatile") names--;
  return names === 0;
}

/** In their order, as all that is folded has one. */
function isSameCollection(
  left: Map<unknown, unknown> | Set<unknown>,
  right: Map<unknown, unknown> | Set<unknown>,
): boolean {
  if (left.size !== right.size) return false;
  const others = right.entries();
  for (const [name, value] of left.entries()) {
    const [otherName, otherValue] = others.next().value!;
    if (!isSame(name, otherName) || !isSame(value, otherValue)) return false;
  }
  return true;
}

/**
 * Where two states differ first, such as `orders[3].status`; null: nowhere.
 * Plain data, maps and sets, in their order; what is `volatile` is left out.
 */
export function differenceOf(
  left: unknown,
  right: unknown,
  path = "",
): string | null {
  if (Object.is(left, right)) return null;
  const here = path === "" ? "the root" : path;
  if (!isObject(left) || !isObject(right)) return here;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return here;
  const leftParts = partsOf(left);
  const rightParts = partsOf(right);
  if (leftParts === null || rightParts === null) return here;
  if (leftParts.length !== rightParts.length) return `${here} (its size)`;
  for (const [index, [name, value]] of leftParts.entries()) {
    const [otherName, otherValue] = rightParts[index]!;
    const next = Array.isArray(left)
      ? `${path}[${index}]`
      : path === ""
      ? String(name)
      : `${path}.${String(name)}`;
    const difference = differenceOf(name, otherName, next) ??
      differenceOf(value, otherValue, next);
    if (difference !== null) return difference;
  }
  return null;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Names and values; null for what is no plain data. */
function partsOf(value: object): (readonly [unknown, unknown])[] | null {
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value].map((each) => [each, null]);
  if (Array.isArray(value)) return [...value.entries()];
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return null;
  // Sorted: a fold may have given names in another order.
  return Object.entries(value)
    .filter(([name]) => name !== "volatile")
    .sort(([one], [other]) => one < other ? -1 : 1);
}
