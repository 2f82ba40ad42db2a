/**
 * Answers that are there at once from a store on this disk, and later from one
 * across a network. No promise is made for what is known already.
 *
 * @module
 */

/** At once, or later. */
export type Sooner<Value> = Value | Promise<Value>;

/** What follows from a value, as soon as it is known. */
export function whenKnown<Value, Result>(
  value: Sooner<Value>,
  resultOf: (value: Value) => Result,
): Sooner<Result> {
  return value instanceof Promise ? value.then(resultOf) : resultOf(value);
}
