/** Between threads: whatever the network does, who promised order keeps it. */
import assert from "node:assert/strict";
import type { Behavior } from "../../actors/runtime/actor.ts";
import type { NetworkValues } from "../../sim/network.ts";
import { simulateActors } from "../../sim/simulate_actors.ts";

type Note = {
  readonly kind: "note" | "alarm";
  readonly from: string;
  readonly number: number;
};
type Go = { readonly kind: "go" };

const SENDERS = ["ann", "bob", "cid"];
const RECEIVERS = ["deb", "eve"];
const ROUNDS = 100;
/** What each sender tells each receiver, in each lane. */
const NOTES = 3 * ROUNDS;

/** Tells each receiver its next three numbers, in both lanes. */
const sender: Behavior<{ number: number }, Go, null> = {
  name: "sender",
  start: () => ({ number: 0 }),
  receive(ctx, state) {
    for (let nth = 0; nth < 3; nth++) {
      const note = { from: String(ctx.self), number: ++state.number };
      for (const to of RECEIVERS) {
        ctx.tell<Note>(to, { kind: "note", ...note });
        ctx.tell<Note>(to, { kind: "alarm", ...note });
      }
    }
  },
};

/** What each receiver heard, as texts such as `ann 7`, by receiver and lane. */
function run(network: Partial<NetworkValues>, seed = 1) {
  const heard = new Map<string, string[]>();
  const receiver = (name: string): Behavior<null, Note, null> => ({
    name: "receiver",
    urgent: new Set(["alarm"]),
    start: () => null,
    receive(_ctx, _state, { kind, from, number }) {
      const line = heard.get(`${name} ${kind}`) ?? [];
      heard.set(`${name} ${kind}`, line);
      line.push(`${from} ${number}`);
    },
  });
  simulateActors({
    threads: {
      near: {
        children: SENDERS.map((name) => ({
          name,
          behavior: sender,
          args: null,
        })),
      },
      far: {
        children: RECEIVERS.map((name) => ({
          name,
          behavior: receiver(name),
          args: null,
        })),
      },
    },
    network,
    seed,
    durationMs: 3_000,
    load(run) {
      for (let round = 0; round < ROUNDS; round++) {
        for (const to of SENDERS) {
          run.after(round * 10, () => run.tell<Go>(to, { kind: "go" }));
        }
      }
    },
  });
  return heard;
}

/** The numbers of one sender in the order in which they were heard. */
function numbersOf(line: readonly string[], sender: string): number[] {
  return line.filter((each) => each.startsWith(sender))
    .map((each) => Number(each.slice(sender.length)));
}

/** Nobody hears a sender's number after a later one of the same lane. */
function mustHoldOrder(network: Partial<NetworkValues>): void {
  for (let seed = 1; seed <= 10; seed++) {
    const heard = run(network, seed);
    assert.equal(heard.size, 4);
    for (const line of heard.values()) {
      for (const sender of SENDERS) {
        const numbers = numbersOf(line, sender);
        const isRising = numbers.every((number, index) =>
          index === 0 || number > numbers[index - 1]!
        );
        assert.ok(isRising, `${sender}: ${numbers}`);
        assert.ok(numbers.length > NOTES / 10, `${numbers.length} came`);
      }
    }
  }
}

Deno.test("order holds for each sender, receiver and lane over a network that reorders and doubles", () =>
  mustHoldOrder({ reorderPerMillion: 300_000, duplicatePerMillion: 100_000 }));

Deno.test("what was under way when its link broke does not come by the next one", () =>
  // On their way for longer than it takes to link anew.
  mustHoldOrder({ lossPerMillion: 50_000, delayMeanUs: 40_000 }));

Deno.test("what promises no order loses it on a network that reorders", () => {
  const mixed = { reorderPerMillion: 1_000_000, delayMeanUs: 20 };
  const [plain, reordered] = [run({ delayMeanUs: 20 }), run(mixed)];
  for (const [lane, line] of plain) {
    const other = reordered.get(lane)!;
    assert.notDeepEqual(other, line);
    // Nothing overtakes where every batch takes as long, so nothing is lost.
    assert.deepEqual(other.toSorted(), line.toSorted());
  }
});

Deno.test("a batch that overtakes is noticed: its link breaks, and is made anew", () => {
  const heard = run({ reorderPerMillion: 300_000, delayMeanUs: 4_000 });
  const line = heard.get("deb note")!;
  assert.ok(line.length < SENDERS.length * NOTES, "nothing broke");
  const newest = Math.max(...numbersOf(line, "ann"));
  assert.ok(newest > NOTES - 60, `nothing came after ${newest}`);
});
