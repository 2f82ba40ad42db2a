/**
 * Savina's PingPong: as ping-pong, but Ping tells itself to send the next
 * ping, so that an exchange is three messages.
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

type PingMessage =
  | ({
    readonly kind: "run";
    readonly n: number;
    /** Null: Ping starts one. */
    readonly pong: Ref<PongMessage> | null;
  } & Asks<number>)
  | { readonly kind: "ping" | "pong" }
  | { readonly kind: "ended"; readonly pings: number };
/** What Pong is told. */
export type PongMessage =
  | { readonly kind: "ping"; readonly from: Ref<PingMessage> }
  | { readonly kind: "stop"; readonly from: Ref<PingMessage> };

/** Whom to ask for a run. */
export const PING: Ref<PingMessage> = "ping";

interface Ping {
  asker: Asker;
  left: number;
  pong: Ref<PongMessage>;
}

/** Sends the pings. */
export const ping: Behavior<Ping, PingMessage> = {
  name: "ping",
  start: () => ({ asker: 0, left: 0, pong: "" }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        state.left = message.n;
        state.pong = message.pong ??
          ctx.spawn({ name: "pong", behavior: pong, args: undefined });
        ctx.tell(PING, { kind: "ping" });
        return;
      case "ping":
        state.left--;
        ctx.tell(state.pong, { kind: "ping", from: ctx.self });
        return;
      case "pong":
        if (state.left > 0) ctx.tell(ctx.self, { kind: "ping" });
        else ctx.tell(state.pong, { kind: "stop", from: ctx.self });
        return;
      case "ended":
        ctx.answer(state.asker, ok(message.pings));
        return;
    }
  },
};

/** Answers them, and counts. */
export const pong: Behavior<{ pings: number }, PongMessage> = {
  name: "pong",
  start: () => ({ pings: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "ping":
        state.pings++;
        ctx.tell(message.from, { kind: "pong" });
        return;
      case "stop":
        ctx.tell(message.from, { kind: "ended", pings: state.pings });
        ctx.stop();
        return;
    }
  },
};

/** `n` exchanges, three messages each. */
export function pingPong({ n }: Sizes): Promise<Ran> {
  const children = [{ name: PING, behavior: ping, args: undefined }];
  return withSystem(children, async (ask) => {
    const pings = await ask(PING, { kind: "run", n, pong: null });
    verify("pings", pings, n);
    return { count: 3 * n };
  });
}
