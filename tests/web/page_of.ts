/**
 * One page of a list, for a shop in memory. It knows nothing of what is listed.
 *
 * @module
 */

/** The items behind `after`, at most `limit`, and where the next page starts. */
export function pageOf<Item>(
  items: readonly Item[],
  limit: number,
  after: string | undefined,
  keyOf: (item: Item) => string,
): { items: readonly Item[]; next: string | null } {
  const start = after === undefined
    ? 0
    : items.findIndex((item) => keyOf(item) === after) + 1;
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  const more = start + limit < items.length && last !== undefined;
  return { items: page, next: more ? keyOf(last) : null };
}
