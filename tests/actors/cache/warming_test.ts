/**
 * Warming on schedule: what is to be sold soon is held and fresh when the sale
 * begins, and filling it is spread.
 *
 * @module
 */
import { deepEqual, equal, ok as isTrue } from "node:assert/strict";
import { type CacheArgs, cacheNode } from "../../../actors/cache_node.ts";
import { ok, rejected } from "../../../actors/runtime/outcome.ts";
import { BehaviorStep } from "../../../actors/runtime/test_kit/behavior_step.ts";
import { ARGS, DOWN, type Node, read, stock, value } from "../cache_kit.ts";

const MINUTE_MS = 60_000;

/** A node whose sources answer at once; times are from its start. */
class Stage {
  readonly node: Node;
  /** When each fill was sent. */
  readonly filledAtMs: number[] = [];
  sourcesAreDown = false;
  /** The catalog has no product. */
  isEmpty = false;

  constructor(args: Partial<CacheArgs>) {
    const room = { capacityEntries: 10_000, capacityBytes: 10_000_000 };
    const all = { ...ARGS, ...room, ...args };
    this.node = new BehaviorStep(cacheNode, all, { self: "c", nowMs: 0 });
  }

  /** In steps that divide the time between two batches. */
  runUntil(untilMs: number): void {
    while (this.node.nowMs < untilMs) {
      this.node.advance(Math.min(50, untilMs - this.node.nowMs));
      this.#answer();
    }
  }

  #answer(): void {
    for (const asked of [...this.node.asked]) {
      const { kind, sku } = asked.message as { kind: string; sku: string };
      if (kind === "read_entry") this.filledAtMs.push(this.node.nowMs);
      const answer = kind === "read_entry"
        ? { sku, name: sku, currency: "GBP", version: 1 }
        : {
          ...stock(1, 10, sku),
          ...{ held: 0, sold: 0, initial: 10, restocked: 0, removed: 0 },
        };
      this.node.answer(
        asked,
        this.isEmpty
          ? rejected("not-found")
          : this.sourcesAreDown
          ? DOWN
          : ok(answer),
      );
    }
  }
}

function skus(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `P${index}`);
}

function statusOf(stage: Stage, sku: string): string {
  const answer = read(stage.node, sku);
  return answer === undefined ? "waits" : value(answer).status;
}

// G100
Deno.test("row 9: what is warmed from ten minutes before a sale is a hit for its first buyers, as often as it has expired since", () => {
  const saleMs = 30 * MINUTE_MS;
  const warm = [{
    ...{ fromMs: saleMs - 10 * MINUTE_MS, untilMs: saleMs, skus: skus(100) },
  }];
  const stage = new Stage({ ttlMs: MINUTE_MS, warm });
  stage.runUntil(20 * MINUTE_MS - 1);
  equal(stage.filledAtMs.length, 0);
  for (let ms = 20 * MINUTE_MS + 1_000; ms <= saleMs; ms += 1_000) {
    stage.runUntil(ms);
    isTrue(
      stage.node.state.entries.cells.every(({ value: held }) =>
        held === null || held.filledAtMs + held.ttlMs > ms
      ),
      `each is fresh at any time, and one is not at ${ms}`,
    );
  }
  for (const sku of skus(100)) equal(statusOf(stage, sku), "hit");
  equal(statusOf(stage, "other"), "waits");
  // From half of its life on an entry is filled again: at most every 30 s.
  const each = stage.filledAtMs.length / 100;
  isTrue(each >= 10 && each <= 21, `${each} fills of each in ten minutes`);
  const filled = stage.filledAtMs.length;
  stage.runUntil(saleMs + MINUTE_MS);
  // The reader's own.
  equal(
    stage.filledAtMs.length,
    filled + 1,
    "and nothing after the sale began",
  );
});

Deno.test("2,000 products are warmed over six seconds, no more than 32 in a tenth of one", () => {
  const warm = [{ fromMs: 0, untilMs: MINUTE_MS, skus: skus(2_000) }];
  const stage = new Stage({ ttlMs: MINUTE_MS, warm });
  stage.runUntil(7_000);
  const perTick = Map.groupBy(
    stage.filledAtMs,
    (atMs) => Math.floor(atMs / 100),
  );
  const most = Math.max(...[...perTick.values()].map(({ length }) => length));
  equal(most, 32);
  equal(new Set(skus(2_000).map((sku) => statusOf(stage, sku))).size, 1);
  equal(stage.filledAtMs.length, 2_000);
});

Deno.test("a node that starts in the middle of a window begins at once, and one that starts after it does not", () => {
  const within = { fromMs: -MINUTE_MS, untilMs: MINUTE_MS, skus: ["P0"] };
  const over = { fromMs: -MINUTE_MS, untilMs: 0, skus: ["P1"] };
  const stage = new Stage({ warm: [within, over] });
  stage.runUntil(100);
  deepEqual([statusOf(stage, "P0"), statusOf(stage, "P1")], ["hit", "waits"]);
});

Deno.test("what could not be warmed, or was pushed out, is warmed by a later round", () => {
  const warm = [{ fromMs: 0, untilMs: 10 * MINUTE_MS, skus: ["P0"] }];
  const stage = new Stage({ ttlMs: MINUTE_MS, capacityEntries: 2, warm });
  stage.sourcesAreDown = true;
  stage.runUntil(10_000);
  stage.sourcesAreDown = false;
  stage.runUntil(11_100);
  equal(statusOf(stage, "P0"), "hit");
  stage.runUntil(13_000);
  for (const sku of ["A", "B", "C"]) read(stage.node, sku);
  stage.runUntil(13_100);
  equal(stage.node.state.entries.places.has("P0"), false);
  stage.runUntil(30_000);
  equal(statusOf(stage, "P0"), "hit");
});

Deno.test("a product that there is not is asked for once in its negative time", () => {
  const warm = [{ fromMs: 0, untilMs: MINUTE_MS, skus: ["nope"] }];
  const stage = new Stage({ warm, negativeTtlMs: 10_000 });
  stage.isEmpty = true;
  stage.runUntil(MINUTE_MS);
  equal(stage.filledAtMs.length, 6);
});
