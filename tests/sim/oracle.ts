/**
 * A small model against what theory says of it: each figure's interval of
 * 99.9 % contains theory's value. It is played again with something wrong in
 * it, and then has to disagree.
 *
 * @module
 */
import assert from "node:assert/strict";
import { disagreement, type Samples } from "./statistics.ts";

/** What is too many by the share that a control must notice. */
export const MORE = 1.02;

/** Figures by name. */
export type Measured = Readonly<Record<string, Samples>>;

/** A row: theory's figures, and how to measure them. */
export interface Oracle {
  readonly name: string;
  readonly expected: Readonly<Record<string, number>>;
  /** What `measure(true)` does wrong. */
  readonly wrong: string;
  readonly measure: (isWrong: boolean) => Measured;
}

function disagreements(oracle: Oracle, measured: Measured): string[] {
  return Object.entries(oracle.expected)
    .map(([figure, value]) => disagreement(figure, measured[figure]!, value))
    .filter((sentence) => sentence !== null);
}

/** Two tests in one: the model agrees with theory, the wrong one does not. */
export function test(oracle: Oracle): void {
  Deno.test(`${oracle.name} agrees with theory, but not with ${oracle.wrong}`, () => {
    assert.deepEqual(disagreements(oracle, oracle.measure(false)), []);
    const wrong = disagreements(oracle, oracle.measure(true));
    assert.notEqual(wrong.length, 0, "the control agrees as well");
  });
}
