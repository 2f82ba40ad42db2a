/**
 * Actors for a program that brings its own: a domain with the machine's clock,
 * running in the thread that starts it. Promises stand here, at the edge, and
 * nowhere inside.
 *
 * @module
 */
import type {
  AnswerOf,
  ChildSpec,
  Message,
  Ref,
} from "../../actors/runtime/actor.ts";
import type { DeadLetter } from "../../actors/runtime/dead_letters.ts";
import type { Domain } from "../../actors/runtime/domain.ts";
import type { TreeNode } from "../../actors/runtime/domain_report.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { found, type SystemSpec } from "../../actors/runtime/system_spec.ts";
import { Turns } from "./turns.ts";

/**
 * What a system is made of. All of it has a default; `freeze` is off, since it
 * costs more than most steps.
 */
export interface SystemOptions extends SystemSpec {
  /** Takes structured lines. Default: warnings and errors, to the console. */
  readonly log?: Log;
}

/** Warnings and errors as JSON lines on stderr. */
const CONSOLE: Log = {
  write(level, text, fields) {
    if (level !== "warn" && level !== "error") return;
    // deno-lint-ignore no-console -- the host's own log
    console.error(JSON.stringify({ level, text, ...fields }));
  },
};

/** Twice what one actor may take to stop by default. */
const STOP_WITHIN_MS = 10_000;

/** A running system. */
export class System {
  readonly #turns: Turns;
  #stopped: Promise<void> | null = null;

  /** Use {@linkcode startSystem}. */
  constructor(turns: Turns) {
    this.#turns = turns;
  }

  get #domain(): Domain {
    return this.#turns.domain;
  }

  /** Starts one more actor below the root; its address is its name. */
  spawn<State, M extends Message, Args>(
    // deno-lint-ignore no-explicit-any -- only its own behavior looks inside
    child: ChildSpec<State, M, Args, any>,
  ): Ref<M> {
    this.#domain.spawn(child as ChildSpec);
    return child.name as Ref<M>;
  }

  /** Sends without waiting. A message that nobody takes is a dead letter. */
  tell<M extends Message>(to: Ref<M>, message: NoInfer<M>): void {
    this.#domain.tell(to, message);
  }

  /**
   * Asks, and resolves with the outcome within `withinMs` milliseconds; it
   * never rejects. Throws a RangeError for a wait that is not finite.
   */
  ask<M extends Message, Kind extends M["kind"]>(
    to: Ref<M>,
    message: NoInfer<M> & { readonly kind: Kind },
    withinMs: number,
  ): Promise<Outcome<AnswerOf<M, Kind>>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<unknown>>();
    this.#domain.ask(to, message, withinMs, resolve);
    return promise as Promise<Outcome<AnswerOf<M, Kind>>>;
  }

  /** Who lives, who supervises whom, depths, rates, restarts, last crashes. */
  tree(): TreeNode {
    return this.#domain.tree();
  }

  /** The newest messages that nobody took, oldest first. */
  deadLetters(): readonly DeadLetter[] {
    return this.#domain.deadLetters.newest();
  }

  /**
   * Stops all actors in the reverse order of their start, each with its mail
   * handled; what is not done after `withinMs` is not done. Further calls wait
   * for the same end.
   */
  stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    return this.#stopped ??= this.#stop(withinMs);
  }

  async #stop(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#domain.shutDown(resolve, withinMs);
    await promise;
    this.#turns.stop();
  }

  /** Stops, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts a system in this thread.
 *
 * @throws {TypeError | RangeError} For a spec that cannot be; what a `start`
 * throws at the first try comes out too.
 */
export function startSystem(options: SystemOptions = {}): System {
  const { name = "system", seed = 1, log = CONSOLE } = options;
  const turns: Turns = new Turns({
    domain: {
      name,
      incarnation: 1,
      seed,
      journal: null,
      died: () => {},
      escalated: () => log.write("error", "the root gave up", { name }),
      ...options.root && { root: options.root },
      freeze: options.freeze ?? false,
    },
    log,
    locate: () => undefined,
    gateways: new Map(),
    linkBroke: () => {},
  });
  const { domain } = turns;
  found(domain, options);
  domain.start(() => {});
  return new System(turns);
}
