/**
 * Savina's Chameneos: a mall pairs those who come; both change their colors
 * and come again. All of them compete for one actor.
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
import { type Color, COLORS, complement } from "../work.ts";

type Meet = {
  readonly kind: "meet";
  readonly color: Color;
  readonly from: Ref<ChameneoMessage>;
};
type MallMessage =
  | ({ readonly kind: "run" } & Pick<Sizes, "actors" | "n"> & Asks<number>)
  | Meet
  | { readonly kind: "count_meetings"; readonly meetings: number };
type ChameneoMessage =
  | { readonly kind: "arrive" | "leave" }
  | Meet
  | { readonly kind: "change"; readonly color: Color };

const MALL: Ref<MallMessage> = "mall";

interface Mall {
  asker: Asker;
  left: number;
  present: number;
  waiting: Ref<ChameneoMessage> | null;
  meetings: number;
}

const mall: Behavior<Mall, MallMessage> = {
  name: "mall",
  start: () => ({ asker: 0, left: 0, present: 0, waiting: null, meetings: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        state.left = message.n;
        state.present = message.actors;
        for (let id = 0; id < message.actors; id++) {
          const args = COLORS[id % COLORS.length]!;
          const spec = { name: `${id}`, behavior: chameneo, args };
          ctx.tell(ctx.spawn(spec), { kind: "arrive" });
        }
        return;
      case "meet":
        if (state.left === 0) ctx.tell(message.from, { kind: "leave" });
        else if (state.waiting === null) state.waiting = message.from;
        else {
          state.left--;
          ctx.tell(state.waiting, message);
          state.waiting = null;
        }
        return;
      case "count_meetings":
        state.meetings += message.meetings;
        if (--state.present === 0) ctx.answer(state.asker, ok(state.meetings));
        return;
    }
  },
};

interface Chameneo {
  color: Color;
  meetings: number;
}

const chameneo: Behavior<Chameneo, ChameneoMessage, Color> = {
  name: "chameneo",
  start: (color) => ({ color, meetings: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "arrive":
        break;
      case "meet":
        state.color = complement(state.color, message.color);
        state.meetings++;
        ctx.tell(message.from, { kind: "change", color: state.color });
        break;
      case "change":
        state.color = message.color;
        state.meetings++;
        break;
      case "leave":
        ctx.tell(MALL, { kind: "count_meetings", meetings: state.meetings });
        return ctx.stop();
    }
    ctx.tell(MALL, { kind: "meet", color: state.color, from: ctx.self });
  },
};

/** `n` meetings of two among `actors`. */
export function chameneos({ n, actors }: Sizes): Promise<Ran> {
  const children = [{ name: MALL, behavior: mall, args: undefined }];
  return withSystem(children, async (ask) => {
    const meetings = await ask(MALL, { kind: "run", actors, n });
    verify("meetings", meetings, 2 * n);
    return { count: 4 * n };
  });
}
