/**
 * A purchase, crashed at every commit, before and after it, in one domain and
 * in several: whatever the buyer was told stays true, the same key gets the
 * same order, no unit leaks and no money moves twice.
 */
import assert from "node:assert/strict";
import { inventoryShard } from "../../actors/inventory_shard.ts";
import type { StockView } from "../../actors/inventory_shard.ts";
import type { ChargeState, PaymentMessage } from "../../actors/payment.ts";
import { addressOf, partitionOf } from "../../actors/placement.ts";
import type { Message } from "../../actors/runtime/actor.ts";
import type { ActorSpec } from "../../actors/runtime/cell.ts";
import { ok, type Outcome } from "../../actors/runtime/outcome.ts";
import {
  type CrashPoint,
  type SteppedDomain,
  SteppingHost,
} from "../../actors/runtime/test_kit/stepping_host.ts";
import {
  type Payment,
  type Placed,
  storefront,
} from "../../actors/storefront.ts";

const SHARDS = 3;
const STOCK = 10;
/** One SKU for each shard. */
const SKUS = [0, 1, 2].map((shard) => {
  for (let number = 0;; number++) {
    if (partitionOf(`SKU-${number}`, SHARDS) === shard) return `SKU-${number}`;
  }
});
const HOLD_FOR_MS = 600_000;

const restart = {
  maxRestarts: 5,
  periodMs: 10_000,
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
};

function journaled(
  address: string,
  behavior: ActorSpec["behavior"],
  args: unknown,
): ActorSpec {
  return {
    address,
    behavior,
    args,
    journaled: true,
    restart,
    mailboxCapacity: 1_000,
  };
}

const actors: Record<string, ActorSpec> = {
  "storefront[0]": journaled("storefront[0]", storefront, {
    shards: SHARDS,
    partition: 0,
    holdForMs: HOLD_FOR_MS,
    keepKeysMs: 86_400_000,
    currency: "GBP",
    paymentGateway: "payment",
  }),
};
for (let shard = 0; shard < SHARDS; shard++) {
  const address = addressOf("inventory", shard);
  actors[address] = journaled(address, inventoryShard, {
    limitPerUser: null,
    cacheNodes: [],
    publishEveryMs: 200,
  });
}

/** Who shares a domain with whom. */
const placements: Record<string, SteppedDomain[]> = {
  "in one domain": [{ name: "worker-0", actors: Object.values(actors) }],
  "in a domain each": Object.values(actors).map((actor, index) => ({
    name: `worker-${index}`,
    actors: [actor],
  })),
};

/** A payment provider that counts the money it moved. */
class Provider {
  readonly attempts = new Map<string, ChargeState>();
  answer = (message: Message): Outcome<unknown> => {
    const request = message as PaymentMessage;
    const known = this.attempts.get(request.attemptId);
    if (request.kind === "charge" && known === undefined) {
      this.attempts.set(request.attemptId, "captured");
    }
    if (request.kind === "charge_status" && known === undefined) {
      this.attempts.set(request.attemptId, "none");
    }
    if (request.kind === "refund") {
      this.attempts.set(request.attemptId, "none");
      return ok(null);
    }
    return ok({ state: this.attempts.get(request.attemptId) });
  };

  get captured(): number {
    return [...this.attempts.values()]
      .filter((state) => state === "captured").length;
  }
}

interface Run {
  readonly host: SteppingHost;
  readonly provider: Provider;
  readonly lines: readonly { sku: string; quantity: number }[];
}

function open(
  domains: readonly SteppedDomain[],
  lineCount: number,
  seed: number,
  crashAt?: CrashPoint,
): Run {
  const provider = new Provider();
  const host = new SteppingHost({
    seed,
    domains,
    gateways: { payment: provider.answer },
    ...(crashAt === undefined ? {} : { crashAt }),
    crashes: seed % 2 === 0 ? "domain" : "all",
  });
  for (const [shard, sku] of SKUS.entries()) {
    insist(host, addressOf("inventory", shard), {
      kind: "open_stock",
      items: [{ sku, units: STOCK, priceCents: 250 }],
    } as Message);
  }
  const lines = SKUS.slice(0, lineCount).map((sku, index) => ({
    sku,
    quantity: index + 1,
  }));
  return { host, provider, lines };
}

/** A client that asks again until it is told. All it was told is returned. */
function insist(
  host: SteppingHost,
  to: string,
  message: Message,
): { outcome: Outcome<unknown>; tries: number } {
  for (let tries = 1; tries <= 30; tries++) {
    const awaited = host.ask(to, message, 2_000);
    host.settle(awaited);
    const outcome = awaited.outcome!;
    if (outcome.kind === "ok") return { outcome, tries };
    const retryable = outcome.kind !== "rejected" ||
      outcome.code.endsWith("in-flight");
    if (!retryable) return { outcome, tries };
    host.runUntil(host.nowMs + 300);
  }
  throw new Error(`${message.kind} was never answered`);
}

function place(run: Run): Placed {
  const { outcome } = insist(run.host, "storefront[0]", {
    kind: "place_order",
    userId: "user-1",
    key: "key-1",
    lines: run.lines,
  } as Message);
  assert.equal(outcome.kind, "ok", JSON.stringify(outcome));
  return (outcome as { value: Placed }).value;
}

function pay(run: Run, orderId: string): Payment {
  const { outcome } = insist(run.host, "storefront[0]", {
    kind: "pay_order",
    userId: "user-1",
    orderId,
    key: "pay-1",
    method: "sandbox",
  } as Message);
  assert.equal(outcome.kind, "ok", JSON.stringify(outcome));
  return (outcome as { value: Payment }).value;
}

function stock(run: Run, shard: number): StockView {
  const { outcome } = insist(run.host, addressOf("inventory", shard), {
    kind: "describe",
    sku: SKUS[shard]!,
  } as Message);
  return (outcome as { value: StockView }).value;
}

/** Every SKU of the order has that many units held and sold; none leaked. */
function expectStock(run: Run, where: "held" | "sold" | "available"): void {
  for (const shard of SKUS.keys()) {
    const ordered = run.lines[shard]?.quantity ?? 0;
    const { available, held, sold, initial } = stock(run, shard);
    assert.deepEqual(
      { available, held, sold, initial },
      {
        available: STOCK - (where === "available" ? 0 : ordered),
        held: where === "held" ? ordered : 0,
        sold: where === "sold" ? ordered : 0,
        initial: STOCK,
      },
      `shard ${shard}`,
    );
  }
}

/** I21: what the actors know is what their journal says. */
function expectFold(run: Run): void {
  for (const { address, behavior, args } of Object.values(actors)) {
    const folded = behavior.start(args);
    for (const event of run.host.disk.of(address)) {
      behavior.apply!(folded, event);
    }
    assert.deepEqual(
      durable(run.host.stateOf(address)),
      durable(folded),
      address,
    );
  }
}

function durable(state: unknown): unknown {
  const { volatile: _, ...rest } = state as { volatile?: unknown };
  return rest;
}

/** Places, pays and checks; the power goes where `crashAt` says. */
function buy(run: Run): void {
  const placed = place(run);
  const again = place(run);
  assert.equal(again.replayed, true);
  assert.deepEqual(again.order, placed.order, "the same key, the same order");
  run.host.runUntil(run.host.nowMs + 60_000);
  expectStock(run, "held");
  let payment = pay(run, placed.order.id);
  for (let tries = 0; payment.pending && tries < 30; tries++) {
    run.host.runUntil(run.host.nowMs + 1_000);
    payment = pay(run, placed.order.id);
  }
  run.host.runUntil(run.host.nowMs + 60_000);
  expectStock(run, "sold");
  assert.equal(run.provider.captured, 1, "money moved once");
  expectFold(run);
}

/** Places an order and never pays it. */
function abandon(run: Run): void {
  place(run);
  run.host.runUntil(run.host.nowMs + HOLD_FOR_MS + 60_000);
  expectStock(run, "available");
  expectFold(run);
}

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

for (const [where, domains] of Object.entries(placements)) {
  for (const lineCount of [1, 3]) {
    for (const [what, act] of Object.entries({ buy, abandon })) {
      Deno.test(
        `G4 ${what} ${lineCount} line(s) ${where}: any commit can be the last before a crash`,
        () => {
          let tried = 0;
          for (const seed of SEEDS) {
            const smooth = open(domains, lineCount, seed);
            const first = smooth.host.commits + 1;
            act(smooth);
            const last = smooth.host.commits;
            for (let commit = first; commit <= last; commit++) {
              for (const side of ["before", "after"] as const) {
                const run = open(domains, lineCount, seed, { commit, side });
                try {
                  act(run);
                } catch (cause) {
                  const at = `seed ${seed}, crash ${side} commit ${commit}`;
                  throw new Error(at, { cause });
                }
                assert.ok(run.host.losses > 0, "the crash point was reached");
                tried++;
              }
            }
          }
          assert.ok(tried >= SEEDS.length * 2);
        },
      );
    }
  }
}
