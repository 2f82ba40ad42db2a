/**
 * What the edge's own memory promises: that it is short, that versions never
 * go back in it, that everybody is answered once.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CachedProduct } from "../../actors/cache_node.ts";
import type { ShopOutcome } from "../../actors/refusals.ts";
import { failed, ok, rejected } from "../../actors/runtime/outcome.ts";
import type { Done } from "../../cluster/gate.ts";
import { NearCache } from "../../cluster/near_cache.ts";

const POLICY = { abovePerSecond: 10, ttlMs: 50, capacityEntries: 2 };

/** A memory, its readers' answers, and the questions to the node. */
class Stage {
  readonly near: NearCache;
  readonly answers: ShopOutcome<CachedProduct>[] = [];
  readonly asked: Done<CachedProduct>[] = [];
  readonly done: Done<CachedProduct> = (outcome) => this.answers.push(outcome);

  constructor(policy = POLICY) {
    this.near = new NearCache(policy);
  }

  read(nowMs: number, sku = "A1"): void {
    const asking = this.near.read(sku, nowMs, this.done);
    if (asking !== null) this.asked.push(asking);
  }

  /** Makes a product hot: its node is asked by the last of these readers. */
  heat(nowMs: number, sku = "A1"): void {
    for (let reader = 0; reader < 10; reader++) this.read(nowMs, sku);
    for (const asking of this.asked.splice(0, 9)) asking(said(1));
    this.answers.length = 0;
  }

  get statuses(): string[] {
    return this.answers.map((outcome) =>
      outcome.kind === "ok" ? outcome.value.status : outcome.kind
    );
  }

  get versions(): number[] {
    return this.answers.map((outcome) =>
      outcome.kind === "ok" ? outcome.value.version : -1
    );
  }

  metric(name: string): number {
    const samples = this.near.metrics();
    return samples.find((each) => each.name === `cache_near_${name}`)!.value;
  }
}

function said(
  version: number,
  more: Partial<CachedProduct> = {},
): ShopOutcome<CachedProduct> {
  const product = { body: "{}", version, status: "hit", freshForMs: 9_000 };
  return ok({ ...product, ...more } as CachedProduct);
}

Deno.test("a product that few read is asked of its node each time", () => {
  const stage = new Stage();
  for (let second = 0; second < 9; second++) stage.read(second * 1_000);
  assert.equal(stage.asked.length, 9);
  for (const asking of stage.asked) assert.equal(asking, stage.done);
});

Deno.test("of a hot product one reader asks, all others get his answer", () => {
  const stage = new Stage();
  stage.heat(0);
  for (let reader = 0; reader < 100; reader++) stage.read(1);
  assert.equal(stage.asked.length, 1);
  stage.asked[0]!(said(7));
  assert.deepEqual(stage.statuses, [
    "hit",
    ...Array(100).fill("collapsed"),
  ]);
  stage.read(2);
  assert.equal(stage.statuses.at(-1), "near");
  assert.deepEqual(new Set(stage.versions), new Set([7]));
  assert.equal(stage.metric("hits_total"), 1);
  assert.equal(stage.metric("collapsed_total"), 100);
  assert.equal(stage.metric("products"), 1);
});

Deno.test("an answer is used for its time from the question, and no longer", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.asked.pop()!(said(7));
  stage.read(49);
  assert.deepEqual(stage.statuses, ["hit", "near"]);
  stage.read(50);
  assert.equal(stage.asked.length, 1);
  // A slow node: who comes later than that asks for himself.
  stage.read(99);
  assert.equal(stage.asked.length, 1);
  stage.read(100);
  assert.equal(stage.asked.length, 2);
});

// G28
Deno.test("what is stale is called so to all, and is not remembered", () => {
  for (const status of ["stale", "revalidating"] as const) {
    const stage = new Stage();
    stage.heat(0);
    stage.read(1);
    stage.asked.pop()!(said(7, { status, freshForMs: 0 }));
    assert.deepEqual(stage.statuses, [status, status]);
    stage.read(2);
    assert.equal(stage.asked.length, 1);
  }
});

// I12
Deno.test("an answer is not used for longer than its node calls it fresh", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.asked.pop()!(said(7, { freshForMs: 20 }));
  stage.read(19);
  assert.deepEqual(stage.statuses, ["hit", "near"]);
  stage.read(20);
  assert.equal(stage.asked.length, 1);
});

Deno.test("a question that fails takes nothing from the one that overtook it", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.read(60);
  const [slow, newer] = stage.asked.splice(0);
  slow!(failed("unavailable", 1_000));
  stage.read(61);
  newer!(said(7));
  assert.deepEqual(stage.statuses, ["failed", "hit", "collapsed"]);
  assert.equal(stage.asked.length, 0);
});

Deno.test("who waits for a slow answer gets it, also when its room was given away", () => {
  const stage = new Stage({ ...POLICY, capacityEntries: 1 });
  stage.heat(0);
  stage.read(1);
  const slow = stage.asked.pop()!;
  stage.heat(60, "B2");
  stage.read(61, "B2");
  slow(said(7));
  assert.deepEqual(stage.versions, [7, 7]);
});

Deno.test("a slow answer that was overtaken serves those who waited for it, and nobody else", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.read(10);
  stage.read(60);
  const [slow, quick] = stage.asked;
  quick!(said(8));
  slow!(said(7));
  assert.deepEqual(stage.versions, [8, 7, 7]);
  stage.read(70);
  assert.equal(stage.versions.at(-1), 8);
});

// G27
Deno.test("what was read past the memory is never older than what it says next", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.asked.pop()!(said(7));
  stage.near.hearing("A1", stage.done)(said(9));
  stage.read(10);
  stage.near.hearing("A1", stage.done)(said(8));
  stage.read(20);
  assert.deepEqual(stage.versions, [7, 9, 9, 8, 9]);
  assert.deepEqual(stage.statuses.slice(0, 3), ["hit", "hit", "near"]);
});

Deno.test("after a drop nobody gets what was asked for before it", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.read(1);
  stage.near.forget("A1");
  stage.read(2);
  assert.equal(stage.asked.length, 2);
  const [before, after] = stage.asked;
  before!(said(7));
  stage.read(3);
  after!(said(8));
  stage.read(4);
  assert.deepEqual(stage.versions, [7, 7, 8, 8, 8]);
});

Deno.test("a refusal or failure goes to all who wait, and is not remembered", () => {
  for (const no of [failed("unavailable", 5), rejected("not-found")] as const) {
    const stage = new Stage();
    stage.heat(0);
    stage.read(1);
    stage.asked.pop()!(no);
    assert.deepEqual(stage.answers, [no, no]);
    stage.read(2);
    assert.equal(stage.asked.length, 1);
  }
});

Deno.test("a product that is gone is not remembered by who read past", () => {
  const stage = new Stage();
  stage.heat(0);
  stage.asked.pop()!(said(7));
  stage.near.hearing("A1", stage.done)(rejected("not-found"));
  stage.read(10);
  assert.equal(stage.asked.length, 1);
});

Deno.test("no more products are remembered than there is room for", () => {
  const stage = new Stage();
  for (const sku of ["A1", "B2", "C3"]) {
    stage.heat(0, sku);
    stage.asked.pop()?.(said(1));
  }
  stage.read(1, "C3");
  assert.equal(stage.asked.length, 1);
  assert.equal(stage.metric("products"), 2);
  // The others are old now and make room.
  for (let reader = 0; reader < 10; reader++) stage.read(60, "C3");
  stage.asked.pop()!(said(2));
  stage.read(61, "C3");
  assert.equal(stage.statuses.at(-1), "near");
});

Deno.test("one reader more than may wait asks for himself", () => {
  const stage = new Stage();
  stage.heat(0);
  for (let reader = 0; reader < 4_096; reader++) stage.read(1);
  assert.equal(stage.asked.length, 1);
  stage.read(1);
  assert.equal(stage.asked[1], stage.done);
  stage.asked[0]!(said(7));
  assert.equal(stage.answers.length, 4_097);
});

Deno.test("a time of 0 switches it off", () => {
  assert.ok(new NearCache(POLICY).isOn);
  assert.ok(!new NearCache({ ...POLICY, ttlMs: 0 }).isOn);
});
