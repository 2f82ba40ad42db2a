/** What buyers see when stock moves, is gone, or was theirs too long. */
import assert from "node:assert/strict";
import { expectBody } from "../shop/shop_client.ts";
import { Stage } from "../shop/stage.ts";
import { LACKS_BROWSER, openBrowser, Visitor } from "./visitor.ts";

Deno.test({
  name: "The product page shows live what others buy, down to sold out, and " +
    "what they give back",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage([{ sku: "lamp", units: 7 }]);
    await using shop = stage.start();
    using others = await stage.connect(shop);
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, await shop.url);
    const buy = async (key: string, quantity: number) =>
      expectBody(
        await others.placeOrder("eve", key, [{ sku: "lamp", quantity }]),
      );

    await visitor.visit("/register?next=/products/lamp");
    await visitor.register("ada");
    await visitor.read("7 units for sale now");
    await buy("some", 4);
    await visitor.read("Only 3 left");
    await visitor.read("3 units for sale now");
    const rest = await buy("rest", 3);
    await visitor.read(/units come back when their buyers do not pay/);
    const button = visitor.page.getByRole("button", { name: "Sold out" });
    assert(await button.isDisabled());
    expectBody(await others.cancelOrder("eve", rest.id));
    await visitor.read("3 units for sale now");
    await visitor.press("Buy now");
    await visitor.read("Set aside for you");
    assert.deepEqual(visitor.complaints, []);
  },
});

Deno.test({
  name: "Whoever comes too late is told what to do next",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage([{ sku: "lamp", units: 3 }]);
    await using shop = stage.start();
    using others = await stage.connect(shop);
    await using browser = await openBrowser();
    // Without script the page does not notice that stock moves.
    await using visitor = await Visitor.arrive(browser, await shop.url, {
      javaScriptEnabled: false,
    });
    const take = (key: string, quantity: number) =>
      others.placeOrder("eve", key, [{ sku: "lamp", quantity }]);

    await visitor.visit("/register?next=/products/lamp");
    await visitor.register("ada");
    await visitor.page.getByLabel("Quantity").fill("2");
    expectBody(await take("two", 2));
    await visitor.press("Buy now");
    await visitor.read("Not that many left");
    await visitor.read(/Only 1 unit left\. Choose a smaller quantity/);
    expectBody(await take("one", 1));
    await visitor.page.getByLabel("Quantity").fill("1");
    await visitor.press("Buy now");
    await visitor.read("Somebody was quicker.");
    // The browser itself notes the status of both answers; nothing else.
    assert.equal(visitor.complaints.length, 2, `${visitor.complaints}`);
    for (const line of visitor.complaints) assert.match(line, /status of 409/);
  },
});

Deno.test({
  name: "An order that is not paid in time says so by itself, and where the " +
    "same can be bought again",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage([{ sku: "lamp", units: 1 }]);
    await using shop = stage.start({ orders: { holdFor: "3s" } });
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, await shop.url);

    await visitor.visit("/register?next=/products/lamp");
    await visitor.register("ada");
    await visitor.press("Buy now");
    await visitor.read(/^0:0[0-3]$/);
    await visitor.read("Time ran out");
    await visitor.read(/Nothing was charged/);
    await visitor.press("See if it is still there");
    await visitor.read("1 unit for sale now");
    assert.deepEqual(visitor.complaints, []);
  },
});
