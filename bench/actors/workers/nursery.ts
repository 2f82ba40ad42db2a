/**
 * Lets a thread outside have actors started in a worker: a nursery lives in
 * each worker and starts them as its children, so they live where it does.
 *
 * @module
 */
import type {
  AnyBehavior,
  Asks,
  Behavior,
  MailboxSpec,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";

/** What a nursery is asked. */
export type NurseryMessage = {
  readonly kind: "raise";
  /** The name of their behavior. */
  readonly behavior: string;
  /** One for each of them. */
  readonly args: readonly unknown[];
  readonly mailbox: MailboxSpec;
} & Asks<readonly Ref[]>;

/** A nursery that knows these behaviors by name. */
export function nurseryOf(
  behaviors: Readonly<Record<string, AnyBehavior>>,
): Behavior<{ raised: number }, NurseryMessage> {
  return {
    name: "nursery",
    start: () => ({ raised: 0 }),
    receive(ctx, state, { behavior: wanted, args, mailbox }) {
      const behavior = behaviors[wanted];
      if (behavior === undefined) {
        throw new TypeError(`No actor is a ${wanted}`);
      }
      ctx.reply(ok(args.map((each) => {
        // Those of an earlier iteration may still be there.
        const name = `${state.raised++}`;
        return ctx.spawn({ name, behavior, args: each, mailbox }) as Ref;
      })));
    },
  };
}
