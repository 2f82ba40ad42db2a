/**
 * What happened in a run, by name: kinds of observations and events, steps that
 * went well (`pay_order ok`), outcomes, refusals. A scenario says what must
 * happen at least once, and a checker what it cannot have missed; nothing else
 * is kept, and each only until it has happened.
 *
 * @module
 */
import { CallTable } from "./call_table.ts";
import type { Observation } from "./observation.ts";

/** What follows a step that went well. */
const OK = " ok";

/** See the module's text. */
export class Happenings {
  /** What has not happened yet. */
  readonly #awaited: Set<string>;
  /** Steps that are awaited to go well. */
  readonly #awaitedSteps: Set<string>;
  /** The step of each call that has not ended. */
  readonly #steps = new CallTable<string>();

  /** @param awaited The names that will be asked for. */
  constructor(awaited: Iterable<string>) {
    this.#awaited = new Set(awaited);
    this.#awaitedSteps = new Set(
      [...this.#awaited].filter((name) => name.endsWith(OK))
        .map((name) => name.slice(0, -OK.length)),
    );
  }

  /** Whether it has happened; true also for a name that was not awaited. */
  has(name: string): boolean {
    return !this.#awaited.has(name);
  }

  /** Takes what happened. */
  observe(observation: Observation): void {
    if (this.#awaited.size === 0) return;
    this.#awaited.delete(observation.kind);
    if (observation.kind === "called") {
      this.#steps.set(observation.call, observation.step);
    } else if (observation.kind === "returned") {
      const { call, outcome } = observation;
      const { kind } = outcome;
      this.#awaited.delete(kind === "rejected" ? outcome.code : kind);
      const step = this.#steps.take(call);
      if (kind === "ok" && step !== undefined) this.#goWell(step);
    } else if (observation.kind === "recorded") {
      this.#awaited.delete(observation.event.kind);
    }
  }

  /** Puts a name together once for each step and not with every call. */
  #goWell(step: string): void {
    if (this.#awaitedSteps.delete(step)) this.#awaited.delete(step + OK);
  }
}
