/**
 * Savina's Philosophers: an arbitrator keeps the forks, and who is denied asks
 * again at once. How often that happens is the scheduler's doing; it is
 * counted, but is no work.
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

interface Table {
  readonly meals: number;
  readonly retries: number;
}
type ArbitratorMessage =
  | ({ readonly kind: "run" } & Pick<Sizes, "actors" | "n"> & Asks<Table>)
  | {
    readonly kind: "hungry";
    readonly id: number;
    readonly from: Ref<PhilosopherMessage>;
  }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "ended"; readonly retries: number };
type PhilosopherMessage = { readonly kind: "start" | "eat" | "denied" };

const ARBITRATOR: Ref<ArbitratorMessage> = "arbitrator";

interface Arbitrator {
  asker: Asker;
  /** Fork i is taken; it lies right of philosopher i - 1, left of i. */
  forks: boolean[];
  present: number;
  meals: number;
  retries: number;
}

const arbitrator: Behavior<Arbitrator, ArbitratorMessage> = {
  name: "arbitrator",
  start: () => ({ asker: 0, forks: [], present: 0, meals: 0, retries: 0 }),
  receive(ctx, state, message) {
    const { forks } = state;
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        state.present = message.actors;
        for (let id = 0; id < message.actors; id++) {
          forks.push(false);
          const args = { id, rounds: message.n };
          const spec = { name: `${id}`, behavior: philosopher, args };
          ctx.tell(ctx.spawn(spec), { kind: "start" });
        }
        return;
      case "hungry": {
        const left = message.id;
        const right = (left + 1) % forks.length;
        if (forks[left] || forks[right]) {
          return void ctx.tell(message.from, { kind: "denied" });
        }
        forks[left] = forks[right] = true;
        state.meals++;
        ctx.tell(message.from, { kind: "eat" });
        return;
      }
      case "done":
        forks[message.id] = forks[(message.id + 1) % forks.length] = false;
        return;
      case "ended": {
        state.retries += message.retries;
        if (--state.present > 0) return;
        const { meals, retries } = state;
        ctx.answer(state.asker, ok({ meals, retries }));
        return;
      }
    }
  },
};

interface Philosopher {
  readonly id: number;
  left: number;
  retries: number;
}

const philosopher: Behavior<
  Philosopher,
  PhilosopherMessage,
  { id: number; rounds: number }
> = {
  name: "philosopher",
  start: ({ id, rounds }) => ({ id, left: rounds, retries: 0 }),
  receive(ctx, state, message) {
    const { id } = state;
    switch (message.kind) {
      case "denied":
        state.retries++;
        ctx.tell(ARBITRATOR, { kind: "hungry", id, from: ctx.self });
        return;
      case "start":
        ctx.tell(ARBITRATOR, { kind: "hungry", id, from: ctx.self });
        return;
      case "eat":
        ctx.tell(ARBITRATOR, { kind: "done", id });
        if (--state.left > 0) {
          ctx.tell(ctx.self, { kind: "start" });
          return;
        }
        ctx.tell(ARBITRATOR, { kind: "ended", retries: state.retries });
        ctx.stop();
        return;
    }
  },
};

/** `n` meals of each of `actors`, four messages each without retries. */
export function philosophers({ n, actors }: Sizes): Promise<Ran> {
  const children = [{
    name: ARBITRATOR,
    behavior: arbitrator,
    args: undefined,
  }];
  return withSystem(children, async (ask) => {
    const { meals, retries } = await ask(ARBITRATOR, {
      kind: "run",
      actors,
      n,
    });
    verify("meals", meals, actors * n);
    return { count: 4 * meals, more: { retries } };
  });
}
