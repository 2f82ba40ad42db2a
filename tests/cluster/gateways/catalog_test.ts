/** How the catalog's store is heard through its gateway. @module */
import { deepEqual, equal } from "node:assert/strict";
import type { CatalogMessage } from "../../../actors/catalog.ts";
import { ok, rejected } from "../../../actors/runtime/outcome.ts";
import { handleCatalog } from "../../../cluster/gateways/catalog.ts";
import { CatalogStore } from "../../../cluster/journal/catalog_store.ts";
import { granted } from "../../permission.ts";
import { withDataFolder } from "./store.ts";

type Ask = (message: CatalogMessage) => ReturnType<typeof handleCatalog>;

const LAMP = { sku: "A1", name: "Red lamp", currency: "GBP" };
const TRAY = { sku: "B2", name: "Blue tray", currency: "GBP" };

function test(name: string, body: (ask: Ask) => void | Promise<void>) {
  const fn = () =>
    withDataFolder(async (folder) => {
      const store = new CatalogStore(folder);
      const more = { priceCents: 295, units: 10 };
      store.importProducts([{ ...LAMP, ...more }, { ...TRAY, ...more }]);
      await body((message) => handleCatalog(store, message));
      store.close();
    });
  Deno.test({ name, ignore: !granted("read", "write"), fn });
}

test("a product of the store is found, another is not-found", (ask) => {
  deepEqual(
    ask({ kind: "read_entry", sku: "A1" }),
    ok({ ...LAMP, version: 1 }),
  );
  deepEqual(ask({ kind: "read_entry", sku: "Z9" }), rejected("not-found"));
});

test("pages follow one another by their next", async (ask) => {
  const page = async (after?: string) => {
    const message = { kind: "search_catalog", query: "", limit: 1 } as const;
    const outcome = await ask(
      after === undefined ? message : { ...message, after },
    );
    if (outcome.kind !== "ok" || !("items" in outcome.value)) {
      throw new Error(`answered ${outcome.kind}`);
    }
    return outcome.value;
  };
  const first = await page();
  const second = await page(first.next ?? "");
  deepEqual([first.items[0]?.sku, second.items[0]?.sku], ["A1", "B2"]);
  equal(second.next, null);
});

test("an after that is no page's next is refused", async (ask) => {
  const search = { kind: "search_catalog", query: "", limit: 1 } as const;
  const outcome = await ask({ ...search, after: "?" });
  equal(outcome.kind === "rejected" && outcome.code, "invalid-input");
});

test("the SKUs of the store are listed", async (ask) => {
  const list = { kind: "list_skus", limit: 9 } as const;
  const all = { skus: ["A1", "B2"], next: null, total: 2 };
  deepEqual(ask(list), ok(all));
  const outcome = await ask({ ...list, after: "?" });
  equal(outcome.kind === "rejected" && outcome.code, "invalid-input");
});
