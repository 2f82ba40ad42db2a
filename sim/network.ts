/**
 * What lies between threads: batches take their time, keep their order, and may
 * be doubled or lost. A link that lost one is broken, as a live one would be
 * when it notices; it is made anew after a while. Two threads can be cut apart.
 *
 * @module
 */
import { type SeededRandom, stableHash } from "../actors/runtime/random.ts";
import type { Batch } from "../cluster/link.ts";
import type { Distribution } from "./distributions.ts";
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
}

/** What a network needs. */
export interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly values: NetworkValues;
  /** The thread of that name; null while it does not run. */
  readonly threadOf: (name: string) => Thread | null;
}

/** A link that broke is made anew after this long. */
const RELINK_US = 20_000;

/** One way between two threads: what is drawn for it, and where it is. */
interface Way {
  readonly label: number;
  readonly losses: SeededRandom;
  readonly doublings: SeededRandom;
  readonly delays: SeededRandom;
  /** When its newest batch arrives: order is kept. */
  arrivesUs: number;
  isCut: boolean;
}

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
    if (this.#way(one, other).isCut) return;
    left.connect(other);
    right.connect(one);
  }

  /** Ends their link, if they have one. */
  unlink(one: string, other: string): void {
    const [left, right] = this.#ends(one, other);
    left?.disconnect(other);
    right?.disconnect(one);
  }

  /** Cuts two threads apart, or joins them again. */
  cut(one: string, other: string, isCut: boolean): void {
    this.#way(one, other).isCut = isCut;
    this.#way(other, one).isCut = isCut;
    if (isCut) this.unlink(one, other);
    else this.link(one, other);
  }

  /** Carries a batch from a thread to another one. */
  carry(from: Thread, to: string, batch: Batch): void {
    const { scheduler, values, threadOf } = this.#options;
    const target = threadOf(to);
    if (threadOf(from.name) !== from || target === null) return;
    const way = this.#way(from.name, to);
    if (happens(values.lossPerMillion, way.losses)) {
      return this.#breakLink(from.name, to);
    }
    const atUs = Math.max(
      scheduler.nowUs + this.#delayUs(way),
      way.arrivesUs,
    );
    way.arrivesUs = atUs;
    const arrive = () => {
      if (threadOf(to) === target) target.receive(from.name, batch);
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
      const { streams } = this.#options;
      const name = `${from}→${to}`;
      way = {
        label: stableHash(name),
        losses: streams.of(`chance loss ${name}`),
        doublings: streams.of(`chance doubled ${name}`),
        delays: streams.of(name),
        arrivesUs: 0,
        isCut: false,
      };
      ways.set(to, way);
    }
    return way;
  }

  /** A batch was lost: the ends notice, and are linked anew. */
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
