/**
 * Ranges of keys that lie side by side, known by where each begins.
 *
 * @module
 */

/**
 * Which of the ranges that begin at these borders, ascending, a key is in; −1
 * before the first. Text compares by code unit.
 */
export function rangeAt<Key extends number | string>(
  borders: readonly Key[],
  key: Key,
): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (borders[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
