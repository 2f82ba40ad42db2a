/** Actors that do nothing cost little. */
import assert from "node:assert/strict";
import { Domain } from "../../../actors/runtime/domain.ts";
import type { Behavior } from "../../../actors/runtime/actor.ts";

type Spawn = { readonly kind: "spawn"; readonly from: number };

const idle: Behavior<null, { readonly kind: "never" }> = {
  name: "idle",
  start: () => null,
  receive: () => {},
};

const SPAWNED_PER_STEP = 10_000;
const ACTORS = 1_000_000;

const parent: Behavior<null, Spawn> = {
  name: "parent",
  start: () => null,
  receive(ctx, _state, { from }) {
    for (let id = from; id < from + SPAWNED_PER_STEP; id++) {
      ctx.spawn({ name: `${id}`, behavior: idle, args: undefined });
    }
  },
};

Deno.test("G49 a million idle actors take less than a gigabyte", () => {
  const domain = new Domain({
    name: "idle",
    incarnation: 1,
    seed: 1,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    log: { write: () => {} },
    journal: null,
    transmit: () => "gone",
    wake: () => {},
    died: () => {},
  });
  domain.spawn({ name: "parent", behavior: parent, args: undefined } as never);
  domain.start(() => {});
  const before = Deno.memoryUsage().rss;
  for (let from = 0; from < ACTORS; from += SPAWNED_PER_STEP) {
    domain.tell("parent", { kind: "spawn", from } as Spawn);
    while (domain.run() === 0);
  }
  const used = Deno.memoryUsage().rss - before;
  assert.equal(domain.report().actors.length, ACTORS + 1);
  assert(used < 1e9, `${Math.round(used / 1e6)} MB`);
});
