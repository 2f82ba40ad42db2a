/**
 * One step of a `BehaviorStep`: the context that the behavior sees, which keeps
 * all that the behavior wants until the step has returned. It refuses what the
 * context of a domain refuses: endless waits, names that are taken, children
 * of somebody else.
 *
 * @module
 */
import type {
  Asker,
  AskOptions,
  ChildSpec,
  Context,
  Delivery,
  JournalEvent,
  LogLevel,
  Message,
  Ref,
} from "../actor.ts";
import { endlessWait } from "../context.ts";
import { checkName } from "../lives.ts";
import type { Outcome } from "../outcome.ts";
import { freezePlain } from "../plain_data.ts";
import type {
  Asked,
  Logged,
  Replied,
  RunningTimer,
  Sent,
  Spawned,
  Stashed,
} from "./recorded.ts";

/** What a step needs of the test that runs it. */
export interface StepWorld<M, E> {
  readonly self: string;
  readonly incarnation: number;
  /** Wall time in milliseconds, for timers. */
  readonly nowMs: number;
  /** What `tell` says. */
  readonly delivery: Delivery;
  /** Addresses of children whose `down` has not come. */
  readonly children: Set<string>;
  readonly spawned: Spawned[];
  readonly stopped: string[];
  readonly watching: Set<string>;
  readonly stashed: Stashed<M>[];
  readonly stashCapacity: number;
  /** Wall time that is never behind an event. */
  now(): number;
  random(): number;
  /** Applies an event to the state. */
  apply(event: E): void;
  /** Runs messages set aside again. */
  unstash(limit: number): void;
}

/** The context of one step, and what it staged. See the module's text. */
export class StagedStep<M extends Message, E extends JournalEvent>
  implements Context<M, E> {
  readonly events: E[] = [];
  readonly sent: Sent[] = [];
  readonly asked: Asked[] = [];
  readonly replies: Replied[] = [];
  readonly logged: Logged[] = [];
  /** null: cancelled. */
  readonly timers: Map<string, RunningTimer<M> | null> = new Map();
  readonly counts: Map<string, number> = new Map();
  /** Things to do when the step has returned. */
  readonly acts: (() => void)[] = [];
  readonly #world: StepWorld<M, E>;
  readonly #message: M | null;
  readonly #spawned: Spawned[] = [];
  #asker: Asker;
  #isStashed = false;

  /** @param message null: the step hears a signal. */
  constructor(world: StepWorld<M, E>, message: M | null, asker: Asker) {
    this.#world = world;
    this.#message = message;
    this.#asker = asker;
  }

  get self(): Ref<M> {
    return this.#world.self;
  }

  get incarnation(): number {
    return this.#world.incarnation;
  }

  now(): number {
    return this.#world.now();
  }

  random(): number {
    return this.#world.random();
  }

  tell(to: string, message: Message): Delivery {
    this.sent.push({ to, message: freezePlain(message) });
    return this.#world.delivery;
  }

  ask<About>(to: string, message: Message, options: AskOptions<About>): void {
    const { withinMs } = options;
    if (!Number.isFinite(withinMs)) throw endlessWait("ask", to, withinMs);
    freezePlain(message);
    this.asked.push({ to, message, options: freezePlain(options) });
  }

  reply(outcome: Outcome<unknown>): void {
    this.answer(this.asker(), outcome);
  }

  /** Whoever was answered or taken along is not answered by this step again. */
  asker(): Asker {
    const taken = this.#asker;
    this.#asker = 0;
    return taken;
  }

  answer(asker: Asker, outcome: Outcome<unknown>): void {
    this.replies.push({ asker, outcome: freezePlain(outcome) });
  }

  timer(key: string, delayMs: number, message: M): void {
    if (!Number.isFinite(delayMs)) throw endlessWait("set timer", key, delayMs);
    const dueMs = this.#world.nowMs + delayMs;
    this.timers.set(key, { dueMs, message: freezePlain(message) });
  }

  cancelTimer(key: string): void {
    this.timers.set(key, null);
  }

  spawn<S, T extends Message>(
    // deno-lint-ignore no-explicit-any -- only its own behavior looks inside
    child: ChildSpec<S, T, any, any>,
  ): Ref<T> {
    const { self, children, spawned } = this.#world;
    checkName(child.name);
    const ref = `${self}/${child.name}`;
    if (this.#isChild(ref)) {
      throw new TypeError(`Cannot start "${ref}" as the name is taken`);
    }
    const started = { ref, child: child as ChildSpec };
    this.#spawned.push(started);
    this.acts.push(() => {
      spawned.push(started);
      children.add(ref);
    });
    return ref;
  }

  stop(child: string = this.self): void {
    if (child !== this.self) this.#mustBeChild(child);
    this.#forget(child);
  }

  kill(child: string): void {
    this.#mustBeChild(child);
    this.#forget(child);
  }

  watch(ref: string): void {
    this.acts.push(() => this.#world.watching.add(ref));
  }

  unwatch(ref: string): void {
    this.acts.push(() => this.#world.watching.delete(ref));
  }

  stash(): boolean {
    const message = this.#message;
    const { stashed, stashCapacity } = this.#world;
    if (message === null) {
      throw new TypeError("Cannot stash a signal: it has no message");
    }
    if (this.#isStashed) return true;
    if (stashed.length >= stashCapacity) return false;
    this.#isStashed = true;
    const asker = this.asker();
    this.acts.push(() => stashed.push({ asker, message }));
    return true;
  }

  unstash(limit = Infinity): void {
    this.acts.push(() => this.#world.unstash(limit));
  }

  record(event: E): void {
    this.events.push(freezePlain(event));
    this.#world.apply(event);
  }

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.logged.push({ level, text, fields });
  }

  #isChild(ref: string): boolean {
    return this.#world.children.has(ref) ||
      this.#spawned.some((each) => each.ref === ref);
  }

  #mustBeChild(ref: string): void {
    if (this.#isChild(ref)) return;
    throw new TypeError(
      `Cannot stop "${ref}" as it is no child of ${this.self}`,
    );
  }

  /** It runs no more, though its `down` is still to come. */
  #forget(ref: string): void {
    const { spawned, stopped } = this.#world;
    this.acts.push(() => {
      const index = spawned.findIndex((each) => each.ref === ref);
      if (index >= 0) spawned.splice(index, 1);
      stopped.push(ref);
    });
  }
}
