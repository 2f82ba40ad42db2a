/** The door before placing orders: who is counted, and what is learned. */
import assert from "node:assert/strict";
import { failed, ok, unknown } from "../../actors/runtime/outcome.ts";
import type { ShopOutcome } from "../../actors/refusals.ts";
import { AdmissionControl } from "../../cluster/admission.ts";
import { OrderDoor } from "../../cluster/order_door.ts";

const CONCURRENCY = {
  ...{ baseline: "least", minimum: 10, initial: 10, maximum: 20 } as const,
};
const LINES = [{ sku: "85123A" }];

/** A door, a clock that a test moves, and what was answered. */
class Stage {
  nowMs = 0;
  readonly answers: ShopOutcome<null>[] = [];
  readonly door: OrderDoor;

  constructor() {
    const kind = "token-bucket" as const;
    const limit = { kind, capacityTokens: 10, refillPerSecond: 1 };
    const admission = new AdmissionControl({
      ...{ user: limit, address: limit, overall: null, sku: null },
      ...{ routes: {}, costs: {}, reservePercent: 0 },
    }, 0);
    const clock = { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs };
    this.door = new OrderDoor(admission, CONCURRENCY, clock);
  }

  enter() {
    const order = { userId: "ann", lines: LINES };
    return this.door.enter<null>(order, (end) => void this.answers.push(end));
  }

  /** As many orders as there is room for, all of which end like this. */
  fill(outcome: ShopOutcome<null>, tookMs: number): void {
    const ends = Array.from({ length: 10 }, () => this.enter());
    this.nowMs += tookMs;
    for (const end of ends) end!(outcome);
  }
}

Deno.test("an order beyond the room is refused as overloaded, and a place is free when one ends, however it ends", () => {
  const stage = new Stage();
  for (const outcome of [ok(null), failed("crashed", 0), unknown(0)]) {
    const ends = Array.from({ length: 10 }, () => stage.enter());
    assert.equal(stage.enter(), null);
    assert.equal(stage.answers.pop()?.kind, "failed");
    ends.pop()!(outcome);
    assert.equal(stage.door.report()?.underWay, 9);
    for (const end of ends) end!(outcome);
    assert.equal(stage.door.report()?.underWay, 0);
  }
  assert.equal(stage.door.report()?.refused, 3);
});

Deno.test("how long an order took that failed says nothing; one that is unknown took as long as it waited", () => {
  const stage = new Stage();
  stage.fill(failed("unavailable", 1_000), 200);
  assert.equal(stage.door.report()?.baselineMs, 0);
  stage.fill(unknown(1_000), 300);
  assert.equal(stage.door.report()?.baselineMs, 300);
});

for (const refund of [true, false]) {
  Deno.test(`an order that a product's limit refuses ${refund ? "has taken from no limit" : "for want of room has taken from all"}`, () => {
    const kind = "token-bucket" as const;
    const bucket = (capacityTokens: number) => ({
      ...{ kind, capacityTokens, refillPerSecond: 1 },
    });
    const admission = new AdmissionControl({
      ...{ user: bucket(12), address: bucket(9), overall: bucket(30) },
      ...{ routes: { placeOrder: bucket(10) }, costs: { placeOrder: 3 } },
      ...{ sku: refund ? bucket(1) : null, reservePercent: 0 },
    }, 0);
    const clock = { monotonicMs: () => 0, wallMs: () => 0 };
    const policy = { ...CONCURRENCY, minimum: 1, initial: 1 };
    const door = new OrderDoor(admission, refund ? null : policy, clock);
    const ended: ShopOutcome<null>[] = [];
    const place = () =>
      door.enter<null>({
        ...{ userId: "ann", lines: LINES },
        admission: admission.admit("ann", "", 0, "placeOrder"),
      }, (end) => void ended.push(end));
    assert.notEqual(place(), null);
    for (let order = 0; order < 3; order++) assert.equal(place(), null);
    const [refused] = ended;
    assert.equal(
      refused?.kind !== "ok" && refused?.kind !== "unknown" && refused?.code,
      refund ? "rate-limited" : "overloaded",
    );
    const left = admission.report(0).filter(({ remaining }) =>
      remaining !== null
    ).map(({ name, remaining }) => [name, remaining]);
    left.push(["user", admission.admit("ann", "", 0, null).remaining + 1]);
    assert.deepEqual(left, [
      ["overall", refund ? 27 : 18],
      ["placeOrder", refund ? 9 : 6],
      // As many as pass; an order that is refused for its product costs none.
      ["user", refund ? 9 : 1],
    ]);
  });
}
