/**
 * One iteration of ours: a system is started with actors under its supervisor,
 * they are asked to work, and everything is stopped. The only file of these
 * benchmarks that knows the host, but for those across workers.
 *
 * @module
 */
import type {
  AnswerOf,
  ChildSpec,
  Message,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { startSystem, type System } from "../../../cluster/worker/system.ts";

/** Longer than any run; a run that hangs fails by it. */
const WITHIN_MS = 300_000;

/** Asks from outside the system. Throws when the outcome is anything but ok. */
export type AskSystem = <T extends Message, Kind extends T["kind"]>(
  to: Ref<T>,
  message: NoInfer<T> & { readonly kind: Kind },
) => Promise<AnswerOf<T, Kind>>;

/** Starts a system, lets it be used, and stops it. */
export async function withSystem<Result>(
  // deno-lint-ignore no-explicit-any -- only its own behavior looks inside
  children: readonly ChildSpec<any, any, any, any>[],
  use: (ask: AskSystem) => Promise<Result>,
): Promise<Result> {
  await using system = startSystem({ name: "bench", children });
  return await use(askOf(system));
}

/** How a run asks its system. */
export function askOf(system: System): AskSystem {
  return async (to, message) => {
    const outcome = await system.ask(to, message, WITHIN_MS);
    if (outcome.kind === "ok") return outcome.value;
    const found = JSON.stringify(outcome);
    throw new Error(`Cannot run "${message.kind}" at ${to}: ${found}`);
  };
}
