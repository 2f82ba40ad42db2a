/**
 * How fast a shop grows: processes that joined it in the last two minutes, per
 * minute, as the project's first documents call the speed of scaling. Whoever
 * was there at the first look has not joined, and neither has who was away for
 * less than two minutes: a process has one name in all its life.
 *
 * @module
 */
import { scalingPerMinute } from "./numbers.ts";

/** The documents' own span: six servers in two minutes. */
const WINDOW_MS = 120_000;

/** See the module. */
export class ScalingSpeed {
  #members: readonly string[] | null = null;
  /** When each was seen last. A process takes a second to start: not many. */
  readonly #seenAtMs = new Map<string, number>();
  #joinedAtMs: number[] = [];

  /**
   * Takes who is there now, of which nothing is known when there is nobody;
   * `nowMs` by any clock, always the same one.
   */
  note(members: readonly string[], nowMs: number): void {
    if (members.length === 0) return;
    const isFirst = this.#members === null;
    for (const name of this.#members ?? []) this.#seenAtMs.set(name, nowMs);
    this.#forget(nowMs);
    for (const name of members) {
      if (!isFirst && !this.#seenAtMs.has(name)) this.#joinedAtMs.push(nowMs);
      this.#seenAtMs.set(name, nowMs);
    }
    this.#members = members;
  }

  /** Processes per minute; 0 when none has joined of late. */
  perMinute(nowMs: number): number {
    this.#forget(nowMs);
    return scalingPerMinute(this.#joinedAtMs.length, WINDOW_MS);
  }

  #forget(nowMs: number): void {
    const isOver = (atMs: number) => nowMs - atMs >= WINDOW_MS;
    this.#joinedAtMs = this.#joinedAtMs.filter((atMs) => !isOver(atMs));
    for (const [name, atMs] of this.#seenAtMs) {
      if (isOver(atMs) && !this.#members?.includes(name)) {
        this.#seenAtMs.delete(name);
      }
    }
  }
}
