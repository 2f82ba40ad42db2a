/**
 * Savina's generator: the same numbers in every language, so that all arms do
 * the same work. A generator is its value, so that it can stand in a state.
 *
 * @module
 */

/** The value after `value`: an integer in [0, 65536). */
export function nextRandom(value: number): number {
  return (value * 1309 + 13849) & 65535;
}

/** What a value means where a number in (0, 1] is drawn. */
export function fraction(value: number): number {
  return 1 / (value + 1);
}
