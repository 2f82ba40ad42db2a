/**
 * Bringing a new store's products and opening stock in. The catalog is read
 * from a file into an empty store only; each shard is then told the stock of
 * its SKUs, and a shard that knows a SKU already leaves it as it is. So an
 * opening that was interrupted, or that two processes begin, comes out right.
 *
 * @module
 */
import type { OpenStock } from "../../actors/inventory_shard.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import {
  CatalogError,
  type CatalogItem,
  parseCatalog,
} from "../catalog_file.ts";
import type { OpeningStock } from "../journal/catalog_store.ts";
import type { Topology } from "../topology.ts";
import type { AssembledDomain } from "./assemble.ts";
import { StartError } from "./threads.ts";

/** SKUs in one opening message: a step of about a millisecond. */
const OPENING_SKUS = 1_000;
/** Opening a store waits for nobody else; a slow disk may take its time. */
const OPENING_WITHIN_MS = 60_000;

/** Of a catalog's store, what an opening needs. */
export interface OpeningSource {
  /** All stock, in chunks of at most so many. */
  openingStock(
    chunkLength: number,
  ): Iterable<readonly OpeningStock[]> | AsyncIterable<readonly OpeningStock[]>;
  markOpened(): void | Promise<void>;
}

/**
 * The products of a file.
 *
 * @throws {CatalogError} When it cannot be read.
 */
export function readCatalog(file: string): readonly CatalogItem[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new CatalogError(
      `CATALOG: expected a readable file, found ${(error as Error).message}`,
    );
  }
  return parseCatalog(text, file);
}

/** Tells each shard the opening stock of its SKUs; known ones stay. */
export async function openStock(
  store: OpeningSource,
  main: AssembledDomain,
  topology: Topology,
): Promise<void> {
  for await (const chunk of store.openingStock(OPENING_SKUS * 16)) {
    const byShard = Map.groupBy(chunk, ({ sku }) => topology.inventoryOf(sku));
    // A chunk at a time: mailboxes and links are bounded.
    await Promise.all(
      Array.from(
        byShard,
        ([shard, items]) =>
          askToOpen(main, shard, { kind: "open_stock", items }),
      ),
    );
  }
  await store.markOpened();
}

function askToOpen(
  main: AssembledDomain,
  shard: string,
  message: OpenStock,
): Promise<void> {
  return new Promise((resolve, reject) =>
    main.turns.domain.ask(
      shard,
      message,
      OPENING_WITHIN_MS,
      (outcome: Outcome<unknown>) =>
        outcome.kind === "ok" ? resolve() : reject(
          new StartError(`${shard} does not open: ${reasonOf(outcome)}`),
        ),
    )
  );
}

/** Why something is not so, in a word or two. */
export function reasonOf(
  outcome: Exclude<Outcome<unknown>, { kind: "ok" }>,
): string {
  return outcome.kind === "unknown" ? "no answer" : outcome.code;
}
