/** The journal over a real PostgreSQL: the contract, and its own troubles. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import {
  append,
  counted,
  journalContract,
  take,
  takeOne,
} from "../journal/journal_contract.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

Deno.test({
  name: "a journal over PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    const step = (name: string, holds: () => Promise<void>) =>
      test.step(name, async () => {
        await shop.empty();
        await holds();
      });
    for (const { name, holds } of journalContract) {
      await step(name, () => holds(shop));
    }
  },
});
