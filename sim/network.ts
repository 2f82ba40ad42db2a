/**
 * What lies between threads: batches take their time, keep their order, and may
 * be doubled, lost or reordered. A link that lost one is broken, as a live one
 * would be when it notices; it is made anew after a while. Two threads can be
 * cut apart.
 *
 * A batch that is reordered does not wait for those before it, and its messages
 * stand in another order: those of one sender to one receiver keep theirs, the
 * others promise none. When it overtakes, its number is not the next one; the
 * link layer hands nothing of it over, and the link is broken. So order for
 * each sender, receiver and lane holds at the actors whatever happens here.
 *
 * @module
 */
import { type SeededRandom, stableHash } from "../actors/runtime/random.ts";
import type { Batch, Received } from "../cluster/link.ts";
import { framesIn, type Line, Way } from "./counted_link.ts";
import type { Distribution } from "./distributions.ts";
import type { WayCount } from "./observation.ts";
import type { Scheduler } from "./scheduler.ts";
import { drawUs, happens, type Streams } from "./streams.ts";
import type { Thread } from "./thread.ts";

/** How good a network is. A delay is the least one and an exponential more. */
export interface NetworkValues {
  /** No batch takes less, in microseconds. */
  readonly delayMinUs: number;
  /** The average of all, in microseconds. */
  readonly delayMeanUs: number;
  /** Batches of a million that are lost, each with its link. */
  readonly lossPerMillion: number;
  /** Batches of a million that come twice. */
  readonly duplicatePerMillion: number;
  /** Batches of a million that come in another order; see the module's text. */
  readonly reorderPerMillion: number;
}

/** What a network needs. */
export interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly values: NetworkValues;
  /** The thread of that name; null while it does not run. */
  readonly threadOf: (name: string) => Thread | null;
  /** Frames that may wait for a link that is made now; as live unless told. */
  readonly outboxFrames?: () => number | undefined;
}

/** Numbers at the head of a batch, and slots of a frame: see `Batch`. */
const HEAD = 2;
const SLOTS = 6;
/** A link that broke is made anew after this long. */
const RELINK_US = 20_000;

/** See the module's text. */
export class Network {
  readonly #options: NetworkOptions;
  /** By the thread that sends, then by the one that receives. */
  readonly #ways = new Map<string, Map<string, Way>>();
  /** How long a batch takes beyond the least; null: never longer. */
  readonly #beyond: Distribution | null;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const { delayMinUs, delayMeanUs } = options.values;
    const meanUs = delayMeanUs - delayMinUs;
    this.#beyond = meanUs > 0 ? { kind: "exponential", meanUs } : null;
  }

  /** Links two threads, when both run and nothing cuts them apart. */
  link(one: string, other: string): void {
    const [left, right] = this.#ends(one, other);
    if (left === null || right === null) return;
    if (this.#way(one, other).cuts > 0) return;
    left.connect(other, this.#lineOf(one, other));
    right.connect(one, this.#lineOf(other, one));
  }

  /** Ends their link, if they have one. */
  unlink(one: string, other: string): void {
    const [left, right] = this.#ends(one, other);
    left?.disconnect(other);
    right?.disconnect(one);
  }

  /** Cuts two threads apart, or ends one cut: the last one joins them again. */
  cut(one: string, other: string, isCut: boolean): void {
    const change = isCut ? 1 : -1;
    this.#way(one, other).cuts += change;
    this.#way(other, one).cuts += change;
    if (isCut) this.unlink(one, other);
    else this.link(one, other);
  }

  /** What became of all frames so far, for each way. */
  counts(): WayCount[] {
    return [...this.#ways.values()].flatMap((ways) => [...ways.values()])
      .map(({ count, link }) => ({ ...count, waiting: link?.waiting ?? 0 }));
  }

  /** Carries a batch from a thread to another one. */
  carry(from: Thread, to: string, batch: Batch): void {
    const { scheduler, values, threadOf } = this.#options;
    const way = this.#way(from.name, to);
    const { count } = way;
    const frames = framesIn(batch);
    count.carried += frames;
    const target = threadOf(to);
    if (threadOf(from.name) !== from || target === null) {
      count.lost += frames;
      return;
    }
    if (happens(values.lossPerMillion, way.losses)) {
      count.lost += frames;
      return this.#breakLink(from.name, to);
    }
    const isReordered = happens(values.reorderPerMillion, way.mixes);
    const delayedUs = scheduler.nowUs + this.#delayUs(way);
    const atUs = isReordered ? delayedUs : Math.max(delayedUs, way.arrivesUs);
    if (atUs > way.arrivesUs) way.arrivesUs = atUs;
    if (isReordered) mix(batch, way.mixes);
    count.underWay += frames;
    const back = this.#way(to, from.name);
    const { link } = back;
    let isFirst = true;
    const arrive = () => {
      // A batch of a link that has ended meanwhile reaches nobody.
      const isThere = threadOf(to) === target && back.link === link;
      const received = isThere ? target.receive(from.name, batch) : "ended";
      if (isFirst) note(count, frames, received);
      isFirst = false;
      if (received === "broken") this.#breakLink(from.name, to);
    };
    const isDoubled = happens(values.duplicatePerMillion, way.doublings);
    for (let time = isDoubled ? 2 : 1; time > 0; time--) {
      scheduler.at(atUs, way.label, arrive);
    }
  }

  #delayUs({ delays }: Way): number {
    const { delayMinUs } = this.#options.values;
    return this.#beyond === null
      ? delayMinUs
      : delayMinUs + drawUs(this.#beyond, delays);
  }

  #way(from: string, to: string): Way {
    let ways = this.#ways.get(from);
    if (ways === undefined) this.#ways.set(from, ways = new Map());
    let way = ways.get(to);
    if (way === undefined) {
      way = new Way(`${from}→${to}`, this.#options.streams);
      ways.set(to, way);
    }
    return way;
  }

  #lineOf(from: string, to: string): Line {
    const outboxFrames = this.#options.outboxFrames?.();
    return {
      out: this.#way(from, to),
      into: this.#way(to, from),
      ...outboxFrames !== undefined && { outboxFrames },
    };
  }

  /** The ends notice that a batch is missing, and are linked anew. */
  #breakLink(one: string, other: string): void {
    const { scheduler } = this.#options;
    const label = stableHash(`relink ${one} ${other}`);
    scheduler.at(scheduler.nowUs + 1, label, () => {
      this.unlink(one, other);
      const atUs = scheduler.nowUs + RELINK_US;
      scheduler.at(atUs, label, () => this.link(one, other));
    });
  }

  #ends(one: string, other: string): [Thread | null, Thread | null] {
    const { threadOf } = this.#options;
    return [threadOf(one), threadOf(other)];
  }
}

/** A batch came for the first time, or its link was gone. */
function note(
  count: WayCount,
  frames: number,
  received: Received | "ended",
): void {
  if (received === "repeated") {
    throw new Error(`A batch of ${count.way} is known before it came`);
  }
  count.underWay -= frames;
  if (received === "delivered") count.arrived += frames;
  else count.lost += frames;
}

/** Puts its messages into another order, but for those of equal ends. */
function mix(batch: Batch, random: SeededRandom): void {
  const byEnds = new Map<string, Batch[]>();
  const order: string[] = [];
  for (let at = HEAD; at < batch.length; at += SLOTS) {
    const frame = batch.slice(at, at + SLOTS);
    const ends = `${frame[0]} ${frame[1]}`;
    order.push(ends);
    const queue = byEnds.get(ends);
    if (queue === undefined) byEnds.set(ends, [frame]);
    else queue.push(frame);
  }
  // Fisher and Yates: every order is as likely.
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  batch.length = HEAD;
  for (const ends of order) batch.push(...byEnds.get(ends)!.shift()!);
}
