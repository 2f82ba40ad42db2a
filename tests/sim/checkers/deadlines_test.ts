/** Deadlines: what nobody paid for ends at its time, and stays ended. */
import assert from "node:assert/strict";
import type { JournalEvent } from "../../../actors/runtime/actor.ts";
import {
  CONTEXT,
  holdOf,
  judge,
  orderOf,
  SHARD,
  SHOP,
  SKU,
  Story,
  wrong,
} from "./story.ts";

const ID = "unpaid.endsOnTime";
/** A hold of a minute, made at the start. */
const UNTIL_MS = 60_000;

function held(): Story {
  return new Story().records(SHARD, {
    kind: "stock_held",
    holdId: holdOf("ann"),
    userId: "ann",
    lines: [{ sku: SKU, quantity: 1, priceCents: 100 }],
    untilMs: UNTIL_MS,
  } as JournalEvent);
}

/** The shard gives the hold back at that time. */
function releases(story: Story, atMs: number, why = "expired"): Story {
  story.atUs = atMs * 1_000 - 1;
  const holdId = holdOf("ann");
  return story.records(SHARD, {
    ...{ kind: "hold_released", holdId, why, atMs },
  } as JournalEvent);
}

function tells(story: Story, kind: string, more: object, atMs: number): Story {
  story.atUs = atMs * 1_000 - 1;
  return story.observe({ kind, ...more } as never);
}

Deno.test("unpaid.endsOnTime accepts a hold that ends within a second of its deadline", () => {
  assert.equal(wrong(ID, releases(held(), UNTIL_MS)), null);
  const checker = judge(ID, releases(held(), UNTIL_MS + 1_000));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 1);
});

Deno.test("unpaid.endsOnTime rejects a hold that expires early, or later than that", () => {
  assert.equal(wrong(ID, releases(held(), UNTIL_MS - 1)), holdOf("ann"));
  assert.equal(wrong(ID, releases(held(), UNTIL_MS + 1_001)), holdOf("ann"));
});

Deno.test("unpaid.endsOnTime lets a buyer give up early", () => {
  assert.equal(wrong(ID, releases(held(), 1_000, "released")), null);
});

Deno.test("unpaid.endsOnTime waits for a worker that is down, and a while longer", () => {
  const worker = { worker: "worker-0", incarnation: 1 };
  const down = tells(held(), "worker_lost", worker, UNTIL_MS - 10);
  const up = tells(down, "worker_started", worker, UNTIL_MS + 20_000);
  assert.equal(wrong(ID, releases(up, UNTIL_MS + 26_000)), null);
  assert.equal(wrong(ID, releases(up, UNTIL_MS + 26_001)), holdOf("ann"));
});

Deno.test("unpaid.endsOnTime waits for the end of a fault", () => {
  const fault = { fault: "f", target: "worker-0" };
  const struck = tells(held(), "fault_began", fault, UNTIL_MS - 10);
  assert.equal(wrong(ID, releases(struck, UNTIL_MS + 90_000)), null);
});

Deno.test("unpaid.endsOnTime waits for a shard that is behind with its mail", () => {
  const behind = (depth: number) => {
    const story = held();
    story.atUs = UNTIL_MS * 1_000;
    return releases(story.countsMail({}, { depth }), UNTIL_MS + 6_000);
  };
  assert.equal(wrong(ID, behind(9)), null);
  assert.equal(wrong(ID, behind(8)), holdOf("ann"));
});

Deno.test("unpaid.endsOnTime counts from the end of a pin", () => {
  const pinned = held().resolves("ann", "hold_pinned");
  pinned.atUs = 90_000_000;
  const unpinned = pinned.resolves("ann", "hold_unpinned");
  assert.equal(wrong(ID, releases(unpinned, 90_500)), null);
});

Deno.test("unpaid.endsOnTime allows a clock that drifts what it drifts", () => {
  const drifting = { ...CONTEXT, driftPerMillion: 10_000 };
  const late = releases(held(), UNTIL_MS + 1_600);
  assert.equal(wrong(ID, late, drifting), null);
  assert.equal(wrong(ID, late), holdOf("ann"));
});

Deno.test("unpaid.endsOnTime rejects an order that expires early or is paid after its end", () => {
  const placed = () => new Story().places("ann").settles(SHOP);
  const early = placed().orders("ann", "order_expired");
  assert.equal(wrong(ID, early), orderOf("ann"));
  const late = placed().orders("ann", "order_cancelled");
  assert.equal(wrong(ID, late), null);
  assert.equal(wrong(ID, late.orders("ann", "order_paid")), orderOf("ann"));
});

Deno.test("unpaid.endsOnTime forgets an end that a crash took back", () => {
  const story = new Story().places("ann").settles(SHOP)
    .orders("ann", "order_cancelled").takesOver(SHOP)
    .orders("ann", "order_paid");
  assert.equal(wrong(ID, story), null);
});
