/**
 * The shapes of a plot, 1000 wide and 100 high: lines with gaps, bands between
 * two lines, areas, and stacks of them. Each bucket is drawn at its middle.
 *
 * @module
 */
import { coordinate, Markup } from "./markup.ts";
import type { Scale } from "./scales.ts";

/** The width of a plot in its own units. */
const WIDTH = 1_000;

/** Where bucket `index` of `points` has its middle. */
function middle(index: number, points: number): number {
  return ((index + 0.5) / points) * WIDTH;
}

/** A line; `null` is a gap, and what stands between gaps alone is a dot. */
export function linePath(
  values: readonly (number | null)[],
  scale: Scale,
): Markup {
  let path = "";
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value !== null) {
      const at = point(middle(index, values.length), scale(value));
      const isAlone = (values[index + 1] ?? null) === null && !isDrawing;
      path += `${isDrawing ? "L" : "M"}${at}${isAlone ? "h.1" : ""}`;
    }
    isDrawing = value !== null;
  });
  return new Markup(path);
}

/** What lies between two lines; `null` in either is a gap. */
export function bandPath(
  low: readonly (number | null)[],
  high: readonly (number | null)[],
  scale: Scale,
): Markup {
  let path = "";
  let run: number[] = [];
  for (let index = 0; index <= low.length; index++) {
    if ((low[index] ?? null) !== null && (high[index] ?? null) !== null) {
      run.push(index);
    } else if (run.length > 0) {
      path += closed(run, low, high, scale);
      run = [];
    }
  }
  return new Markup(path);
}

function closed(
  run: readonly number[],
  low: readonly (number | null)[],
  high: readonly (number | null)[],
  scale: Scale,
): string {
  const [first, past] = [run[0] ?? 0, (run.at(-1) ?? 0) + 1];
  const edge = (index: number) => (index / low.length) * WIDTH;
  const side = (values: readonly (number | null)[]) =>
    [
      [edge(first), values[first]],
      ...run.map((index) => [middle(index, low.length), values[index]]),
      [edge(past), values[past - 1]],
    ].map(([x, value]) => point(x ?? 0, scale(value ?? 0)));
  return `M${[...side(high), ...side(low).reverse()].join("L")}Z`;
}

/** What lies between the values and the ground. */
export function areaPath(values: readonly number[], scale: Scale): Markup {
  return bandPath(values.map(() => 0), values, scale);
}

/** One layer on the other: the last is the sum of all. */
export function stacked(
  layers: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  return layers.reduce<number[][]>((below, layer) => {
    const ground = below.at(-1);
    below.push(layer.map((value, index) => value + (ground?.[index] ?? 0)));
    return below;
  }, []);
}

/** Stays in the plot, so that nothing is drawn over its neighbors. */
function point(x: number, y: number): string {
  const height = Math.min(100, Math.max(0, y));
  return `${coordinate(x)} ${coordinate(height)}`;
}
