/**
 * A carrier between processes that loses, doubles, reorders, delays and cuts,
 * step by step as a property test says, and then is well again.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { TrunkFrame } from "../../cluster/trunk.ts";

/** What the carrier does next, to the frames that are under way. */
export type CarrierStep =
  /** All take what they have to say to it. */
  | { readonly act: "flush" }
  /** One of them arrives: the oldest, or one that overtakes. */
  | { readonly act: "carry"; readonly which: number }
  | { readonly act: "double"; readonly which: number }
  | { readonly act: "lose"; readonly which: number }
  /** The oldest is not taken, and its sender is told. */
  | { readonly act: "fail" }
  | { readonly act: "wait"; readonly forMs: number };

const which = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(3));

/** Steps, most of them good. */
export const carrierStep: fc.Arbitrary<CarrierStep> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({ act: fc.constant("flush" as const) }),
  },
  {
    weight: 24,
    arbitrary: fc.record({ act: fc.constant("carry" as const), which }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("double" as const), which }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("lose" as const), which }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("fail" as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("wait" as const),
      forMs: fc.constantFrom(1, 100, 300, 1_000),
    }),
  },
);

/** What a process does with frames, as trunks and meshes do. */
export interface Station<Frame> {
  /** Frames to carry now. */
  flush(nowMs: number): Frame[];
  receive(frame: Frame, nowMs: number): void;
  failed(frame: Frame): void;
  tick(nowMs: number): void;
}

/** Far more than what follows from any one thing that happened. */
const MOST_FRAMES = 10_000;

/** See the module. */
export class BadWeather<Frame extends TrunkFrame<unknown>> {
  nowMs = 0;
  readonly #stations: ReadonlyMap<string, Station<Frame>>;
  #underway: Frame[] = [];

  /** Stations by the name of their process. */
  constructor(stations: ReadonlyMap<string, Station<Frame>>) {
    this.#stations = stations;
  }

  /** Does one step. */
  take(step: CarrierStep): void {
    const { act } = step;
    if (act === "flush") return this.#collect();
    if (act === "wait") {
      this.nowMs += step.forMs;
      for (const station of this.#stations.values()) station.tick(this.nowMs);
      return;
    }
    const at = act === "fail" ? 0 : step.which % this.#underway.length;
    const frame = this.#underway[at];
    if (frame === undefined) return;
    if (act !== "double") this.#underway.splice(at, 1);
    if (act === "fail") this.#stations.get(frame.from)!.failed(frame);
    else if (act !== "lose") this.#arrive(frame);
  }

  /** Carries all in order, for as long, in steps of a tenth of a second. */
  clear(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs;) {
      this.#collect();
      for (let frames = 0; this.#underway.length > 0; frames++) {
        assert.ok(frames < MOST_FRAMES, "they never stop talking");
        this.#arrive(this.#underway.shift()!);
        this.#collect();
      }
      this.nowMs += 100;
      for (const station of this.#stations.values()) station.tick(this.nowMs);
    }
  }

  #collect(): void {
    for (const station of this.#stations.values()) {
      this.#underway.push(...station.flush(this.nowMs));
    }
  }

  #arrive(frame: Frame): void {
    // A process does not share its memory with another.
    this.#stations.get(frame.to)!.receive(structuredClone(frame), this.nowMs);
  }
}
