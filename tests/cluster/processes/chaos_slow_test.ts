/** A minute of the chaos campaign, which `deno task chaos` runs for longer. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { chaosCampaign } from "./chaos_campaign.ts";

Deno.test({
  name:
    "G111 a minute of chaos loses no order, doubles none and sells nothing twice",
  ignore: !granted("net", "run", "read", "write", "env", "sys"),
  async fn() {
    const { orders, recoveries } = await chaosCampaign({
      ...{ forMs: 60_000, buyers: 100, seed: 6, logFolder: null },
      report: () => {},
    });
    assert.ok(orders > 0 && recoveries.length > 0);
  },
});
