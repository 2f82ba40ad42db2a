/**
 * What a drop at a cache node means: nothing that is older comes back, and
 * readers who come at once cause one load.
 *
 * @module
 */
import { deepEqual, equal, ok as isTrue } from "node:assert/strict";
import type { CachedProduct } from "../../../actors/cache_node.ts";
import type { Outcome } from "../../../actors/runtime/outcome.ts";
import {
  answerStock,
  answerText,
  type Node,
  publish,
  read,
  startNode,
  statuses,
  value,
  warmNode,
} from "../cache_kit.ts";

function drop(node: Node): void {
  node.tell({ kind: "drop", sku: "A1" });
}

/** A node that held text 4 and stock 7 until it was dropped. */
function droppedNode(): Node {
  const node = startNode();
  read(node);
  answerText(node, 4);
  answerStock(node, 7);
  drop(node);
  node.replies.length = 0;
  return node;
}

function versions(node: Node): number[] {
  return node.replies.map(({ outcome }) =>
    value(outcome as Outcome<CachedProduct>).version
  );
}

// I12, I13
Deno.test("row 31: 500 readers right after a drop cause one load, and none sees an older version", () => {
  const node = droppedNode();
  for (let reader = 0; reader < 500; reader++) read(node);
  equal(node.asked.length, 2);
  answerText(node, 4);
  answerStock(node, 7);
  equal(node.replies.length, 500);
  deepEqual(new Set(versions(node)), new Set([11]));
  equal(statuses(node).filter((status) => status === "miss").length, 1);
});

// I12
Deno.test("what is older than what was dropped is asked for again, not held", () => {
  for (const [text, stock] of [[3, 7], [4, 6]]) {
    const node = droppedNode();
    read(node);
    answerText(node, text);
    answerStock(node, stock);
    deepEqual(statuses(node), []);
    answerText(node, 4);
    answerStock(node, 8);
    deepEqual(versions(node), [12]);
    equal(node.counts.get("cache_fills_refused"), 1);
  }
});

Deno.test("a source that does not catch up is a failure, and never an older answer", () => {
  const node = droppedNode();
  read(node);
  while (node.asked.length > 0) {
    answerText(node, 3);
    answerStock(node, 7);
  }
  deepEqual(statuses(node), ["unavailable"]);
  equal(node.counts.get("cache_fills"), 1 + 3);
  equal(node.state.entries.places.size, 0);
  read(node);
  answerText(node, 4);
  answerStock(node, 7);
  deepEqual(statuses(node), ["unavailable", "miss"]);
});

Deno.test("a drop counts what a fill under way has heard already", () => {
  const node = startNode();
  read(node);
  answerText(node, 4);
  publish(node, 7);
  drop(node);
  node.asked.shift();
  answerText(node, 4);
  answerStock(node, 6);
  // Published stock counts for the shard's own answer, which is older.
  equal(versions(node)[0], 11);
});

Deno.test("two drops keep the newer of what they dropped", () => {
  const node = droppedNode();
  read(node);
  answerText(node, 5);
  answerStock(node, 7);
  drop(node);
  read(node);
  answerText(node, 4);
  answerStock(node, 9);
  deepEqual(statuses(node).slice(1), []);
});

Deno.test("a drop of what was dropped takes nothing back", () => {
  for (const [text, stock] of [[3, 7], [4, 6]]) {
    const node = droppedNode();
    drop(node);
    read(node);
    drop(node);
    node.asked.splice(0, 2);
    answerText(node, text);
    answerStock(node, stock);
    equal(node.counts.get("cache_fills_refused"), 1);
  }
});

Deno.test("the drop of a product that was never held asks for nothing in particular", () => {
  const node = startNode();
  drop(node);
  read(node);
  answerText(node, 1);
  answerStock(node, 1);
  deepEqual(statuses(node), ["miss"]);
});

Deno.test("only so many drops are remembered", () => {
  const node = warmNode();
  for (let sku = 0; sku < 5_000; sku++) {
    read(node, `P${sku}`);
    answerText(node, 1, `P${sku}`);
    answerStock(node, 1, 1, `P${sku}`);
    node.tell({ kind: "drop", sku: `P${sku}` });
  }
  isTrue(node.state.floors.places.size <= 4_096);
});
