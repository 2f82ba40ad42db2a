/**
 * What a shop in memory sells: the products that it opens with.
 *
 * @module
 */

/** A product to open the shop with. */
export interface Opening {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  readonly units: number;
}

/** What a shop sells when the test does not say. */
export const PRODUCTS: readonly Opening[] = [
  { sku: "85123A", name: "WHITE HANGING HEART", priceCents: 295, units: 100 },
  { sku: "22423", name: "REGENCY CAKESTAND", priceCents: 1275, units: 3 },
  { sku: "21212", name: "PACK OF 72 CAKE CASES", priceCents: 55, units: 0 },
];
