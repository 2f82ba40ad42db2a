/**
 * Savina's ForkJoin, twice. Create: as many actors as messages. Throughput:
 * few actors, and many messages for each, told in turns.
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
import { withSystem } from "../../actors/ours/with_system.ts";
import { type Ran, type Sizes, verify } from "../../actors/program.ts";
import { compute } from "../work.ts";

type ForkMessage =
  & {
    readonly kind: "run";
    readonly actors: number;
    readonly messages: number;
  }
  & Asks<number>;
type WorkerMessage = { readonly kind: "work" };

const FORK: Ref<ForkMessage> = "fork";

/** One does for all: an atom, in Erlang. */
const WORK: WorkerMessage = { kind: "work" };

interface Fork {
  asker: Asker;
  actors: number;
  ended: number;
}

const fork: Behavior<Fork, ForkMessage> = {
  name: "fork",
  start: () => ({ asker: 0, actors: 0, ended: 0 }),
  receive(ctx, state, { actors, messages }) {
    state.asker = ctx.asker();
    state.actors = actors;
    const workers: Ref<WorkerMessage>[] = [];
    for (let id = 0; id < actors; id++) {
      workers.push(ctx.spawn({
        name: `${id}`,
        behavior: worker,
        args: messages,
        mailbox: { capacity: messages },
      }));
    }
    for (let left = messages; left > 0; left--) {
      for (const worker of workers) ctx.tell(worker, WORK);
    }
  },
  signal(ctx, state, signal) {
    if (signal.kind !== "down") return;
    if (signal.reason.kind !== "normal") throw new Error("A worker crashed");
    if (++state.ended === state.actors) {
      ctx.answer(state.asker, ok(state.ended));
    }
  },
};

const worker: Behavior<{ left: number }, WorkerMessage, number> = {
  name: "worker",
  start: (messages) => ({ left: messages }),
  receive(ctx, state) {
    compute();
    if (--state.left === 0) ctx.stop();
  },
};

async function forkJoin(actors: number, messages: number): Promise<Ran> {
  const children = [{ name: FORK, behavior: fork, args: undefined }];
  return await withSystem(children, async (ask) => {
    const ended = await ask(FORK, { kind: "run", actors, messages });
    verify("ends", ended, actors);
    return { count: actors * messages };
  });
}

/** `n` actors with one message each. */
export function forkJoinCreate({ n }: Sizes): Promise<Ran> {
  return forkJoin(n, 1);
}

/** `actors` with `n` messages each. */
export function forkJoinThroughput({ n, actors }: Sizes): Promise<Ran> {
  return forkJoin(actors, n);
}
