/**
 * Actors that can be tested: behaviors are synchronous steps over plain data,
 * so the same file runs in a live shop and under a seeded adversary that
 * reorders messages and takes the power away at any commit.
 *
 * ```ts
 * import { type Asks, type Behavior, BehaviorStep, ok } from "./mod.ts";
 *
 * type Add = { kind: "add"; amount: number } & Asks<number>;
 * type Added = { kind: "added"; amount: number };
 *
 * const counter: Behavior<{ total: number }, Add, undefined, Added> = {
 *   name: "counter",
 *   start: () => ({ total: 0 }),
 *   receive(ctx, state, message) {
 *     ctx.record({ kind: "added", amount: message.amount });
 *     ctx.reply(ok(state.total));
 *   },
 *   apply: (state, event) => {
 *     state.total += event.amount;
 *   },
 * };
 *
 * const step = new BehaviorStep(counter, undefined);
 * step.send({ kind: "add", amount: 2 });
 * step.send({ kind: "add", amount: 3 });
 * step.refold(); // the state is what its events say
 * if (step.state.total !== 5) throw new Error("cannot happen");
 * ```
 *
 * @module
 */
export type {
  Answered,
  AnswerTo,
  AnyBehavior,
  Asker,
  AskOptions,
  Asks,
  Behavior,
  Context,
  Delivery,
  JournalEvent,
  Lane,
  LogLevel,
  Message,
  Ref,
  Signal,
} from "./actors/runtime/actor.ts";
export type { ActorSpec, CellStatus, Crash } from "./actors/runtime/cell.ts";
export { Domain, type DomainOptions } from "./actors/runtime/domain.ts";
export type {
  ActorReport,
  DomainReport,
} from "./actors/runtime/domain_report.ts";
export { type Content, Envelope } from "./actors/runtime/envelope.ts";
export { MemoryDisk, MemoryJournal } from "./actors/runtime/memory_journal.ts";
export {
  type Failed,
  failed,
  type FailureCode,
  type Ok,
  ok,
  type Outcome,
  type Rejected,
  rejected,
  type Unknown,
  unknown,
} from "./actors/runtime/outcome.ts";
export type {
  Append,
  AppendResult,
  Clock,
  FoldTarget,
  Journal,
  Log,
  Random,
  Recovered,
} from "./actors/runtime/ports.ts";
export { SeededRandom, stableHash } from "./actors/runtime/random.ts";
export {
  type Asked,
  BehaviorStep,
  type Logged,
  type Replied,
  type RunningTimer,
  type Sent,
  type StepOptions,
} from "./actors/runtime/step.ts";
export {
  type Awaited,
  type CrashPoint,
  type SteppedDomain,
  type SteppedGateway,
  SteppingHost,
  type SteppingOptions,
} from "./actors/runtime/stepping_host.ts";
export {
  decideRestart,
  type Directive,
  type RestartSpec,
} from "./actors/runtime/supervision.ts";
