/**
 * Idle actors: what the process takes more with so many of them in it, each
 * started and with a state of its own, none with mail.
 *
 * @module
 */
import type { Asks, Behavior, Ref } from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { residentBytes } from "../memory.ts";
import { type Ran, type Sizes, verify } from "../program.ts";
import { withSystem } from "./with_system.ts";

type CrowdMessage =
  & { readonly kind: "grow"; readonly by: number }
  & Asks<number>;
type IdlerMessage = { readonly kind: "greet" } & Asks<number>;

const CROWD: Ref<CrowdMessage> = "crowd";

/** Children of one step; what a step does is undone when it throws. */
const SPAWNED_AT_ONCE = 10_000;

const crowd: Behavior<{ size: number }, CrowdMessage> = {
  name: "crowd",
  start: () => ({ size: 0 }),
  receive(ctx, state, { by }) {
    for (let left = by; left > 0; left--) {
      const name = `${state.size++}`;
      ctx.spawn({ name, behavior: idler, args: undefined });
    }
    ctx.reply(ok(state.size));
  },
};

const idler: Behavior<{ greetings: number }, IdlerMessage> = {
  name: "idler",
  start: () => ({ greetings: 0 }),
  receive(ctx, state) {
    ctx.reply(ok(++state.greetings));
  },
};

/** `n` idle actors; `bytes` is what they take. */
export function idle({ n }: Sizes): Promise<Ran> {
  const children = [{ name: CROWD, behavior: crowd, args: undefined }];
  return withSystem(children, async (ask) => {
    const before = residentBytes();
    let size = 0;
    while (size < n) {
      const by = Math.min(SPAWNED_AT_ONCE, n - size);
      size = await ask(CROWD, { kind: "grow", by });
    }
    verify("idle actors", size, n);
    const bytes = residentBytes() - before;
    const last: Ref<IdlerMessage> = `${CROWD}/${n - 1}`;
    verify("greetings", await ask(last, { kind: "greet" }), 1);
    return { count: n, more: { bytes } };
  });
}
