/**
 * The shop's pages and the files they load.
 *
 * @module
 */
import { file } from "../api/documents.ts";
import icon from "../assets/icon.svg" with { type: "text" };
import script from "../assets/shop.js" with { type: "text" };
import styles from "../assets/shop.css" with { type: "text" };
import type { Route } from "../routes.ts";
import { ACCOUNT_PAGES } from "./account.tsx";
import { CATALOG_PAGES } from "./catalog.tsx";
import { ORDER_PAGES } from "./order.tsx";
import { ORDER_LIST_PAGES } from "./orders.tsx";
import { PRODUCT_PAGES } from "./product.tsx";

/** The rows of all pages. */
export const PAGE_ROUTES: readonly Route[] = [
  ...CATALOG_PAGES,
  ...PRODUCT_PAGES,
  ...ACCOUNT_PAGES,
  ...ORDER_LIST_PAGES,
  ...ORDER_PAGES,
  file("/assets/shop.css", "text/css", () => styles),
  file("/assets/shop.js", "text/javascript", () => script),
  file("/assets/icon.svg", "image/svg+xml", () => icon),
];
