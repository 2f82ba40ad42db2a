/**
 * What can befall a server that processes share: it is paused, it is down, or
 * some of them cannot reach it.
 *
 * @module
 */

import type { ScheduledFault } from "./scenario_values.ts";
import type { Slowness } from "./slowness.ts";

/** A server that has outages. */
export interface Server {
  readonly slowness: Slowness;
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Strikes it; gives what ends that, which starts it again if it stopped. */
export function strikeServer(
  server: Server,
  { do: what, factor }: ScheduledFault,
  restart: () => void,
): () => void {
  if (what === "slow") return server.slowness.begin(factor);
  if (what === "hang") {
    server.pause();
    return () => server.resume();
  }
  server.stop();
  return restart;
}

/** See the module. Nothing is wrong at first. */
export class Outage {
  /** It has stopped and not started again. */
  isDown = false;
  /** Counts stops: connections of an earlier life are gone. */
  life = 0;
  /** How many cuts lie between it and a place. */
  readonly #cuts = new Map<string, number>();
  /** What came while it was paused; null: it is not. */
  #paused: (() => void)[] | null = null;

  /** Does nothing until it goes on; then all that came meanwhile. */
  pause(): void {
    this.#paused ??= [];
  }

  /** It does nothing now. */
  get isPaused(): boolean {
    return this.#paused !== null;
  }

  /** Goes on. */
  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = null;
    for (const act of waiting) act();
  }

  /** Forgets what came while it was paused. */
  forget(): void {
    if (this.#paused !== null) this.#paused = [];
  }

  /** Stops, until it is said not to be down. */
  stop(): void {
    this.isDown = true;
    this.life++;
  }

  /** Cuts it off from a place, or ends one cut. */
  cut(place: string, isCut: boolean): void {
    const cuts = this.#cuts.get(place) ?? 0;
    this.#cuts.set(place, cuts + (isCut ? 1 : -1));
  }

  /** Whether a place cannot reach it. */
  isCut(place: string): boolean {
    return (this.#cuts.get(place) ?? 0) > 0;
  }

  /** Acts now, or when it goes on. */
  act(act: () => void): void {
    if (this.#paused === null) act();
    else this.#paused.push(act);
  }
}
