/**
 * What lies between threads: batches take their time, keep their order, and may
 * be doubled or lost. A link that lost one is broken, as a live one would be
 * when it notices; it is made anew after a while. Two threads can be cut apart.
 *
 * @module
 */
import { stableHash } from "../actors/runtime/random.ts";
import type { Batch } from "../cluster/link.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Streams } from "./streams.ts";
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

/** See the module's text. */
export class Network {
  readonly #options: NetworkOptions;
  /** When the newest batch of a link arrives: order is kept. */
  readonly #arrivals = new Map<string, number>();
  /** Links that are cut, as `a→b`. */
  readonly #cut = new Set<string>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Links two threads, when both run and nothing cuts them apart. */
  link(one: string, other: string): void {
    const [left, right] = this.#ends(one, other);
    if (left === null || right === null) return;
    if (this.#cut.has(`${one}→${other}`)) return;
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
    for (const link of [`${one}→${other}`, `${other}→${one}`]) {
      if (isCut) this.#cut.add(link);
      else this.#cut.delete(link);
    }
    if (isCut) this.unlink(one, other);
    else this.link(one, other);
  }

  /** Carries a batch from a thread to another one. */
  carry(from: Thread, to: string, batch: Batch): void {
    const { scheduler, streams, values, threadOf } = this.#options;
    const link = `${from.name}→${to}`;
    const target = threadOf(to);
    if (threadOf(from.name) !== from || target === null) return;
    if (streams.happens(`loss ${link}`, values.lossPerMillion)) {
      return this.#breakLink(from.name, to);
    }
    const atUs = Math.max(
      scheduler.nowUs + this.#delayUs(link),
      this.#arrivals.get(link) ?? 0,
    );
    this.#arrivals.set(link, atUs);
    const isDoubled = streams.happens(
      `doubled ${link}`,
      values.duplicatePerMillion,
    );
    for (let time = isDoubled ? 2 : 1; time > 0; time--) {
      scheduler.at(atUs, stableHash(link), () => {
        if (threadOf(to) === target) target.receive(from.name, batch);
      });
    }
  }

  #delayUs(link: string): number {
    const { delayMinUs, delayMeanUs } = this.#options.values;
    const meanUs = delayMeanUs - delayMinUs;
    if (meanUs <= 0) return delayMinUs;
    const distribution = { kind: "exponential", meanUs } as const;
    return delayMinUs + this.#options.streams.drawUs(link, distribution);
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
