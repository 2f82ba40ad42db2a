/** How the pages look: on a phone, on a desk, by day and by night. */
import assert from "node:assert/strict";
import type { BrowserContextOptions } from "playwright-core";
import { Stage } from "../shop/stage.ts";
import { LACKS_BROWSER, openBrowser, Visitor } from "./visitor.ts";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
const DESK = { viewport: { width: 1280, height: 900 } };

const LOOKS: readonly (readonly [string, BrowserContextOptions])[] = [
  ["a phone, by day", { ...PHONE, colorScheme: "light" }],
  ["a phone, by night", { ...PHONE, colorScheme: "dark" }],
  ["a desk, by day", { ...DESK, colorScheme: "light" }],
  ["a desk, by night", { ...DESK, colorScheme: "dark" }],
];

/** Names as long, and as short, as real ones. */
const CATALOG = [
  { sku: "white-hanging-heart-t-light-holder-large", units: 3 },
  { sku: "set-of-3-cake-tins-pantry-design", units: 1_000 },
  { sku: "mug", units: 0 },
];
const GUEST_PATHS = [
  "/",
  "/?q=mug",
  "/?q=nothing",
  "/login",
  "/register",
  "/products/mug",
];

for (const [name, options] of LOOKS) {
  // G34
  Deno.test({
    name: `Every page can be read and touched on ${name}`,
    ignore: LACKS_BROWSER,
    async fn() {
      using stage = new Stage(CATALOG);
      await using shop = stage.start();
      await using browser = await openBrowser();
      await using visitor = await Visitor.arrive(
        browser,
        await shop.url,
        options,
      );
      const found: string[] = [];
      const look = async () => {
        found.push(...await visitor.stumblingBlocks());
      };

      for (const path of GUEST_PATHS) {
        await visitor.visit(path);
        await look();
      }
      await visitor.visit("/register?next=/products/mug");
      await visitor.register("ada");
      await visitor.read("0 units for sale now");
      await look();
      await visitor.visit(`/products/${CATALOG[0]!.sku}`);
      await visitor.press("Buy now");
      await visitor.read(/^14:\d\d$/);
      await look();
      await visitor.press("Pay £1.00");
      await visitor.read("It is yours");
      await look();
      await visitor.visit("/orders");
      await look();
      assert.deepEqual(found, []);
      assert.deepEqual(visitor.complaints, []);
    },
  });
}

Deno.test({
  name: "The page of the API works without any other host",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, await shop.url);
    const { page } = visitor;

    await visitor.visit("/docs");
    await page.getByRole("link", { name: "/v1/products", exact: true }).click();
    await page.getByRole("button", { name: "Execute" }).click();
    await visitor.read(/"name": "Product mug"/);
    assert.deepEqual(visitor.complaints, []);
  },
});
