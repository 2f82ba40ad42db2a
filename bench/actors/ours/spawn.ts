/**
 * A short life, many times: an actor is spawned, gets one message and stops
 * itself; its parent hears of each end.
 *
 * @module
 */
import type {
  Asker,
  Asks,
  Behavior,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { type Ran, type Sizes, verify } from "../program.ts";
import { withSystem } from "./with_system.ts";

type ParentMessage =
  & { readonly kind: "run"; readonly n: number }
  & Asks<number>;
type ChildMessage = { readonly kind: "work" };

const PARENT: Ref<ParentMessage> = "parent";

/** One does for all: an atom, in Erlang. */
const WORK: ChildMessage = { kind: "work" };

interface Parent {
  asker: Asker;
  n: number;
  ended: number;
}

const parent: Behavior<Parent, ParentMessage> = {
  name: "parent",
  start: () => ({ asker: 0, n: 0, ended: 0 }),
  receive(ctx, state, { n }) {
    state.asker = ctx.asker();
    state.n = n;
    for (let id = 0; id < n; id++) {
      const spec = { name: `${id}`, behavior: child, args: undefined };
      ctx.tell(ctx.spawn(spec), WORK);
    }
  },
  signal(ctx, state, signal) {
    if (signal.kind !== "down") return;
    if (signal.reason.kind !== "normal") throw new Error("A child crashed");
    if (++state.ended === state.n) ctx.answer(state.asker, ok(state.ended));
  },
};

const child: Behavior<{ works: number }, ChildMessage> = {
  name: "child",
  start: () => ({ works: 0 }),
  receive(ctx, state) {
    state.works++;
    ctx.stop();
  },
};

/** `n` children, spawned in one step. */
export function spawnAndStop({ n }: Sizes): Promise<Ran> {
  const children = [{ name: PARENT, behavior: parent, args: undefined }];
  return withSystem(children, async (ask) => {
    verify("ends", await ask(PARENT, { kind: "run", n }), n);
    return { count: n };
  });
}
