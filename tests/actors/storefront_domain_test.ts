/** A storefront in a commit domain: what is late, and who goes first. */
import assert from "node:assert/strict";
import { Domain } from "../../actors/runtime/domain.ts";
import { Envelope } from "../../actors/runtime/envelope.ts";
import {
  MemoryDisk,
  MemoryJournal,
} from "../../actors/runtime/test_kit/memory_journal.ts";
import { storefront, type StorefrontMessage } from "../../actors/storefront.ts";
import { ARGS, linesAt } from "./storefront_kit.ts";

const SHOP = "storefront[3]";

/** A storefront whose mail is all there before it takes a step. */
class Rush {
  nowMs = 1_000_000;
  readonly sent: Envelope[] = [];
  readonly domain: Domain;
  #asks = 0;

  constructor() {
    this.domain = new Domain({
      name: "shop",
      incarnation: 1,
      seed: 1,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      log: { write: () => {} },
      journal: new MemoryJournal(new MemoryDisk()),
      transmit: (envelope) => {
        this.sent.push(envelope);
        return "queued";
      },
      wake: () => {},
      died: (reason) => assert.fail(`the domain died: ${reason}`),
      freeze: true,
    });
    const [maxRestarts, periodMs] = [3, 10_000];
    this.domain.add({
      address: SHOP,
      behavior: storefront,
      args: ARGS,
      journaled: true,
      restart: { maxRestarts, periodMs, backoffMinMs: 1, backoffMaxMs: 1 },
      mailboxCapacity: 64,
    });
    this.domain.start(() => {});
  }

  /** A message whose sender waits for so long. */
  send(message: StorefrontMessage, withinMs: number): void {
    const deadlineMs = this.nowMs + withinMs;
    this.domain.deliver(
      new Envelope(SHOP, "main", ++this.#asks, deadlineMs, message),
    );
  }

  /** What it sent, in order: kinds of messages, and how answers end. */
  run(): string[] {
    this.domain.run();
    return this.sent.map(({ content }) =>
      "code" in content ? `${content.code}` : content.kind
    );
  }
}

function order(key: string): StorefrontMessage {
  return { kind: "place_order", userId: "ann", key, lines: linesAt(0) };
}

// G71
Deno.test("row 70: an order whose sender waits for 50 ms is not placed once that is over", () => {
  const rush = new Rush();
  rush.send(order("late"), 50);
  rush.send(order("in time"), 100);
  rush.nowMs += 51;
  assert.deepEqual(rush.run(), ["expired", "reserve"]);
  assert.equal(rush.domain.report().expired, 1);
});

Deno.test("who pays or cancels goes before those who want to buy", () => {
  const rush = new Rush();
  for (let number = 0; number < 20; number++) {
    rush.send(order(`k${number}`), 1_000);
  }
  const about = { userId: "ann", orderId: "o-3-1-none" };
  rush.send({ kind: "pay_order", ...about, key: "p", method: "sandbox" }, 500);
  rush.send({ kind: "cancel_order", ...about }, 500);
  assert.deepEqual(rush.run().slice(0, 3), [
    ...["not-found", "not-found", "reserve"],
  ]);
});
