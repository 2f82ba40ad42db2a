/**
 * Asks from an actor of one worker to an actor of another: many under way, or
 * one after the other. The answerer is `server` of the asks in one thread.
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
import { median } from "../../benchmark.ts";
import { SERVER } from "../ours/ask.ts";
import { type Run, verify } from "../program.ts";
import type { Crew } from "./crew.ts";

type CallerMessage =
  | ({
    readonly kind: "run";
    readonly n: number;
    /** Asks under way at a time. */
    readonly width: number;
  } & Asks<number>)
  | ({ readonly kind: "time_round_trips"; readonly n: number } & Asks<number>)
  | Answered<"incremented", number, number>;

/** Lives in another worker than the server. */
const CALLER: Ref<CallerMessage> = "caller";

/** As the asks in one thread. */
const ASK_WITHIN_MS = 5000;

interface Caller {
  asker: Asker;
  /** Asks of the run. */
  n: number;
  asked: number;
  answered: number;
  /** Where round trips are timed: what each took. */
  tookMs: number[] | null;
  sentAtMs: number;
}

/** Asks until all is answered; each ask has the answer of an earlier one. */
export const caller: Behavior<Caller, CallerMessage> = {
  name: "caller",
  start: () => ({
    asker: 0,
    n: 0,
    asked: 0,
    answered: 0,
    tookMs: null,
    sentAtMs: 0,
  }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        begin(ctx, state, message.n);
        state.tookMs = null;
        for (let left = message.width; left > 0; left--) askNext(ctx, state, 0);
        return;
      case "time_round_trips":
        begin(ctx, state, message.n);
        state.tookMs = [];
        state.sentAtMs = performance.now();
        return askNext(ctx, state, 0);
      case "incremented": {
        const { outcome, about } = message;
        if (outcome.kind !== "ok") throw new Error("Cannot go on unanswered");
        verify("an answer", outcome.value, about + 1);
        state.answered++;
        if (state.tookMs !== null) noteRoundTrip(state, state.tookMs);
        if (state.asked < state.n) return askNext(ctx, state, outcome.value);
        if (state.answered === state.n) finish(ctx, state);
        return;
      }
    }
  },
};

function begin(ctx: Context<CallerMessage>, state: Caller, n: number): void {
  state.asker = ctx.asker();
  state.n = n;
  state.asked = state.answered = 0;
}

function askNext(
  ctx: Context<CallerMessage>,
  state: Caller,
  value: number,
): void {
  state.asked++;
  ctx.ask(SERVER, { kind: "increment", value }, {
    as: "incremented",
    withinMs: ASK_WITHIN_MS,
    about: value,
  });
}

/** Times are what is measured here, so this actor looks at a clock itself. */
function noteRoundTrip(state: Caller, tookMs: number[]): void {
  const nowMs = performance.now();
  tookMs.push(nowMs - state.sentAtMs);
  state.sentAtMs = nowMs;
}

function finish(ctx: Context<CallerMessage>, state: Caller): void {
  const { tookMs, answered } = state;
  ctx.answer(state.asker, ok(tookMs === null ? answered : median(tookMs)));
}

/** `n` asks, of which as many as there are `actors` are under way. */
export function askAcross(crew: Crew): Run {
  return async ({ n, actors }) => {
    const width = Math.min(actors, n);
    const answered = await crew.ask(CALLER, { kind: "run", n, width });
    verify("answers", answered, n);
    return { count: answered };
  };
}

/** `n` asks, one after the other; `p50Us` is the median of what they took. */
export function timeRoundTrips(crew: Crew): Run {
  return async ({ n }) => {
    const p50Ms = await crew.ask(CALLER, { kind: "time_round_trips", n });
    return { count: n, more: { p50Us: p50Ms * 1000 } };
  };
}
