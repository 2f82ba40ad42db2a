/**
 * An actor that stands for a collaborator in a test: it does nothing but keep
 * what it is told and asked, for the test to look at and to answer.
 *
 * @module
 */
import { AssertionError } from "node:assert/strict";
import type { AnswerTo, Asker, Behavior, Message, Ref } from "../actor.ts";
import type { Outcome } from "../outcome.ts";
import type { ManualSystem } from "./manual_system.ts";

/** What a probe got, and who waits for an answer; 0: nobody. */
interface Kept {
  readonly message: Message;
  readonly asker: Asker;
}

/** Tells the probe's actor to answer; no protocol has such a kind. */
interface Answer {
  readonly kind: "$answer";
  readonly asker: Asker;
  readonly outcome: Outcome<unknown>;
}

const probing: Behavior<Kept[]> = {
  name: "probe",
  start: () => [],
  receive(ctx, state, message) {
    if (message.kind !== "$answer") {
      state.push({ message, asker: ctx.asker() });
      return;
    }
    const { asker, outcome } = message as Answer;
    ctx.answer(asker, outcome);
  },
};

/**
 * A collaborator that only listens, of a protocol `M`. Its expectations take
 * the messages one after the other, oldest first, and each message once.
 */
export class Probe<M extends Message = Message> {
  /** Where it is reached. */
  readonly ref: Ref<M>;
  readonly #system: ManualSystem;
  /** How many of the messages were expected. */
  #expected = 0;

  /** Starts it in that system. Throws a TypeError for a name that is taken. */
  constructor(system: ManualSystem, name = "probe") {
    this.#system = system;
    system.spawn({ name, behavior: probing, args: undefined });
    this.ref = name;
  }

  /** All messages that it got, oldest first, expected or not. */
  get received(): readonly M[] {
    return this.#kept.map(({ message }) => message as M);
  }

  /**
   * The next message, which must be of that kind and come within `withinMs`
   * milliseconds of virtual time; by default now. Throws an AssertionError
   * that says what came instead.
   */
  expectMessage<Kind extends M["kind"]>(
    kind: Kind,
    withinMs = 0,
  ): Extract<M, { readonly kind: Kind }> {
    const isThere = this.#system.advanceUntil(() => this.#hasNext, withinMs);
    const next = this.#kept[this.#expected];
    if (!isThere || next?.message.kind !== kind) {
      throw this.#unlike(`"${kind}" within ${withinMs} ms`, next?.message);
    }
    this.#expected++;
    return next.message as Extract<M, { readonly kind: Kind }>;
  }

  /**
   * Lets `durationMs` milliseconds of virtual time pass, in which nothing may
   * come; what came before and was not expected counts too. Throws an
   * AssertionError that says what came, and stands at that time.
   */
  expectNoMessageFor(durationMs: number): void {
    const came = this.#system.advanceUntil(() => this.#hasNext, durationMs);
    if (!came) return;
    const { message } = this.#kept[this.#expected]!;
    throw this.#unlike(`nothing for ${durationMs} ms`, message);
  }

  /**
   * Answers who asked the message that was expected last; nobody, when it was
   * told, answered already, or its deadline has passed. Throws an Error before
   * the first expectation.
   */
  reply(outcome: Outcome<AnswerTo<M>>): void {
    const last = this.#kept[this.#expected - 1];
    if (last === undefined) {
      throw new Error(`Cannot reply as ${this.ref} has expected no message`);
    }
    const answer: Answer = { kind: "$answer", asker: last.asker, outcome };
    this.#system.tell(this.ref as Ref, answer);
  }

  get #kept(): readonly Kept[] {
    return this.#system.stateOf(this.ref) as Kept[];
  }

  get #hasNext(): boolean {
    return this.#kept.length > this.#expected;
  }

  #unlike(expected: string, actual: Message | undefined): AssertionError {
    const what = actual === undefined ? "nothing" : JSON.stringify(actual);
    return new AssertionError({
      message: `${this.ref} expected ${expected}, got ${what}`,
      actual,
      expected,
    });
  }
}
