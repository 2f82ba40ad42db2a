/** Stock: conserved, never oversold or undersold, holds resolved once. */
import assert from "node:assert/strict";
import { ok } from "../../../actors/runtime/outcome.ts";
import {
  CONTEXT,
  judge,
  SHARD,
  SKU,
  SOLD_OUT,
  Story,
  view,
  wrong,
} from "./story.ts";

const SOLD = {
  sku: SKU,
  available: 2,
  held: 0,
  sold: 1,
  initial: 3,
  restocked: 0,
  removed: 0,
};

/** The id of ann's hold. */
const HOLD = "k-ann - ann";

function adjusted(story: Story, add: number): Story {
  const event = { kind: "stock_adjusted", sku: SKU, add };
  return story.records(SHARD, event);
}

Deno.test("stock.conserved lets units move between available, held and sold", () => {
  const story = adjusted(new Story().buys("ann").pays("ann").buys("bob", 2), 4)
    .resolves("bob", "hold_released").resolves("ann", "stock_returned");
  const checker = judge("stock.conserved", adjusted(story, -7));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 7);
});

Deno.test("stock.conserved rejects units that become negative", () => {
  const story = new Story().holds("ann", 2).holds("bob", 2);
  assert.equal(wrong("stock.conserved", story), SKU);
});

Deno.test("stock.conserved rejects removing what is held", () => {
  assert.equal(
    wrong("stock.conserved", adjusted(new Story().holds("ann", 2), -2)),
    SKU,
  );
});

Deno.test("stock.conserved rejects a hold of a SKU that is not for sale", () => {
  const story = new Story().holds("ann", 1, "ghost");
  assert.equal(wrong("stock.conserved", story), "ghost");
});

Deno.test("stock.conserved rejects a hold at another shard", () => {
  const context = { ...CONTEXT, shardOf: () => "inventory[1]" };
  const story = new Story().holds("ann");
  assert.equal(wrong("stock.conserved", story, context), SKU);
});

Deno.test("stock.conserved rejects opening a SKU with other units, or twice", () => {
  const open = (units: number) => ({ kind: "stock_opened", sku: SKU, units });
  const story = new Story().records(SHARD, open(3));
  assert.equal(wrong("stock.conserved", story), null);
  assert.equal(wrong("stock.conserved", story.records(SHARD, open(3))), SKU);
  const other = new Story().records(SHARD, open(4));
  assert.equal(wrong("stock.conserved", other), SKU);
});

Deno.test("stock.conserved rejects a shard that says other units than its events", () => {
  const describe = { kind: "describe", sku: SKU };
  const story = new Story().buys("ann").pays("ann")
    .decides(SHARD, describe, ok(SOLD));
  assert.equal(wrong("stock.conserved", story), null);
  story.decides(SHARD, describe, ok({ ...SOLD, available: 3 }));
  assert.equal(wrong("stock.conserved", story), SKU);
});

Deno.test("stock.conserved takes back what a crash lost", () => {
  const story = new Story().holds("ann", 3).takesOver(SHARD).holds("bob", 3);
  assert.equal(wrong("stock.conserved", story), null);
  assert.equal(wrong("stock.conserved", story.holds("cid")), SKU);
});

Deno.test("stock.neverOversold lets the last unit be sold", () => {
  const story = new Story().buys("ann").buys("bob").buys("cid")
    .pays("ann").pays("bob").pays("cid");
  assert.equal(wrong("stock.neverOversold", story), null);
});

Deno.test("stock.neverOversold rejects a hold of one unit too many", () => {
  const story = new Story().holds("ann", 2).resolves("ann", "stock_sold")
    .holds("bob", 2);
  assert.equal(wrong("stock.neverOversold", story), SKU);
});

Deno.test("stock.neverOversold rejects more paid orders than units, whatever shards say", () => {
  const story = new Story();
  for (const user of ["ann", "bob", "cid", "dan"]) {
    const call = story.calls("pay_order", { userId: user });
    story.returns(call, ok({ order: view(user, "paid"), pending: false }));
    const again = story.calls("read_order", { userId: user });
    story.returns(again, ok(view(user, "paid")));
  }
  const checker = judge("stock.neverOversold", story);
  assert.equal(checker.violation?.key, SKU);
  assert.match(checker.violation!.detail, /4 units .* there were 3/);
});

Deno.test("stock.neverUndersold accepts a refusal while units are missing for a moment", () => {
  const story = new Story().buys("ann", 3);
  const call = story.wants("bob");
  story.refuses("bob").resolves("ann", "hold_released").settles(SHARD)
    .returns(call, SOLD_OUT);
  const checker = judge("stock.neverUndersold", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 2);
});

Deno.test("stock.neverUndersold rejects a shard that refuses what it has", () => {
  const story = new Story().holds("ann", 2).refuses("bob", 1);
  assert.equal(wrong("stock.neverUndersold", story), SKU);
});

Deno.test("stock.neverUndersold rejects an answer from before the call", () => {
  const story = new Story().buys("ann", 3).resolves("ann", "hold_released");
  const call = story.wants("bob");
  assert.equal(
    wrong("stock.neverUndersold", story.returns(call, SOLD_OUT)),
    SKU,
  );
});

Deno.test("stock.neverUndersold rejects a refusal when units ran out only afterwards", () => {
  const story = new Story().buys("ann", 2);
  const call = story.wants("bob");
  story.returns(call, SOLD_OUT).holds("cid");
  assert.equal(wrong("stock.neverUndersold", story), SKU);
});

Deno.test("stock.neverUndersold accepts a basket of which one line is missing", () => {
  const story = new Story().buys("ann", 3);
  const lines = [{ sku: "rug", quantity: 1 }, { sku: SKU, quantity: 1 }];
  const call = story.calls("place_order", { userId: "bob", key: "k", lines });
  const context = {
    ...CONTEXT,
    initialStock: new Map([
      ...CONTEXT.initialStock,
      ["rug", { units: 9, priceCents: 5 }] as const,
    ]),
  };
  story.returns(call, SOLD_OUT);
  assert.equal(wrong("stock.neverUndersold", story, context), null);
});

Deno.test("hold.resolvedOnce accepts each way in which a hold can end", () => {
  const story = new Story().holds("ann").resolves("ann", "hold_pinned")
    .resolves("ann", "hold_unpinned").resolves("ann", "hold_released")
    .holds("bob").resolves("bob", "stock_sold")
    .resolves("bob", "stock_returned").resolves("cid", "hold_refused");
  const checker = judge("hold.resolvedOnce", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 8);
});

for (
  const [what, kinds] of Object.entries({
    "sold and then released": ["stock_sold", "hold_released"],
    "released and then sold": ["hold_released", "stock_sold"],
    "sold twice": ["stock_sold", "stock_sold"],
    "returned unsold": ["stock_returned"],
    "returned twice": ["stock_sold", "stock_returned", "stock_returned"],
    "pinned after it ended": ["hold_released", "hold_pinned"],
  })
) {
  Deno.test(`hold.resolvedOnce rejects a hold that is ${what}`, () => {
    const story = new Story().holds("ann");
    for (const kind of kinds) story.resolves("ann", kind);
    assert.equal(wrong("hold.resolvedOnce", story), "k-ann - ann");
  });
}

Deno.test("hold.resolvedOnce rejects a hold behind its tombstone", () => {
  const story = new Story().resolves("ann", "hold_refused").holds("ann");
  assert.equal(wrong("hold.resolvedOnce", story), "k-ann - ann");
});

Deno.test("hold.resolvedOnce lets a new owner resolve again what a crash lost", () => {
  const story = new Story().holds("ann").settles(SHARD)
    .resolves("ann", "stock_sold").takesOver(SHARD)
    .resolves("ann", "hold_released");
  assert.equal(wrong("hold.resolvedOnce", story), null);
});

Deno.test("hold.resolvedOnce rejects a hold that is open long after its deadline", () => {
  const story = new Story().holds("ann");
  story.atUs = 15 * 60_000_000;
  story.holds("bob").settles(SHARD);
  assert.equal(wrong("hold.resolvedOnce", story), null);
  story.atUs += 2_000_000;
  story.holds("cid").settles(SHARD);
  assert.equal(wrong("hold.resolvedOnce", story), "k-ann - ann");
});

Deno.test("hold.resolvedOnce gives a shard its time from when a hold is unpinned", () => {
  const story = new Story().holds("ann").resolves("ann", "hold_pinned");
  story.atUs = 20 * 60_000_000;
  story.resolves("ann", "hold_unpinned").settles(SHARD);
  assert.equal(wrong("hold.resolvedOnce", story), null);
  story.atUs += 2_000_000;
  story.holds("cid").settles(SHARD);
  assert.equal(wrong("hold.resolvedOnce", story), "k-ann - ann");
});

Deno.test("hold.resolvedOnce expects nothing of a hold that never became durable", () => {
  const story = new Story().holds("ann");
  story.atUs = 20 * 60_000_000;
  story.places("bob").settles("storefront[0]");
  assert.equal(wrong("hold.resolvedOnce", story), null);
});

/** The shard says yes to a message about ann's hold. */
function yes(story: Story, kind: string, untilMs = 0): Story {
  const message = { kind, holdId: HOLD, untilMs };
  return story.decides(SHARD, message, ok(null));
}

Deno.test("hold.resolvedOnce rejects a yes to what a shard has not done", () => {
  for (const kind of ["confirm", "release", "return_stock"]) {
    const story = yes(new Story().holds("ann"), kind);
    assert.equal(wrong("hold.resolvedOnce", story), HOLD, kind);
  }
  const released = new Story().holds("ann").resolves("ann", "hold_released");
  assert.equal(wrong("hold.resolvedOnce", yes(released, "release")), null);
  assert.equal(wrong("hold.resolvedOnce", yes(released, "pin")), HOLD);
});

Deno.test("hold.resolvedOnce rejects a release that leaves no tombstone in time", () => {
  // The first event with a wall time tells what time it is.
  const atTenSeconds = { kind: "stock_adjusted", sku: SKU, add: 1, atMs: 1e4 };
  const story = () => new Story().records(SHARD, atTenSeconds);
  assert.equal(wrong("hold.resolvedOnce", yes(story(), "release", 1)), null);
  const early = yes(story(), "release", 20_000);
  assert.equal(wrong("hold.resolvedOnce", early), HOLD);
  const buried = { kind: "hold_refused", holdId: HOLD, untilMs: 20_000 };
  const told = yes(story().records(SHARD, buried), "release", 20_000);
  assert.equal(wrong("hold.resolvedOnce", told), null);
});
