/**
 * A stand-in.
 *
 * @module
 */
import type { ChildSpec, Message } from "../../../actors/runtime/actor.ts";
import { Domain } from "../../../actors/runtime/domain.ts";
import type { Outcome } from "../../../actors/runtime/outcome.ts";
const restart = {
  maxRestarts: 3,
  periodMs: 5000,
  backoffMinMs: 10,
  backoffMaxMs: 100,
};
/** Stand-in. */
export function startSystem(
  { name, children }: { name: string; children: readonly ChildSpec[] },
) {
  let posted = false;
  const turn = () => {
    posted = false;
    const next = domain.run();
    if (next === 0) post();
  };
  const post = () => {
    if (posted) return;
    posted = true;
    setImmediate(turn);
  };
  const domain = new Domain({
    name,
    incarnation: 1,
    seed: 1,
    clock: {
      monotonicMs: () => performance.now(),
      wallMs: () => Date.now(),
    },
    log: { write: (level, text, fields) => console.log(level, text, fields) },
    journal: null,
    transmit: () => "gone",
    wake: post,
    died() {},
  });
  for (const child of children) {
    domain.add({
      address: child.name,
      behavior: child.behavior,
      args: child.args,
      journaled: false,
      restart,
      mailboxCapacity: child.mailbox?.capacity ?? 1024,
    });
  }
  domain.start(() => {});
  return {
    ask: (to: string, message: Message, withinMs: number) =>
      new Promise<Outcome<unknown>>((resolve) =>
        domain.ask(to, message, withinMs, resolve)
      ),
    stop: () => Promise.resolve(domain.stop()),
  };
}
