/**
 * Asks in one thread, one after the other, each with a deadline: what a
 * question costs with its correlation, its timer and its outcome.
 *
 * @module
 */
import type {
  Answered,
  Asker,
  Asks,
  Behavior,
  Context,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { type Ran, type Sizes, verify } from "../program.ts";
import { withSystem } from "./with_system.ts";

type ClientMessage =
  | ({ readonly kind: "run"; readonly n: number } & Asks<number>)
  | Answered<"incremented", number>;
/** What the server is asked. */
export type ServerMessage =
  & { readonly kind: "increment"; readonly value: number }
  & Asks<number>;

const CLIENT: Ref<ClientMessage> = "client";
/** Who answers. */
export const SERVER: Ref<ServerMessage> = "server";

/** As Erlang's. */
const ASK_WITHIN_MS = 5000;

interface Client {
  asker: Asker;
  n: number;
}

const client: Behavior<Client, ClientMessage> = {
  name: "client",
  start: () => ({ asker: 0, n: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        state.n = message.n;
        increment(ctx, 0);
        return;
      case "incremented": {
        const { outcome } = message;
        if (outcome.kind !== "ok") throw new Error("Cannot go on unanswered");
        if (outcome.value < state.n) increment(ctx, outcome.value);
        else ctx.answer(state.asker, outcome);
        return;
      }
    }
  },
};

function increment(ctx: Context<ClientMessage>, value: number): void {
  ctx.ask(SERVER, { kind: "increment", value }, {
    as: "incremented",
    withinMs: ASK_WITHIN_MS,
  });
}

/** Answers each value with the next one. */
export const server: Behavior<null, ServerMessage> = {
  name: "server",
  start: () => null,
  receive(ctx, _state, message) {
    ctx.reply(ok(message.value + 1));
  },
};

/** `n` asks, each with the answer of the one before. */
export function askSerially({ n }: Sizes): Promise<Ran> {
  const children = [
    { name: CLIENT, behavior: client, args: undefined },
    { name: SERVER, behavior: server, args: undefined },
  ];
  return withSystem(children, async (ask) => {
    verify("answers", await ask(CLIENT, { kind: "run", n }), n);
    return { count: n };
  });
}
