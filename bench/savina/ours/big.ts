/**
 * Savina's Big: everybody pings a neighbor drawn by lot, one ping after the
 * other. All know all; mail comes from anywhere.
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
import { nextRandom } from "../pseudo_random.ts";

type SinkMessage =
  | (
    & {
      readonly kind: "run";
      /** Null: the sink starts as many as there are `actors`. */
      readonly workers: readonly Ref<WorkerMessage>[] | null;
    }
    & Pick<Sizes, "actors" | "n">
    & Asks<number>
  )
  | { readonly kind: "done" }
  | { readonly kind: "ended"; readonly answered: number };
/** What a worker is told. */
export type WorkerMessage =
  | { readonly kind: "meet"; readonly neighbors: readonly Ref<WorkerMessage>[] }
  | { readonly kind: "ping" | "pong"; readonly sender: number }
  | { readonly kind: "exit" };

/** Whom to ask for a run. */
export const SINK: Ref<SinkMessage> = "sink";

/** Who gets the first pong, without having pinged. */
const NOBODY = -1;

interface Sink {
  asker: Asker;
  workers: readonly Ref<WorkerMessage>[];
  busy: number;
  present: number;
  answered: number;
}

/** Begins and ends a run. */
export const sink: Behavior<Sink, SinkMessage> = {
  name: "sink",
  start: () => ({ asker: 0, workers: [], busy: 0, present: 0, answered: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run": {
        const { actors, n } = message;
        state.asker = ctx.asker();
        state.answered = 0;
        state.busy = state.present = actors;
        state.workers = message.workers ?? Array.from(
          { length: actors },
          (_, id) =>
            ctx.spawn({ name: `${id}`, behavior: worker, args: { id, n } }),
        );
        for (const worker of state.workers) {
          ctx.tell(worker, { kind: "meet", neighbors: state.workers });
        }
        for (const worker of state.workers) {
          ctx.tell(worker, { kind: "pong", sender: NOBODY });
        }
        return;
      }
      case "done":
        if (--state.busy > 0) return;
        for (const worker of state.workers) ctx.tell(worker, { kind: "exit" });
        return;
      case "ended":
        state.answered += message.answered;
        if (--state.present === 0) ctx.answer(state.asker, ok(state.answered));
        return;
    }
  },
};

interface Worker {
  readonly id: number;
  readonly n: number;
  random: number;
  neighbors: readonly Ref<WorkerMessage>[];
  expected: number;
  sent: number;
  answered: number;
}

/** Pings, and answers the pings of others. */
export const worker: Behavior<
  Worker,
  WorkerMessage,
  { id: number; n: number }
> = {
  name: "worker",
  start: ({ id, n }) => ({
    id,
    n,
    random: id,
    neighbors: [],
    expected: NOBODY,
    sent: 0,
    answered: 0,
  }),
  receive(ctx, state, message) {
    const { id, neighbors } = state;
    switch (message.kind) {
      case "meet":
        state.neighbors = message.neighbors;
        return;
      case "ping":
        state.answered++;
        ctx.tell(neighbors[message.sender]!, { kind: "pong", sender: id });
        return;
      case "pong":
        verify("the sender of a pong", message.sender, state.expected);
        if (state.sent === state.n) {
          return void ctx.tell(SINK, { kind: "done" });
        }
        state.sent++;
        state.random = nextRandom(state.random);
        state.expected = state.random % neighbors.length;
        ctx.tell(neighbors[state.expected]!, { kind: "ping", sender: id });
        return;
      case "exit":
        ctx.tell(SINK, { kind: "ended", answered: state.answered });
        ctx.stop();
        return;
    }
  },
};

/** `n` pings of each of `actors`. */
export function big({ n, actors }: Sizes): Promise<Ran> {
  const children = [{ name: SINK, behavior: sink, args: undefined }];
  return withSystem(children, async (ask) => {
    const answered = await ask(SINK, {
      kind: "run",
      actors,
      n,
      workers: null,
    });
    verify("pings", answered, actors * n);
    return { count: 2 * answered };
  });
}
