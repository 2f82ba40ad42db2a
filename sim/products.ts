/**
 * The products of a scenario: those of the real catalog or made up, with the
 * stock and prices that the scenario gives them.
 *
 * @module
 */
import type { SimulatedProduct } from "./models.ts";
import type { Scenario } from "./scenario_values.ts";

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
