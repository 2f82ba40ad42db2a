/**
 * Many answers made one: all values, or the first trouble.
 *
 * @module
 */
import { failed, ok } from "../actors/runtime/outcome.ts";
import type { Done } from "./gate.ts";

/** Of nobody who was asked. */
const RETRY_AFTER_MS = 1_000;

/**
 * Takes `count` outcomes and calls `done` once: with the values in the order
 * in which they came, or with the first outcome that is none. Of a count of 0
 * there is nobody to answer, and `done` is told so at once.
 */
export function gather<Value>(
  count: number,
  done: Done<readonly Value[]>,
): Done<Value> {
  const values: Value[] = [];
  let isSettled = false;
  if (count === 0) done(failed("unavailable", RETRY_AFTER_MS));
  return (outcome) => {
    if (isSettled) return;
    if (outcome.kind !== "ok") {
      isSettled = true;
      return done(outcome);
    }
    values.push(outcome.value);
    if (values.length < count) return;
    isSettled = true;
    done(ok(values));
  };
}
