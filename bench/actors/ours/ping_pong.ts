/**
 * Ping-pong: two actors, one message between them, to and fro. What a message
 * costs when nothing can be batched.
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

type PingMessage =
  | ({ readonly kind: "run"; readonly n: number } & Asks<null>)
  | { readonly kind: "pong" };
type PongMessage =
  | { readonly kind: "ping"; readonly from: Ref<PingMessage> }
  | ({ readonly kind: "read" } & Asks<number>);

const PING: Ref<PingMessage> = "ping";
const PONG: Ref<PongMessage> = "pong";

interface Ping {
  asker: Asker;
  left: number;
}

const ping: Behavior<Ping, PingMessage> = {
  name: "ping",
  start: () => ({ asker: 0, left: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        state.left = message.n;
        ctx.tell(PONG, { kind: "ping", from: ctx.self });
        return;
      case "pong":
        if (--state.left > 0) ctx.tell(PONG, { kind: "ping", from: ctx.self });
        else ctx.answer(state.asker, ok(null));
        return;
    }
  },
};

const pong: Behavior<{ pings: number }, PongMessage> = {
  name: "pong",
  start: () => ({ pings: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "ping":
        state.pings++;
        ctx.tell(message.from, { kind: "pong" });
        return;
      case "read":
        ctx.reply(ok(state.pings));
        return;
    }
  },
};

/** `n` exchanges. */
export function pingPong({ n }: Sizes): Promise<Ran> {
  const children = [
    { name: PING, behavior: ping, args: undefined },
    { name: PONG, behavior: pong, args: undefined },
  ];
  return withSystem(children, async (ask) => {
    await ask(PING, { kind: "run", n });
    verify("pings", await ask(PONG, { kind: "read" }), n);
    return { count: n };
  });
}
