/** @module stub */
import type { Route } from "../routes.ts";
export const PAGE_ROUTES: readonly Route[] = [];
