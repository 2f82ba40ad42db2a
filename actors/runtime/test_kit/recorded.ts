/**
 * What a test can look at after a step: one type for each kind of thing that
 * a behavior does to its world.
 *
 * @module
 */
import type {
  Asker,
  AskOptions,
  ChildSpec,
  LogLevel,
  Message,
  Ref,
} from "../actor.ts";
import type { Outcome } from "../outcome.ts";

/** A message that a step told somebody. */
export interface Sent {
  /** The address it goes to. */
  readonly to: string;
  /** As it was handed over, frozen. */
  readonly message: Message;
}

/** A message that a step asked somebody, and how. */
export interface Asked extends Sent {
  /** As they were handed over, frozen. */
  readonly options: AskOptions<unknown>;
}

/** An answer that a step gave. `asker` counts the sends from 1. */
export interface Replied {
  /** Who is answered. */
  readonly asker: Asker;
  /** The answer. */
  readonly outcome: Outcome<unknown>;
}

/** A timer that is running. `dueMs` is wall time. */
export interface RunningTimer<M> {
  /** When it fires. */
  readonly dueMs: number;
  /** What it sends. */
  readonly message: M;
}

/** A line that an actor or its host logged. */
export interface Logged {
  /** How grave it is. */
  readonly level: LogLevel;
  /** The line. */
  readonly text: string;
  /** The facts that go with it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A child that a step started. */
export interface Spawned {
  /** Its address. */
  readonly ref: Ref;
  /** As it was handed over. */
  readonly child: ChildSpec;
}

/** A message that a step set aside, with who asked it; 0: nobody. */
export interface Stashed<M> {
  /** Answered when it is handled after all. */
  readonly asker: Asker;
  /** Runs again when it is unstashed. */
  readonly message: M;
}
