/**
 * What a cache node promises its readers: one fill for all, versions that
 * never go back, and an answer while a source is down.
 *
 * @module
 */
import { deepEqual, equal, ok as isTrue, throws } from "node:assert/strict";
import type { CachedProduct, LookAtCache } from "../../actors/cache_node.ts";
import { jitteredTtlMs } from "../../actors/cache/entry.ts";
import { WAITERS_MAX } from "../../actors/cache/fill.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { failed, ok, rejected, unknown } from "../../actors/runtime/outcome.ts";
import {
  answer,
  answerStock,
  answerText,
  ARGS,
  DOWN,
  publish,
  read,
  startNode,
  statuses,
  stock,
  value,
  warmNode,
} from "./cache_kit.ts";

Deno.test("a miss asks catalog and shard, and the next read is a hit", () => {
  const node = startNode();
  equal(read(node), undefined);
  deepEqual(node.asked.map((asked) => asked.to), [
    "catalog[0]",
    "inventory[9]",
  ]);
  answerText(node);
  answerStock(node);
  deepEqual(statuses(node), ["miss"]);
  const hit = value(read(node));
  equal(hit.status, "hit");
  equal(hit.storeMs, undefined);
  equal(node.asked.length, 0);
  equal(
    hit.body,
    '{"sku":"A1","name":"Lamp \\"A1\\"","priceCents":295,"currency":"GBP",' +
      '"stockState":"in_stock","available":10,"version":2}',
  );
});

// G27
Deno.test("1,000 readers of a cold product cause one fill", () => {
  const node = startNode();
  for (let reader = 0; reader < 1_000; reader++) read(node);
  equal(node.asked.length, 2);
  answerStock(node);
  answerText(node);
  equal(statuses(node).filter((status) => status === "miss").length, 1);
  equal(statuses(node).filter((status) => status === "collapsed").length, 999);
});

Deno.test("an unknown product is asked for once in its time, not more", () => {
  const node = startNode();
  for (let reader = 0; reader < 10; reader++) read(node, "nope");
  answer(node, "read_entry", rejected("not-found"));
  answer(node, "describe", rejected("not-found"));
  deepEqual(new Set(statuses(node)), new Set(["not-found"]));
  equal(node.replies.length, 10);
  node.nowMs += ARGS.negativeTtlMs - 1;
  equal(read(node, "nope")?.kind, "rejected");
  node.nowMs += 1;
  equal(read(node, "nope"), undefined);
});

Deno.test("unknown products do not push products out", () => {
  const node = warmNode();
  for (let index = 0; index < 5_000; index++) {
    read(node, `made-up-${index}`);
    answer(node, "read_entry", rejected("not-found"));
    answer(node, "describe", rejected("not-found"));
  }
  equal(value(read(node)).status, "hit");
  isTrue(node.state.absence.found.places.size <= 4_096);
});

Deno.test("the product read least recently makes room for a new one", () => {
  const node = startNode();
  for (const sku of ["A1", "B2", "C3", "A1", "D4"]) {
    if (read(node, sku) !== undefined) continue;
    answerText(node, 1, sku);
    answerStock(node, 1, 10, sku);
  }
  const held = ["A1", "B2", "C3", "D4"].filter((sku) =>
    node.state.entries.places.has(sku)
  );
  deepEqual(held, ["A1", "C3", "D4"]);
  equal(node.counts.get("cache_evictions"), 1);
});

Deno.test("an entry is fresh until its TTL is over, and no longer", () => {
  const node = warmNode({ jitterPercent: 0 });
  node.nowMs += ARGS.ttlMs - 1;
  equal(value(read(node)).freshForMs, 1);
  node.nowMs += 1;
  equal(read(node), undefined);
});

Deno.test("the jitter spreads the TTL over all of its range", () => {
  equal(jitteredTtlMs(3_600_000, 10, 0), 3_240_000);
  equal(jitteredTtlMs(3_600_000, 10, 2 ** 31), 3_600_000);
  equal(jitteredTtlMs(3_600_000, 10, 2 ** 32 - 1), 3_959_999);
});

Deno.test("the same seed draws the same TTLs", () => {
  const ttls = () => value(read(warmNode())).freshForMs;
  equal(ttls(), ttls());
  isTrue(ttls() >= 54_000 && ttls() < 66_000);
});

Deno.test("a clock set back does not keep an entry fresh", () => {
  const node = warmNode();
  node.nowMs -= 3_600_000;
  equal(read(node), undefined);
});

Deno.test("published stock changes an entry that is held", () => {
  const node = warmNode();
  publish(node, 2, 5);
  const hit = value(read(node));
  equal(hit.version, 3);
  equal(JSON.parse(hit.body).stockState, "low");
  publish(node, 3, 0);
  equal(JSON.parse(value(read(node)).body).stockState, "sold_out");
});

Deno.test("published stock of a product that is not held is not kept", () => {
  const node = warmNode();
  publish(node, 7, 1, "Z9");
  equal(node.state.entries.places.size, 1);
});

Deno.test("published stock that is older than the entry's is ignored", () => {
  const node = warmNode();
  publish(node, 9, 4);
  publish(node, 8, 7);
  equal(value(read(node)).version, 10);
  equal(JSON.parse(value(read(node)).body).available, 4);
});

// G27
Deno.test("a late fill never overwrites stock published meanwhile", () => {
  const node = warmNode();
  read(node, "A1", true);
  publish(node, 8, 3);
  answerStock(node, 7, 4);
  answerText(node);
  const last = node.replies.at(-1)?.outcome as Outcome<CachedProduct>;
  equal(value(last).version, 9);
  equal(value(read(node)).version, 9);
});

Deno.test("a first fill counts stock published while it ran", () => {
  const [early, late] = [startNode(), startNode()];
  read(early);
  publish(early, 8, 3);
  answerStock(early, 7, 4);
  answerText(early);
  equal(value(read(early)).version, 9);
  read(late);
  answerStock(late, 7, 4);
  publish(late, 8, 3);
  answerText(late);
  equal(value(read(late)).version, 9);
});

Deno.test("published stock does not stand in for the shard's answer", () => {
  const node = startNode();
  read(node);
  publish(node, 8, 3);
  answerText(node);
  deepEqual(statuses(node), []);
});

Deno.test("a fill with an older text keeps the newer one", () => {
  const node = startNode();
  read(node);
  answerText(node, 5);
  answerStock(node, 1);
  read(node, "A1", true);
  answerText(node, 4);
  answerStock(node, 1);
  equal(value(read(node)).version, 6);
});

Deno.test("readers of one version at one time share one answer", () => {
  const node = warmNode();
  const first = read(node);
  publish(node, 1);
  isTrue(read(node) === first);
  publish(node, 2);
  isTrue(read(node) !== first);
});

Deno.test("a fresh reader is not served by a fill sent before it came", () => {
  const node = startNode();
  read(node);
  read(node, "A1", true);
  read(node, "A1", true);
  answerText(node);
  answerStock(node);
  deepEqual(statuses(node), ["miss"]);
  equal(node.asked.length, 2);
  answerText(node);
  answerStock(node, 2);
  deepEqual(statuses(node), ["miss", "miss", "collapsed"]);
  equal(node.counts.get("cache_fills"), 2);
});

// G28
Deno.test("with the shard down an expired entry is served stale", () => {
  const node = warmNode({ jitterPercent: 0 });
  node.nowMs += ARGS.ttlMs;
  read(node);
  answerText(node);
  answer(node, "describe", DOWN);
  deepEqual(statuses(node), ["stale"]);
  const again = value(read(node));
  deepEqual([again.status, again.freshForMs], ["stale", 0]);
  equal(node.asked.length, 0);
});

Deno.test("with the catalog's breaker open an expired entry is served stale, and a new one fails", () => {
  const node = warmNode({ jitterPercent: 0 });
  node.nowMs += ARGS.ttlMs;
  read(node);
  answer(node, "read_entry", DOWN);
  deepEqual(statuses(node), ["stale"]);
  read(node, "B2");
  answer(node, "read_entry", DOWN);
  deepEqual(node.replies.at(-1)!.outcome, DOWN);
});

Deno.test("a stale entry is filled again one second after it failed", () => {
  const node = warmNode({ jitterPercent: 0 });
  node.nowMs += ARGS.ttlMs;
  read(node);
  answerText(node);
  answer(node, "describe", unknown(0));
  node.nowMs += 999;
  equal(value(read(node)).status, "stale");
  node.nowMs += 1;
  equal(read(node), undefined);
  answerText(node);
  answerStock(node, 2);
  equal(value(read(node)).status, "hit");
});

Deno.test("a failure long past does not make a new entry stale", () => {
  const node = warmNode({ jitterPercent: 0, ttlMs: 100 });
  node.nowMs += 100;
  read(node);
  answer(node, "describe", DOWN);
  read(node, "A1", true);
  node.asked.shift();
  answerText(node);
  answerStock(node, 2);
  node.nowMs += 100;
  equal(read(node), undefined);
});

Deno.test("a product that is gone is not served stale", () => {
  const node = warmNode({ jitterPercent: 0 });
  node.nowMs += ARGS.ttlMs;
  read(node);
  answer(node, "read_entry", rejected("not-found"));
  deepEqual(statuses(node), ["not-found"]);
  equal(read(node)?.kind, "rejected");
  equal(node.state.entries.places.size, 0);
});

Deno.test("with the shard down and nothing held a read fails", () => {
  const node = startNode();
  read(node);
  answer(node, "describe", DOWN);
  deepEqual(node.replies[0]?.outcome, DOWN);
  read(node, "B2");
  node.asked.shift();
  answer(node, "describe", unknown(70));
  deepEqual(node.replies[1]?.outcome, failed("unavailable", 70));
});

Deno.test("fresh readers in line are not made to wait for a second failure", () => {
  const node = startNode();
  read(node);
  read(node, "A1", true);
  answer(node, "describe", DOWN);
  equal(node.replies.length, 2);
  equal(node.state.fills.size, 0);
  equal(node.state.waiting, 0);
});

Deno.test("after a drop no reader gets what was read before it", () => {
  const node = startNode();
  read(node);
  answerText(node, 1);
  const [before] = node.asked;
  node.send({ kind: "drop", sku: "A1" });
  for (let reader = 0; reader < 500; reader++) read(node);
  if (before === undefined) throw new Error("the shard was not asked");
  node.answer(before, ok({ ...stock(1), held: 0 }));
  deepEqual(statuses(node), ["done"]);
  answerText(node, 2);
  answerStock(node, 2);
  const versions = new Set(
    node.replies.slice(1).map(({ outcome }) =>
      value(outcome as Outcome<CachedProduct>).version
    ),
  );
  deepEqual(versions, new Set([4]));
  equal(node.counts.get("cache_fills"), 2);
});

Deno.test("a drop makes a fill read both parts again", () => {
  const [texted, described] = [startNode(), startNode()];
  for (const node of [texted, described]) {
    read(node);
    if (node === texted) answerText(node);
    else answerStock(node);
    node.tell({ kind: "drop", sku: "A1" });
    node.asked.shift();
  }
  answerStock(texted, 2);
  answerText(described, 2);
  deepEqual([...texted.replies, ...described.replies], []);
  answerText(texted, 2);
  answerStock(described, 2);
  deepEqual([...statuses(texted), ...statuses(described)], ["miss", "miss"]);
});

Deno.test("what is read after a drop serves fresh readers in line", () => {
  const node = startNode();
  read(node);
  read(node, "A1", true);
  node.tell({ kind: "flush" });
  node.asked.splice(0, 2);
  answerText(node);
  answerStock(node);
  deepEqual(statuses(node), ["miss", "collapsed"]);
});

Deno.test("an unknown product is asked for again after a drop or flush", () => {
  const node = startNode({ capacityEntries: 1, negativeTtlMs: 60_000 });
  for (const kind of ["drop", "flush"] as const) {
    read(node);
    answer(node, "read_entry", rejected("not-found"));
    equal(read(node)?.kind, "rejected");
    node.tell(kind === "drop" ? { kind, sku: "A1" } : { kind });
    node.asked.length = 0;
  }
  equal(read(node), undefined);
});

Deno.test("a product that was found is not remembered as unknown", () => {
  const node = startNode({ capacityEntries: 1, negativeTtlMs: 60_000 });
  read(node);
  answer(node, "read_entry", rejected("not-found"));
  node.asked.length = 0;
  for (const sku of ["A1", "B2"]) {
    read(node, sku, true);
    answerText(node, 1, sku);
    answerStock(node, 1, 10, sku);
  }
  equal(read(node), undefined);
});

Deno.test("a drop of a product that is not held is ok", () => {
  equal(startNode().send({ kind: "drop", sku: "nope" })?.kind, "ok");
});

Deno.test("a flush forgets every product and every unknown one", () => {
  const node = warmNode();
  equal(node.send({ kind: "flush" })?.kind, "ok");
  equal(read(node), undefined);
  equal(node.state.entries.places.size, 0);
});

Deno.test("a look says what is held and fills nothing", () => {
  const node = warmNode({ jitterPercent: 0 });
  const look: LookAtCache = { kind: "look", sku: "A1" };
  const entry = () => {
    const outcome = node.send(look);
    return outcome?.kind === "ok" ? outcome.value.entry : null;
  };
  equal(entry()?.status, "hit");
  node.nowMs += ARGS.ttlMs;
  equal(entry()?.status, "stale");
  node.send({ kind: "drop", sku: "A1" });
  equal(entry(), null);
  equal(node.asked.length, 0);
});

Deno.test("a warmer is answered when the product is held", () => {
  const node = startNode();
  equal(node.send({ kind: "warm", sku: "A1" }), undefined);
  answerText(node);
  answerStock(node);
  deepEqual(node.replies[0]?.outcome, ok({ wasHeld: false }));
  equal(value(read(node)).status, "hit");
  node.send({ kind: "warm", sku: "A1" });
  answerText(node);
  answerStock(node);
  deepEqual(node.replies.at(-1)?.outcome, ok({ wasHeld: true }));
});

Deno.test("one waiter more than the node has room for is refused", () => {
  const node = startNode();
  for (let reader = 0; reader < WAITERS_MAX; reader++) read(node);
  const outcome = read(node);
  equal(outcome?.kind === "failed" && outcome.code, "overloaded");
  answerText(node);
  answerStock(node);
  equal(node.state.waiting, 0);
});

Deno.test("a cache node refuses arguments that make no sense", () => {
  throws(() => startNode({ jitterPercent: 100 }), RangeError);
  throws(() => startNode({ capacityEntries: 0 }), RangeError);
});
