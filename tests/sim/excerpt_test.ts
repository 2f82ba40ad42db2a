import assert from "node:assert/strict";
import type { JournalEvent, Message } from "../../actors/runtime/actor.ts";
import { failed, ok, rejected, unknown } from "../../actors/runtime/outcome.ts";
import {
  type Excerpt,
  excerptOf,
  ExcerptRecorder,
  MAX_OBSERVATIONS,
} from "../../sim/excerpt.ts";
import type { Observation } from "../../sim/observation.ts";
import { plantedRepro, SKU } from "./planted_failure.ts";

/** The excerpt about `key` of what was seen until `untilUs`. */
function excerpt(
  key: string,
  seen: readonly Observation[],
  untilUs = Infinity,
): Excerpt {
  const recorder = new ExcerptRecorder(key, untilUs);
  for (const observation of seen) recorder.observe(observation);
  return excerptOf(recorder.observations());
}

/** The lines without times and columns. */
function told(...given: Parameters<typeof excerpt>): string[] {
  return excerpt(...given).lines.map((line) => line.trim().split(/ {2,}/)[2]!);
}

function called(call: number, client: string, sku: string): Observation {
  const input = {
    userId: client,
    key: `k${call}`,
    lines: [{ sku, quantity: 1 }],
  };
  return {
    kind: "called",
    atUs: call,
    call,
    client,
    step: "place_order",
    input,
  };
}

function returned(call: number, outcome = ok<unknown>(null)): Observation {
  return { kind: "returned", atUs: call, call, outcome };
}

function recorded(
  actor: string,
  sequence: number,
  event: JournalEvent & Record<string, unknown>,
): Observation {
  return { kind: "recorded", atUs: sequence, actor, epoch: 1, sequence, event };
}

function durable(actor: string, lastSequence: number): Observation {
  const [epoch, firstSequence] = [1, 1];
  const atUs = lastSequence;
  return { kind: "durable", atUs, actor, epoch, firstSequence, lastSequence };
}

Deno.test("an excerpt of a run has 40 lines at most and names the key", () => {
  for (const seed of [1, 2, 3]) {
    const { excerpt: { lines, diagram }, key, atUs } = plantedRepro(seed);
    assert.equal(key, SKU);
    assert.ok(lines.length <= MAX_OBSERVATIONS && lines.length > 10);
    assert.ok(lines.some((line) => line.includes(SKU)));
    assert.ok(diagram.includes(SKU));
    // It ends with what the checker saw, at that moment.
    const ends = lines.findLast((line) => line.includes("stock_sold"));
    assert.equal(ends?.trim().split("s ")[0], (atUs / 1e6).toFixed(6));
  }
});

Deno.test("only what names the key is in an excerpt, with its answers", () => {
  const seen = [
    called(1, "u1", "P1"),
    called(2, "u12", "P12"),
    returned(2, ok({ sku: "P12" })),
    returned(1),
  ];
  assert.deepEqual(told("P1", seen), [
    "u1 place_order key k1, lines P1×1 (call 1)",
    "call 1: ok",
  ]);
  assert.deepEqual(told("u12", seen), [
    "u12 place_order key k2, lines P12×1 (call 2)",
    "call 2: ok",
  ]);
});

Deno.test("a call whose answer alone names the key stands before it", () => {
  const seen = [
    called(1, "u1", "P1"),
    called(2, "u2", "P1"),
    returned(2, ok({ order: { id: "o-1" } })),
    returned(1, ok({ order: { id: "o-2" } })),
  ];
  assert.deepEqual(told("o-2", seen), [
    "u1 place_order key k1, lines P1×1 (call 1)",
    "call 1: ok",
  ]);
});

Deno.test("a key of two words is found where both are", () => {
  const seen = [called(1, "u1", "P1"), called(2, "u1", "P1")];
  assert.deepEqual(told("k2 u1", seen).length, 1);
  assert.match(told("k2 u1", seen)[0]!, /call 2/);
  assert.match(told("call 2", seen)[0]!, /call 2/);
});

Deno.test("orders and holds of the key are followed to their end", () => {
  const lines = [{ sku: "P1", quantity: 2 }];
  const seen: Observation[] = [
    recorded("inventory[0]", 1, { kind: "stock_held", holdId: "h 1", lines }),
    recorded("inventory[0]", 2, { kind: "stock_held", holdId: "h 2" }),
    recorded("storefront[0]", 3, {
      kind: "order_placed",
      holdId: "h 1",
      orderId: "o-1",
    }),
    durable("inventory[0]", 2),
    durable("inventory[0]", 2),
    recorded("inventory[0]", 4, { kind: "stock_sold", holdId: "h 2" }),
    { kind: "charged", atUs: 5, attempt: "o-1-1", amountCents: 7 },
    { kind: "charged", atUs: 5, attempt: "o-2-1", amountCents: 7 },
    recorded("inventory[0]", 6, { kind: "stock_sold", holdId: "h 1" }),
    durable("inventory[0]", 5),
  ];
  assert.deepEqual(told("P1", seen), [
    "stock_held 1:1 holdId h 1, lines P1×2",
    "order_placed 1:3 holdId h 1, orderId o-1",
    "durable up to 1:2",
    "charged 7 cents of o-1-1",
    "stock_sold 1:6 holdId h 1",
  ]);
});

Deno.test("an actor is not followed into the orders that it has to do with", () => {
  const seen: Observation[] = [
    recorded("inventory[0]", 1, { kind: "stock_sold", holdId: "h 1" }),
    recorded("storefront[0]", 2, { kind: "order_paid", holdId: "h 1" }),
  ];
  assert.deepEqual(told("inventory[0]", seen), ["stock_sold 1:1 holdId h 1"]);
});

Deno.test("what comes after the failure led to nothing", () => {
  const seen = [called(1, "u1", "P1"), called(2, "u1", "P1")];
  assert.equal(told("P1", seen, 1).length, 1);
});

Deno.test("the last ones are kept, and the faults before them", () => {
  const fault = {
    kind: "fault_began",
    fault: "cut",
    target: "cache-0",
  } as const;
  const seen: Observation[] = [
    { kind: "worker_started", atUs: 0, worker: "worker-0", incarnation: 1 },
    { ...fault, atUs: 0 },
    { kind: "worker_lost", atUs: 0, worker: "worker-0", incarnation: 1 },
    ...Array.from({ length: 90 }, (_, index) => called(index + 1, "u1", "P1")),
  ];
  const lines = told("P1", seen);
  assert.equal(lines.length, MAX_OBSERVATIONS);
  assert.deepEqual(lines.slice(0, 2), ["strikes cache-0", "is lost, life 1"]);
  assert.match(lines.at(-1)!, /call 90/);
  assert.match(lines[2]!, /call 53/);
});

Deno.test("many faults do not crowd out what they led to", () => {
  const seen: Observation[] = Array.from({ length: 90 }, (_, index) => [
    { kind: "fenced", atUs: index, actor: "inventory[0]", epoch: 1 } as const,
    called(index, "u1", "P1"),
  ]).flat();
  const lines = told("P1", seen);
  const fences = lines.filter((line) => line.includes("fenced off"));
  assert.equal(lines.length, MAX_OBSERVATIONS);
  assert.equal(fences.length, 8);
});

Deno.test("without a key it shows calls unanswered, or failed, or the last", () => {
  const waiting = [called(1, "u1", "P1"), called(2, "u2", "P2"), returned(1)];
  assert.deepEqual(told("clients", waiting), [
    "u2 place_order key k2, lines P2×1 (call 2)",
  ]);
  const wrong = [
    ...waiting,
    returned(2, unknown(5) as never),
    called(3, "u3", "P3"),
    returned(3, rejected("sold-out") as never),
    called(4, "u4", "P4"),
    returned(4, failed("unavailable", 5) as never),
  ];
  assert.deepEqual(told("= 0", wrong), [
    "u2 place_order key k2, lines P2×1 (call 2)",
    "call 2: unknown",
    "u4 place_order key k4, lines P4×1 (call 4)",
    "call 4: failed unavailable",
  ]);
  const well = [called(1, "u1", "P1"), returned(1)];
  assert.equal(told("< 5ms", well).length, 2);
  assert.deepEqual(excerpt("P1", []), {
    lines: [],
    diagram: "sequenceDiagram\n  participant p0 as shop\n",
  });
});

Deno.test("a diagram draws who told whom, with clients at the left", () => {
  const message = { kind: "reserve", holdId: "h 1" } as Message;
  const seen: Observation[] = [
    recorded("inventory[0]", 1, { kind: "stock_held", holdId: "P1" }),
    durable("inventory[0]", 1),
    {
      kind: "decided",
      atUs: 2,
      actor: "inventory[0]",
      message,
      outcome: rejected("sold-out", { detail: "P1" }),
      sequence: 1,
    },
    { kind: "fault_began", atUs: 3, fault: "cut", target: "payment" },
    called(4, "u1", "P1"),
    returned(4, unknown(5) as never),
  ];
  assert.equal(
    excerpt("P1", seen).diagram,
    `sequenceDiagram
  participant p0 as clients
  participant p1 as shop
  participant p2 as inventory[0]
  participant p3 as journal
  p2->>p3: 0.000001s stock_held 1:1 holdId P1
  p3-->>p2: 0.000001s durable up to 1:1
  Note over p2: 0.000002s reserve holdId h 1: rejected sold-out
  Note over p0,p3: 0.000003s fault cut strikes payment
  p0->>p1: 0.000004s u1 place_order key k4, lines P1×1 (call 4)
  p1--xp0: 0.000004s call 4: unknown
`,
  );
});

Deno.test("a diagram has eight columns at most and no sign that ends it", () => {
  const seen = Array.from(
    { length: 12 },
    (_, index) =>
      recorded(`inventory[${index}]`, index + 1, {
        kind: "stock_held",
        holdId: "a;b#c\n<d> P1",
      }),
  );
  const { diagram } = excerpt("P1", seen);
  const columns = diagram.match(/participant/g);
  assert.equal(columns?.length, 8);
  assert.match(diagram, /participant p7 as others/);
  assert.match(diagram, / p7->>p1: .+ a#59;b#35;c#10;#60;d#62; P1\n/);
  assert.equal(diagram.trimEnd().split("\n").length, 1 + 8 + 12);
});

Deno.test("a long observation is cut to a line", () => {
  const lines = Array.from({ length: 60 }, () => ({ sku: "P1", quantity: 1 }));
  const seen = recorded("inventory[0]", 1, { kind: "stock_held", lines });
  const [line] = told("P1", [seen]);
  assert.equal(line!.length, 110);
  assert.ok(line!.endsWith("…"));
});
