/**
 * What one version of a scenario file has that a smaller one has not, a line
 * for each place: `faults.kill-shard: removed`, `clock.duration: 60s → 1.2s`.
 *
 * @module
 */

/** Longer values say only that they are others. */
const MAX_VALUE = 40;

/** The lines, in the order of the file. */
export function differencesOf(before: unknown, after: unknown): string[] {
  return differ(before, after, "");
}

function differ(before: unknown, after: unknown, place: string): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (after === undefined) return [`${place}: removed`];
  const [left, right] = [partsOf(before), partsOf(after)];
  if (left === null || right === null) {
    return [`${place}: ${show(before)} → ${show(after)}`];
  }
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) =>
    differ(
      left.get(key),
      right.get(key),
      place === "" ? key : `${place}.${key}`,
    )
  );
}

/** What can be named in a value; null: it is one thing. */
function partsOf(value: unknown): Map<string, unknown> | null {
  if (typeof value !== "object" || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const names = value.map(nameOf);
  if (names.includes(null) || new Set(names).size < names.length) return null;
  return new Map(value.map((item, index) => [names[index]!, item]));
}

/** Faults have an id, phases a name, thresholds values that tell them apart. */
function nameOf(item: unknown): string | null {
  if (typeof item === "string") return item;
  if (typeof item !== "object" || item === null) return null;
  const { id, phase, metric } = item as Record<string, unknown>;
  const name = id ?? phase ??
    (metric === undefined ? null : Object.values(item).join(" "));
  return typeof name === "string" ? name : null;
}

function show(value: unknown): string {
  if (value === undefined) return "unset";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= MAX_VALUE) return text;
  return Array.isArray(value) ? `${value.length} of them` : "another value";
}
