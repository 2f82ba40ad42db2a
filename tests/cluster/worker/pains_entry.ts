/**
 * The worker of the tests of pains that are about threads: actors that meet,
 * talk, keep somebody waiting, and misbehave as no step should.
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
import { serveActors } from "../../../cluster/worker/serve_actors.ts";
import { waitForFile } from "./wait_for_file.ts";

/** What the actor of the worker is asked. */
export type PainMessage =
  /** Says in a file that it is in its step, and waits there for the other. */
  | ({
    readonly kind: "meet";
    readonly own: string;
    readonly other: string;
    readonly withinMs: number;
  } & Asks<"met" | "alone">)
  /** Answers, then asks the other so often, then writes the file. */
  | ({
    readonly kind: "talk";
    readonly to: Ref<PainMessage>;
    readonly times: number;
    readonly file: string;
  } & Asks<null>)
  | ({ readonly kind: "echo" } & Asks<null>)
  /** Is not answered. */
  | ({ readonly kind: "hold" } & Asks<null>)
  /** Asks the other to hold, and hands on how that ends. */
  | ({ readonly kind: "hold_by"; readonly to: Ref<PainMessage> } & Asks<string>)
  /** Is answered when so many are held. */
  | ({ readonly kind: "await_held"; readonly count: number } & Asks<null>)
  | ({ readonly kind: "spin"; readonly file: string } & Asks<null>)
  /** Throws later, outside of any step. */
  | ({ readonly kind: "throw_outside" } & Asks<null>)
  | Answered<"echoed", null, Talk>
  | Answered<"held", null, Asker>;

interface Talk {
  readonly to: Ref<PainMessage>;
  readonly times: number;
  readonly file: string;
}

interface PainState {
  held: number;
  awaited: { asker: Asker; count: number } | null;
}

const actor: Behavior<PainState, PainMessage> = {
  name: "pain",
  start: () => ({ held: 0, awaited: null }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "meet": {
        Deno.writeTextFileSync(message.own, "");
        const isMet = waitForFile(message.other, message.withinMs);
        return ctx.reply(ok(isMet ? "met" : "alone"));
      }
      case "talk": {
        const { to, times, file } = message;
        ctx.reply(ok(null));
        return ctx.ask(to, { kind: "echo" }, {
          as: "echoed",
          withinMs: 60_000,
          about: { to, times, file },
        });
      }
      case "echoed": {
        if (message.outcome.kind !== "ok") throw new Error("not answered");
        const { to, times, file } = message.about;
        if (times === 1) return Deno.writeTextFileSync(file, "");
        return ctx.ask(to, { kind: "echo" }, {
          as: "echoed",
          withinMs: 60_000,
          about: { to, times: times - 1, file },
        });
      }
      case "echo":
        return ctx.reply(ok(null));
      case "hold":
        ctx.asker();
        state.held++;
        break;
      case "hold_by":
        return ctx.ask(message.to, { kind: "hold" }, {
          as: "held",
          withinMs: 600_000,
          about: ctx.asker(),
        });
      case "held":
        return ctx.answer(message.about, ok(message.outcome.kind));
      case "await_held":
        state.awaited = { asker: ctx.asker(), count: message.count };
        break;
      case "spin":
        Deno.writeTextFileSync(message.file, "");
        for (;;);
      case "throw_outside":
        setTimeout(() => {
          throw new Error("outside of any step");
        });
        return ctx.reply(ok(null));
    }
    const { awaited } = state;
    if (awaited !== null && state.held >= awaited.count) {
      ctx.answer(awaited.asker, ok(null));
    }
  },
};

serveActors({ actor });
