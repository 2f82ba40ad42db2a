/**
 * How much of a product is left, in a word and a color. The script writes the
 * same words when stock moves; both are told apart by `data-state`.
 *
 * @module
 */
import type { ProductView } from "../../actors/cache_node.ts";

/** The badge. */
export function StockBadge({ product }: { product: ProductView }) {
  return (
    <span class="badge" data-state={product.stockState}>
      {stockText(product)}
    </span>
  );
}

/** `In stock`, `Only 3 left`, `Sold out`. */
export function stockText(
  { stockState, available }: ProductView,
): string {
  switch (stockState) {
    case "in_stock":
      return "In stock";
    case "low":
      return `Only ${available} left`;
    case "sold_out":
      return "Sold out";
  }
}
