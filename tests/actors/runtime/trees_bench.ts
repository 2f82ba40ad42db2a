/**
 * Trees of actors for plays on the stage: each writes down when it starts, is
 * stopped and hears of somebody, and does what a message brings along as a
 * function, so that a test reads as one list of what happened.
 *
 * @module
 */
import type {
  AnyBehavior,
  ChildSpec,
  Message,
  Signal,
} from "../../../actors/runtime/actor.ts";
import type { DomainOptions } from "../../../actors/runtime/domain.ts";
import {
  isSupervisor,
  type RestartPolicy,
  type SupervisorSpec,
} from "../../../actors/runtime/supervisor.ts";
import { type AnyContext, type Played, Stage } from "./pains_bench.ts";

/** What a message makes its receiver do. */
export type Act = (ctx: AnyContext, message: Message) => void;

/** An actor or a supervisor. */
export type Grown = ChildSpec | SupervisorSpec;

/** The most patient of supervisors. */
const PATIENT: RestartPolicy = {
  strategy: "one_for_one",
  maxRestarts: 1_000,
  periodMs: 5_000,
};

/** A supervisor; what it leaves open is patient. */
export function supervisor(
  name: string,
  policy: Partial<RestartPolicy>,
  children: readonly Grown[],
): SupervisorSpec {
  return { ...PATIENT, name, ...policy, children };
}

/** Refuses to go on. */
export function crash(): never {
  throw new Error("on purpose");
}

/** See the module's text. */
export class Tree {
  /** Whose `start` throws. */
  readonly unwell = new Set<string>();
  /** Done with each signal, after it is written down. */
  onSignal: (ctx: AnyContext, signal: Signal) => void = () => {};
  readonly stage: Stage;
  #news: string[] = [];
  #acts = 0;

  /**
   * @param grow Names what stands below the root of each domain. An actor of
   * the domain `far` has a name that begins with `far.`.
   */
  constructor(
    grow: (tree: Tree) => Readonly<Record<string, readonly Grown[]>>,
    options: Partial<DomainOptions> = {},
  ) {
    const casts = Object.entries(grow(this)).map(([name, grown]) =>
      [name, (domain: Stage["domain"]) => {
        for (const each of grown) {
          if (isSupervisor(each)) domain.supervise(each);
          else domain.spawn(each);
        }
      }] as const
    );
    this.stage = new Stage(Object.fromEntries(casts), {
      freeze: false,
      root: PATIENT,
      escalated: () => this.note("the root gave up"),
      ...options,
    });
  }

  get domain() {
    return this.stage.domain;
  }

  /** An actor that writes down what happens to it, under its own name. */
  child(
    name: string,
    more: Partial<ChildSpec> = {},
    behaves: Partial<AnyBehavior> = {},
  ): ChildSpec {
    const behavior: AnyBehavior = {
      name: "noting",
      start: () => {
        this.note(`start ${name}`);
        if (this.unwell.has(name)) crash();
        return {};
      },
      receive: (ctx, _state, message) => {
        if ("act" in message) message.act(ctx, message);
        else this.note(`${ctx.self}: ${message.kind}`);
      },
      signal: (ctx, _state, signal) => {
        this.#noteSignal(ctx.self, signal);
        this.onSignal(ctx, signal);
      },
      // Else the second crash would be the last act.
      keyOf: (message) => `${message.number}`,
      ...behaves,
    };
    return { name, behavior, args: undefined, ...more };
  }

  #noteSignal(self: string, signal: Signal): void {
    switch (signal.kind) {
      case "recovered":
        return;
      case "stopping":
        return this.note(`stop ${self}`);
      case "down":
        return this.note(`${self}: ${signal.ref} ${signal.reason.kind}`);
      case "room":
        return this.note(`${self}: room at ${signal.ref}`);
      case "idle":
        return this.note(`${self}: idle`);
    }
  }

  /** Writes something down. */
  note(text: string): void {
    this.#news.push(text);
  }

  /** What was written down since the last call. */
  news(): string[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** A message that brings its act along. */
  acting(act: Act, kind = "act"): Message {
    return { kind, act, number: this.#acts++ } as Message;
  }

  /** Makes an actor do something, and lets all happen that follows now. */
  act(address: string, act: Act): void {
    this.stage.tell(address, this.acting(act));
    this.stage.run();
  }

  crash(address: string): void {
    this.act(address, crash);
  }

  /** Asks an actor, which answers as its act does. */
  ask(address: string, act: Act, withinMs?: number): Played {
    const played = this.stage.ask(address, this.acting(act), withinMs);
    this.stage.run();
    return played;
  }

  /** Which life an actor is in; 0: it has ended, or does not run. */
  life(address: string): number {
    const actor = this.stage.actor(address);
    return actor?.status === "running" ? actor.incarnation : 0;
  }

  /** Stops all; the news are of the way there. */
  shutDown(withinMs = 60_000): string[] {
    this.news();
    this.domain.shutDown(() => this.note("all have ended"));
    this.stage.run(withinMs);
    return this.news();
  }
}
