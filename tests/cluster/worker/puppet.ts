/**
 * An actor that does what it is told to: it notes, watches, asks others,
 * starts children, and misbehaves. It runs in the main thread and in workers.
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
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";

/** Each thread loads this file anew. */
const THREAD = crypto.randomUUID();

/** What a puppet is told. */
export type ToPuppet =
  | { readonly kind: "note"; readonly text: string }
  /** Answered with all its notes, once there are so many. */
  | ({ readonly kind: "notes"; readonly atLeast: number } & Asks<string[]>)
  /** Tells another one so many notes in one step: its name, and 1, 2, … */
  | ({
    readonly kind: "tell_notes";
    readonly to: Ref<ToPuppet>;
    readonly count: number;
  } & Asks<null>)
  /** Names the thread. */
  | ({ readonly kind: "where" } & Asks<string>)
  /** Not answered. */
  | ({ readonly kind: "hold" } & Asks<null>)
  /** Asks along a way; the last one is told `last`. */
  | ({
    readonly kind: "ask_along";
    readonly way: readonly Ref<ToPuppet>[];
    readonly last: "where" | "hold";
  } & Asks<Outcome<unknown>>)
  | Answered<"came_back", unknown, Asker>
  /** Notes the ends of another one from then on. */
  | ({ readonly kind: "watch"; readonly ref: Ref<ToPuppet> } & Asks<null>)
  | ({ readonly kind: "spawn"; readonly name: string } & Asks<Ref<ToPuppet>>)
  | { readonly kind: "stop" }
  /** Twice the same is not run again. */
  | { readonly kind: "crash"; readonly text: string }
  /** Writes into the message, as nobody should. */
  | ({ readonly kind: "deface"; text: string } & Asks<null>)
  /** Runs in a loop without end. */
  | { readonly kind: "spin" }
  /** Throws later, outside of any step. */
  | { readonly kind: "throw_outside" };

interface PuppetState {
  readonly notes: string[];
  awaited: { readonly asker: Asker; readonly atLeast: number } | null;
}

/** See the module's text. */
export const puppet: Behavior<PuppetState, ToPuppet, unknown> = {
  name: "puppet",
  start: () => ({ notes: [], awaited: null }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "note":
        return note(ctx, state, message.text);
      case "notes":
        state.awaited = { asker: ctx.asker(), atLeast: message.atLeast };
        return answerIfEnough(ctx, state);
      case "tell_notes":
        for (let text = 1; text <= message.count; text++) {
          ctx.tell(message.to, { kind: "note", text: `${ctx.self} ${text}` });
        }
        return ctx.reply(ok(null));
      case "where":
        return ctx.reply(ok(THREAD));
      case "hold":
        return void ctx.asker();
      case "ask_along":
        return askAlong(ctx, message.way, message.last);
      case "came_back":
        return ctx.answer(message.about, ok(message.outcome));
      case "watch":
        ctx.watch(message.ref);
        return ctx.reply(ok(null));
      case "spawn": {
        const { name } = message;
        const child = { name, behavior: puppet, args: null };
        return ctx.reply(ok(ctx.spawn(child)));
      }
      case "stop":
        return ctx.stop();
      case "crash":
        throw new Error("on purpose");
      case "deface":
        message.text = "defaced";
        return ctx.reply(ok(null));
      case "spin":
        for (;;);
      case "throw_outside":
        setTimeout(() => {
          throw new Error("outside of any step");
        });
    }
  },
  keyOf: (message) => "text" in message ? message.text : "",
  signal(ctx, state, signal) {
    if (signal.kind !== "down") return;
    note(ctx, state, `${signal.ref} ${signal.reason.kind}`);
  },
};

type PuppetContext = Parameters<typeof puppet.receive>[0];

function note(ctx: PuppetContext, state: PuppetState, text: string): void {
  state.notes.push(text);
  answerIfEnough(ctx, state);
}

function answerIfEnough(ctx: PuppetContext, state: PuppetState): void {
  const { notes, awaited } = state;
  if (awaited === null || notes.length < awaited.atLeast) return;
  ctx.answer(awaited.asker, ok([...notes]));
  state.awaited = null;
}

/** Whoever waits for the answer gets the outcome as the next one had it. */
function askAlong(
  ctx: PuppetContext,
  [next, ...way]: readonly Ref<ToPuppet>[],
  last: "where" | "hold",
): void {
  const options = {
    as: "came_back",
    withinMs: 60_000,
    about: ctx.asker(),
  } as const;
  if (way.length > 0) ctx.ask(next!, { kind: "ask_along", way, last }, options);
  else if (last === "where") ctx.ask(next!, { kind: "where" }, options);
  else ctx.ask(next!, { kind: "hold" }, options);
}
