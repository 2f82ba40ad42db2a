/** People who buy something, in a real browser, from a real shop. */
import assert from "node:assert/strict";
import { Stage } from "../shop/stage.ts";
import { LACKS_BROWSER, openBrowser, Visitor } from "./visitor.ts";

const CATALOG = [{ sku: "kettle", units: 9 }, { sku: "lamp", units: 9 }];

Deno.test({
  name: "A person searches, is sent to register and back, buys, sees the " +
    "clock, pays, and finds the order as paid",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, await shop.url);
    const { page } = visitor;

    await visitor.visit("/");
    await page.getByRole("searchbox").fill("kett");
    await page.getByRole("button", { name: "Search" }).click();
    await visitor.read("1 result");
    await page.getByRole("link", { name: "Product kettle" }).click();
    await visitor.press("Sign in to buy");
    assert.equal(visitor.path, "/login?next=%2Fproducts%2Fkettle");
    await visitor.press("Register");
    await visitor.register("ada");
    await page.waitForURL("**/products/kettle");

    await page.getByLabel("Quantity").fill("2");
    await visitor.press("Buy now");
    await visitor.read("Set aside for you");
    await visitor.read(/^1[45]:[0-5]\d$/);
    await visitor.press("Pay £2.00");
    await visitor.read("It is yours");
    await page.getByRole("link", { name: "My orders" }).first().click();
    await page.waitForURL("**/orders");
    const order = page.getByRole("main").getByRole("listitem");
    assert.match(await order.innerText(), /Product kettle[\s\S]*£2\.00\s+Paid/);
    assert.deepEqual(visitor.complaints, []);
  },
});

// G34
Deno.test({
  name: "All of it goes with the keyboard alone, and one sees where one is",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, await shop.url);
    const { page } = visitor;
    const { keyboard } = page;

    await visitor.visit("/");
    await visitor.tabTo(/^Skip to content$/);
    await visitor.tabTo(/^Search products$/);
    await keyboard.type("lamp");
    await keyboard.press("Enter");
    await visitor.read("1 result");
    await visitor.tabTo(/^Product lamp/);
    await keyboard.press("Enter");
    await page.waitForURL("**/products/lamp");
    await visitor.tabTo(/^Sign in to buy$/);
    await keyboard.press("Enter");
    await page.waitForURL("**/login?**");
    await page.getByRole("main").focus();
    await visitor.tabTo(/^Register$/);
    await keyboard.press("Enter");
    await page.waitForURL("**/register?**");
    await visitor.tabTo(/^Username$/);
    await keyboard.type("grace");
    await visitor.tabTo(/^Password$/);
    await keyboard.type("correct horse");
    await keyboard.press("Enter");
    await page.waitForURL("**/products/lamp");
    await visitor.tabTo(/^Buy now$/);
    await keyboard.press("Enter");
    await visitor.read("Set aside for you");
    await visitor.tabTo(/^Pay £1\.01$/);
    await keyboard.press("Enter");
    await visitor.read("It is yours");
    await visitor.tabTo(/^My orders$/);
    await keyboard.press("Enter");
    await page.waitForURL("**/orders");
    await visitor.tabTo(/^Product lamp[\s\S]*Paid$/);
    assert.deepEqual(visitor.complaints, []);
  },
});

// G34
Deno.test({
  name: "All of it goes without script, down to the time that is left",
  ignore: LACKS_BROWSER,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, await shop.url, {
      javaScriptEnabled: false,
    });
    const { page } = visitor;

    await visitor.visit("/?q=lamp");
    await page.getByRole("link", { name: "Product lamp" }).click();
    await visitor.press("Sign in to buy");
    await visitor.press("Register");
    await visitor.register("alan");
    await page.waitForURL("**/products/lamp");
    await visitor.press("Buy now");
    await visitor.read(/^until \d+ \w+ \d{4}, \d\d:\d\d UTC$/);
    await visitor.press("Pay £1.01");
    await visitor.read("It is yours");
    await visitor.visit("/orders");
    await visitor.read(/^Paid$/);
    assert.deepEqual(visitor.complaints, []);
  },
});
