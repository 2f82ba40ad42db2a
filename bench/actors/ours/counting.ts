/**
 * Counting: one step tells a counter a million times, then the count is read.
 * What a message costs that waits in a deep mailbox.
 *
 * @module
 */
import type {
  Answered,
  Asker,
  Asks,
  Behavior,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { type Ran, type Sizes, verify } from "../program.ts";
import { withSystem } from "./with_system.ts";

type ProducerMessage =
  | ({ readonly kind: "run"; readonly n: number } & Asks<number>)
  | Answered<"counted", number>;
type CounterMessage =
  | { readonly kind: "increment" }
  | ({ readonly kind: "read" } & Asks<number>);

const PRODUCER: Ref<ProducerMessage> = "producer";
const COUNTER: Ref<CounterMessage> = "counter";

/** Says nothing but its kind, so one does for all: an atom, in Erlang. */
const INCREMENT: CounterMessage = { kind: "increment" };

const WITHIN_MS = 60_000;

const producer: Behavior<{ asker: Asker }, ProducerMessage> = {
  name: "producer",
  start: () => ({ asker: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        for (let left = message.n; left > 0; left--) {
          ctx.tell(COUNTER, INCREMENT);
        }
        ctx.ask(COUNTER, { kind: "read" }, {
          as: "counted",
          withinMs: WITHIN_MS,
        });
        return;
      case "counted":
        ctx.answer(state.asker, message.outcome);
        return;
    }
  },
};

const counter: Behavior<{ count: number }, CounterMessage> = {
  name: "counter",
  start: () => ({ count: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "increment":
        state.count++;
        return;
      case "read":
        ctx.reply(ok(state.count));
        return;
    }
  },
};

/** A backlog of `n` messages; the mailbox is given as many and the question. */
export function counting({ n }: Sizes): Promise<Ran> {
  const children = [
    { name: PRODUCER, behavior: producer, args: undefined },
    {
      name: COUNTER,
      behavior: counter,
      args: undefined,
      mailbox: { capacity: n + 1 },
    },
  ];
  return withSystem(children, async (ask) => {
    verify("the count", await ask(PRODUCER, { kind: "run", n }), n);
    return { count: n };
  });
}
