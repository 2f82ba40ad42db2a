/**
 * Savina's ThreadRing: a ping runs round a ring until it is used up, then an
 * exit once round.
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

type RingMessage =
  | ({ readonly kind: "run" } & Pick<Sizes, "actors" | "n"> & Asks<number>)
  | { readonly kind: "ended"; readonly pings: number };
type MemberMessage =
  | { readonly kind: "next"; readonly ref: Ref<MemberMessage> }
  | { readonly kind: "ping"; readonly left: number }
  | { readonly kind: "exit"; readonly left: number };

const RING: Ref<RingMessage> = "ring";

interface Ring {
  asker: Asker;
  present: number;
  pings: number;
}

const ring: Behavior<Ring, RingMessage> = {
  name: "ring",
  start: () => ({ asker: 0, present: 0, pings: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run": {
        const { actors, n } = message;
        state.asker = ctx.asker();
        state.present = actors;
        const members = Array.from(
          { length: actors },
          (_, id) =>
            ctx.spawn({ name: `${id}`, behavior: member, args: actors }),
        );
        for (const [id, member] of members.entries()) {
          const ref = members[(id + 1) % actors]!;
          ctx.tell(member, { kind: "next", ref });
        }
        ctx.tell(members[0]!, { kind: "ping", left: n });
        return;
      }
      case "ended":
        state.pings += message.pings;
        if (--state.present === 0) ctx.answer(state.asker, ok(state.pings));
        return;
    }
  },
};

interface Member {
  readonly actors: number;
  next: Ref<MemberMessage>;
  pings: number;
}

const member: Behavior<Member, MemberMessage, number> = {
  name: "member",
  start: (actors) => ({ actors, next: "", pings: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "next":
        state.next = message.ref;
        return;
      case "ping": {
        const { left } = message;
        state.pings++;
        if (left > 0) ctx.tell(state.next, { kind: "ping", left: left - 1 });
        else ctx.tell(state.next, { kind: "exit", left: state.actors });
        return;
      }
      case "exit": {
        const left = message.left - 1;
        if (left > 0) ctx.tell(state.next, { kind: "exit", left });
        ctx.tell(RING, { kind: "ended", pings: state.pings });
        ctx.stop();
        return;
      }
    }
  },
};

/** `n` hops round a ring of `actors`. */
export function threadRing({ n, actors }: Sizes): Promise<Ran> {
  const children = [{ name: RING, behavior: ring, args: undefined }];
  return withSystem(children, async (ask) => {
    const pings = await ask(RING, { kind: "run", actors, n });
    verify("pings", pings, n + 1);
    return { count: pings + actors };
  });
}
