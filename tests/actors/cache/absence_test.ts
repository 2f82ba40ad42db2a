/**
 * What a cache node knows not to exist: a filter that never denies a product,
 * and products that nobody knows, remembered for a while.
 *
 * @module
 */
import { deepEqual, equal, ok as isTrue } from "node:assert/strict";
import { array, assert, integer, property, string } from "fast-check";
import {
  addKey,
  createFilter,
  mayHave,
} from "../../../actors/cache/bloom_filter.ts";
import type { Asked } from "../../../actors/runtime/test_kit/recorded.ts";
import { ok, rejected } from "../../../actors/runtime/outcome.ts";
import {
  answer,
  answerStock,
  answerText,
  DOWN,
  type Node,
  read,
  startNode,
  statuses,
} from "../cache_kit.ts";

Deno.test("a Bloom filter never denies a key that it has", () => {
  const bits = integer({ min: 1, max: 16 });
  assert(property(array(string()), bits, (keys, bitsPerKey) => {
    const filter = createFilter(Math.ceil(keys.length / 3), bitsPerKey);
    for (const key of keys) addKey(filter, key);
    isTrue(keys.every((key) => mayHave(filter, key)));
  }));
});

Deno.test("of keys that were never put in about 1 % seem to be there", () => {
  const filter = createFilter(10_000, 10);
  for (let key = 0; key < 10_000; key++) addKey(filter, `SKU-${key}`);
  let wrong = 0;
  for (let key = 0; key < 100_000; key++) {
    if (mayHave(filter, `made-up-${key}`)) wrong++;
  }
  // (1 − e^(−7/10))^7 = .82 %.
  isTrue(wrong > 600 && wrong < 1_050, `${wrong}`);
});

/** A node that has been told all SKUs of its catalog, in two pages. */
function filteredNode(): Node {
  const node = startNode({ filterBitsPerKey: 10, negativeTtlMs: 5_000 });
  answerPage(node, ["A1", "B2"], "2");
  answerPage(node, ["C3"], null);
  equal(node.asked.length, 0);
  return node;
}

function answerPage(node: Node, skus: string[], next: string | null): void {
  answer(node, "list_skus", ok({ skus, next, total: 3 }));
}

Deno.test("row 1: what the catalog never had is answered without asking anybody", () => {
  const node = filteredNode();
  for (let reader = 0; reader < 1_000; reader++) {
    equal(read(node, "made-up")?.kind, "rejected");
  }
  equal(node.asked.length, 0);
  equal(node.counts.get("cache_filtered"), 1_000);
});

Deno.test("row 1: 1,000 readers of an absent product cause one load in its time", () => {
  const node = startNode({ negativeTtlMs: 5_000 });
  for (let reader = 0; reader < 500; reader++) read(node, "absent");
  equal(node.asked.length, 2);
  answer(node, "read_entry", rejected("not-found"));
  for (let reader = 0; reader < 500; reader++) read(node, "absent");
  equal(node.replies.length, 1_000);
  deepEqual(new Set(statuses(node)), new Set(["not-found"]));
  equal(node.counts.get("cache_fills"), 1);
});

Deno.test("every product of the catalog is asked for", () => {
  for (const sku of ["A1", "B2", "C3"]) {
    const node = filteredNode();
    equal(read(node, sku), undefined);
    answerText(node, 1, sku);
    answerStock(node, 1, 10, sku);
    deepEqual(statuses(node), ["miss"]);
  }
});

Deno.test("until it has the last page the filter denies nothing", () => {
  const node = startNode({ filterBitsPerKey: 10 });
  equal(read(node, "made-up"), undefined);
  answerPage(node, ["A1", "B2"], "2");
  equal(read(node, "C3"), undefined);
});

Deno.test("a page that cannot be read is asked for again a second later", () => {
  const node = startNode({ filterBitsPerKey: 10 });
  answerPage(node, ["A1", "B2"], "2");
  answer(node, "list_skus", DOWN);
  equal(node.asked.length, 0);
  equal(read(node, "C3"), undefined);
  node.asked.length = 0;
  node.advance(1_000);
  const [again] = node.asked as [Asked];
  deepEqual(again.message, { kind: "list_skus", limit: 2_000, after: "2" });
});

Deno.test("a product that was added is there for readers once it was dropped", () => {
  const node = filteredNode();
  equal(read(node, "new")?.kind, "rejected");
  node.tell({ kind: "drop", sku: "new" });
  equal(read(node, "new"), undefined);
});

Deno.test("a product that was added while the list was read is there for readers", () => {
  for (const added of [1, 2]) {
    const node = startNode({ filterBitsPerKey: 10 });
    for (let drop = 0; drop < added; drop++) {
      node.tell({ kind: "drop", sku: "new" });
      // What comes may have been read before: the list is read once more.
      answerPage(node, ["A1", "B2"], "2");
    }
    const [first] = node.asked as [Asked];
    deepEqual(first.message, { kind: "list_skus", limit: 2_000 });
    answerPage(node, ["A1", "B2", "new"], "3");
    answerPage(node, ["C3"], null);
    equal(read(node, "new"), undefined);
    equal(read(node, "made-up")?.kind, "rejected");
  }
});

Deno.test("warming asks whatever the filter says, and readers find it then", () => {
  const node = filteredNode();
  node.send({ kind: "warm", sku: "new" });
  answerText(node, 1, "new");
  answerStock(node, 1, 10, "new");
  node.send({ kind: "flush" });
  equal(read(node, "new"), undefined);
});

Deno.test("a node without a filter asks for no list", () => {
  equal(startNode({ filterBitsPerKey: 0 }).asked.length, 0);
});
