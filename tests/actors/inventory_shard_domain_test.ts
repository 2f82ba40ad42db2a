/** An inventory shard in a commit domain: what a real host adds to its steps. */
import assert from "node:assert/strict";
import {
  type InventoryMessage,
  inventoryShard,
  type InventoryState,
} from "../../actors/inventory_shard.ts";
import { Domain } from "../../actors/runtime/domain.ts";
import {
  MemoryDisk,
  MemoryJournal,
} from "../../actors/runtime/test_kit/memory_journal.ts";
import type { Message } from "../../actors/runtime/actor.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";

const SHARD = "inventory[0]";

/** One life of a domain with a shard in it, under virtual time. */
class Life {
  nowMs: number;
  readonly published: Message[] = [];
  readonly commits: (() => void)[] = [];
  readonly domain: Domain;

  constructor(disk: MemoryDisk, nowMs = 1_000_000, isManual = false) {
    this.nowMs = nowMs;
    this.domain = new Domain({
      name: "shop",
      incarnation: 1,
      seed: 1,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      log: { write: () => {} },
      journal: new MemoryJournal(
        disk,
        isManual ? (commit) => this.commits.push(commit) : undefined,
      ),
      transmit: (envelope) => {
        this.published.push(envelope.content as Message);
        return "queued";
      },
      wake: () => {},
      died: (reason) => assert.fail(`the domain died: ${reason}`),
      freeze: true,
    });
    this.domain.add({
      address: SHARD,
      behavior: inventoryShard,
      args: {
        limitPerUser: null,
        cacheNodes: ["cache[0]"],
        publishEveryMs: 200,
      },
      journaled: true,
      restart: {
        maxRestarts: 3,
        periodMs: 10_000,
        backoffMinMs: 100,
        backoffMaxMs: 1_000,
      },
      mailboxCapacity: 64,
    });
    this.domain.start(() => {});
  }

  ask(message: InventoryMessage): { outcome: Outcome<unknown> | null } {
    const awaited: { outcome: Outcome<unknown> | null } = { outcome: null };
    this.domain.ask(SHARD, message, 1_000, (outcome) => {
      awaited.outcome = outcome;
    });
    this.run();
    return awaited;
  }

  reserve(holdId: string) {
    return this.ask({
      kind: "reserve",
      holdId,
      userId: "ann",
      lines: [{ sku: "mug", quantity: 1 }],
      untilMs: this.nowMs + 1_000,
    });
  }

  run(advanceMs = 0): void {
    this.nowMs += advanceMs;
    while (this.domain.run() <= this.nowMs);
  }

  get units(): [number, number, number] {
    const state = this.domain.stateOf(SHARD) as InventoryState;
    const { available, held, sold } = state.totals;
    return [available, held, sold];
  }
}

function openMugs(life: Life, units: number): void {
  const items = [{ sku: "mug", units, priceCents: 100 }];
  life.ask({ kind: "open_stock", items });
}

Deno.test("neither a hold nor a sold-out is told before it is durable", () => {
  const life = new Life(new MemoryDisk(), 1_000_000, true);
  openMugs(life, 1);
  life.commits.shift()!();
  const held = life.reserve("ann:1");
  const soldOut = life.reserve("ann:2");
  life.run(20);
  assert.deepEqual([held.outcome, soldOut.outcome], [null, null]);
  assert.equal(life.published.length, 0);
  while (life.commits.length > 0) life.commits.shift()!();
  assert.equal(held.outcome!.kind, "ok");
  assert.equal(soldOut.outcome!.kind, "rejected");
  assert.equal(life.published.length, 1);
});

Deno.test("a new life on the same disk keeps the holds and their deadlines", () => {
  const disk = new MemoryDisk();
  const first = new Life(disk);
  openMugs(first, 3);
  first.reserve("ann:1");
  first.reserve("ann:2");
  first.ask({ kind: "confirm", holdId: "ann:1" });
  const second = new Life(disk, first.nowMs + 500);
  assert.deepEqual(second.units, [1, 1, 1]);
  second.run(400);
  assert.deepEqual(second.units, [1, 1, 1]);
  second.run(200);
  assert.deepEqual(second.units, [2, 0, 1]);
});

Deno.test("a hold that was not durable is not there after a crash", () => {
  const disk = new MemoryDisk();
  openMugs(new Life(disk), 3);
  const first = new Life(disk, 1_000_000, true);
  const lost = first.reserve("ann:1");
  assert.equal(lost.outcome, null);
  const second = new Life(disk);
  assert.deepEqual(second.units, [3, 0, 0]);
  assert.equal(second.reserve("ann:1").outcome!.kind, "ok");
});

Deno.test("a crashed shard is folded again and its holds still expire", () => {
  const life = new Life(new MemoryDisk());
  openMugs(life, 3);
  life.reserve("ann:1");
  life.domain.crash(SHARD, "on purpose");
  life.run(500);
  assert.deepEqual(life.units, [2, 1, 0]);
  life.run(600);
  assert.deepEqual(life.units, [3, 0, 0]);
});
