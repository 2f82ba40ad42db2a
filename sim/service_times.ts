/**
 * How long actors and gateways take for a message, as the scenario says by the
 * kind of message; each has a stream of its own.
 *
 * @module
 */
import type { SeededRandom } from "../actors/runtime/random.ts";
import type { Distribution } from "./distributions.ts";
import { drawUs, type Streams } from "./streams.ts";

/** See the module's text. */
export class ServiceTimes {
  readonly #streams: Streams;
  readonly #byKind: ReadonlyMap<string, Distribution>;
  readonly #own = new Map<string, SeededRandom>();

  constructor(streams: Streams, byKind: ReadonlyMap<string, Distribution>) {
    this.#streams = streams;
    this.#byKind = byKind;
  }

  /** Whole microseconds for the next message of that kind. */
  drawUs(who: string, kind: string, byDefaultUs: number): number {
    const distribution = this.#byKind.get(kind);
    if (distribution === undefined) return byDefaultUs;
    let stream = this.#own.get(who);
    if (stream === undefined) {
      stream = this.#streams.of(`service ${who}`);
      this.#own.set(who, stream);
    }
    return drawUs(distribution, stream);
  }
}
