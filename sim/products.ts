/**
 * The products of a scenario: those of the real catalog or made up, with the
 * stock and prices that the scenario gives them.
 *
 * @module
 */
import type { SimulatedProduct } from "./models.ts";
import type { SeededRandom } from "../actors/runtime/random.ts";
import type { Scenario } from "./scenario_values.ts";
import { Zipf } from "./zipf.ts";

/** What a product costs where nothing says otherwise. */
const PRICE_CENTS = 1_299;

/** The products of a scenario, the most popular first. */
export function productsOf(
  { catalog }: Scenario,
  real: readonly SimulatedProduct[],
): SimulatedProduct[] {
  const { flash, stockUnits, popularity } = catalog;
  return Array.from({ length: catalog.products }, (_, index) => {
    const known = popularity.kind === "catalog" ? real[index] : undefined;
    const isFlash = flash !== null && index < flash.products;
    return {
      sku: known?.sku ?? `P${String(index).padStart(6, "0")}`,
      priceCents: isFlash && flash.priceCents !== null
        ? flash.priceCents
        : known?.priceCents ?? PRICE_CENTS,
      units: isFlash ? flash.stockUnits : stockUnits ?? known?.units ?? 100,
    };
  });
}

/** Draws a product's SKU for a step. */
export type Picker = (target: "flash" | "any", random: SeededRandom) => string;

/**
 * Draws by popularity: by rank (Zipf), or by the real catalog's units. A step
 * for the flash sale draws evenly among its products.
 */
export function pickerOf(
  { popularity, flash }: Scenario["catalog"],
  products: readonly SimulatedProduct[],
): Picker {
  const skus = products.map(({ sku }) => sku);
  const draw = popularity.kind === "zipf"
    ? zipfDraw(products.length, popularity.exponent)
    : weightedDraw(products.map(({ units }) => units));
  const flashProducts = flash?.products ?? 0;
  return (target, random) =>
    target === "flash" && flashProducts > 0
      ? skus[random.below(flashProducts)]!
      : skus[draw(random)]!;
}

function zipfDraw(count: number, exponent: number) {
  const zipf = new Zipf(count, exponent);
  return (random: SeededRandom) => zipf.sample(random);
}

/** By binary search in the running sums of the weights. */
function weightedDraw(weights: readonly number[]) {
  const sums: number[] = [];
  let total = 0;
  for (const weight of weights) sums.push(total += Math.max(1, weight));
  return (random: SeededRandom) => {
    const drawn = random.below(total);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
