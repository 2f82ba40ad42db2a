/** How an address finds its behavior. @module */
import { equal, throws } from "node:assert/strict";
import { behaviors, kindOf } from "../../actors/registry.ts";

Deno.test("an address begins with the kind of its actor", () => {
  equal(kindOf("inventory[3]"), "inventory");
  equal(behaviors[kindOf("cache[0]")].name, "cache");
});

Deno.test("an address without a behavior is refused", () => {
  const addresses = ["payment", "cart[0]", "inventory", "toString[0]"];
  for (const address of [...addresses, "cache[*]", "cache[01]", "cache[1]x"]) {
    throws(() => kindOf(address), TypeError);
  }
});

Deno.test("every behavior has a name of its own", () => {
  const names = Object.values(behaviors).map(({ name }) => name);
  equal(new Set(names).size, names.length);
});
