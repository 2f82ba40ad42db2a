/**
 * Delta debugging: a smallest part of a list that still does something, with
 * few questions where most of the list is not needed. From A. Zeller and
 * R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002; here
 * without its first step (single parts), as removing all at once comes first.
 *
 * @module
 */

/**
 * Removes what is not needed. The result cannot lose any single item, unless
 * it has no more than `least` of them.
 *
 * @param fails Whether this part will do; it is never asked about the whole.
 */
export function ddmin<Item>(
  items: readonly Item[],
  least: number,
  fails: (kept: readonly Item[]) => boolean,
): readonly Item[] {
  if (items.length > least) {
    const fewest = items.slice(0, least);
    if (fails(fewest)) return fewest;
  }
  let kept = items;
  for (let parts = 2; kept.length > least && kept.length > 1;) {
    const size = Math.ceil(kept.length / parts);
    const smaller = removals(kept, size)
      .find((rest) => rest.length >= least && fails(rest));
    if (smaller !== undefined) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}

/** The list without each of its parts of `size` items, in their order. */
function removals<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, part) => [
      ...items.slice(0, part * size),
      ...items.slice((part + 1) * size),
    ],
  );
}
