/**
 * A commit domain on a bench: a counter that can be made to fail, a caller,
 * virtual time, a disk in memory, and all that the domain let out.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  Answered,
  Asks,
  Behavior,
  Context,
} from "../../../actors/runtime/actor.ts";
import { type ActorSpec, Cell } from "../../../actors/runtime/cell.ts";
import { Domain } from "../../../actors/runtime/domain.ts";
import type { Envelope } from "../../../actors/runtime/envelope.ts";
import { Family } from "../../../actors/runtime/family.ts";
import { specOf } from "../../../actors/runtime/lives.ts";
import {
  MemoryDisk,
  MemoryJournal,
} from "../../../actors/runtime/test_kit/memory_journal.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import type { Journal } from "../../../actors/runtime/ports.ts";
import type { RestartPolicy } from "../../../actors/runtime/supervisor.ts";

export type CounterMessage =
  | ({ kind: "add"; amount: number } & Asks<number>)
  | ({ kind: "read" } & Asks<number>)
  | ({ kind: "add_then_throw"; amount: number } & Asks<number>)
  | ({ kind: "wait" } & Asks<number>)
  | { kind: "arm"; delayMs: number }
  | { kind: "tick" };

export type Added = { kind: "added"; amount: number; atMs?: number };

export interface CounterState {
  total: number;
  volatile: { recoveries: number; ticks: number };
}

/** Adds up, and fails in the ways that a test asks for. */
export const counter: Behavior<CounterState, CounterMessage, undefined, Added> =
  {
    name: "counter",
    start: () => ({ total: 0, volatile: { recoveries: 0, ticks: 0 } }),
    receive(ctx, state, message) {
      switch (message.kind) {
        case "add":
          ctx.record({
            kind: "added",
            amount: message.amount,
            atMs: ctx.now(),
          });
          return ctx.reply(ok(state.total));
        case "read":
          return ctx.reply(ok(state.total));
        case "add_then_throw":
          ctx.record({ kind: "added", amount: message.amount });
          ctx.reply(ok(state.total));
          throw new Error("on purpose");
        case "wait":
          ctx.asker();
          return;
        case "arm":
          return ctx.timer("tick", message.delayMs, { kind: "tick" });
        case "tick":
          state.volatile.ticks++;
      }
    },
    apply(state, event) {
      state.total += event.amount;
    },
    signal(_ctx, state, signal) {
      if (signal.kind === "recovered") state.volatile.recoveries++;
    },
    urgent: new Set(["read"]),
    keyOf: (message) => "amount" in message ? String(message.amount) : "",
  };

export type CallerMessage =
  | ({ kind: "call"; message: CounterMessage } & Asks<unknown>)
  | Answered<"called", number, { asker: number }>;

/** Asks the counter and hands the outcome on. */
export const caller: Behavior<null, CallerMessage> = {
  name: "caller",
  start: () => null,
  receive(ctx: Context<CallerMessage, never>, _state, message) {
    if (message.kind === "called") {
      return ctx.answer(message.about.asker, message.outcome);
    }
    ctx.ask("counter[0]", message.message, {
      as: "called",
      withinMs: 100,
      about: { asker: ctx.asker() },
    });
  },
};

export const restart = {
  maxRestarts: 3,
  periodMs: 10_000,
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
};

export function spec(
  address: string,
  behavior: ActorSpec["behavior"],
  journaled: boolean,
): ActorSpec {
  return {
    address,
    behavior,
    args: undefined,
    journaled,
    restart,
    mailboxCapacity: 4,
  };
}

/** What a test may choose. */
export interface BenchOptions {
  readonly disk?: MemoryDisk;
  /** Makes appends durable later. */
  readonly schedule?: (commit: () => void) => void;
  /** By default a journaled counter and a caller of it. */
  readonly actors?: readonly ActorSpec[];
  /** Stands in front of the journal in memory. */
  readonly journal?: (journal: MemoryJournal) => Journal;
  readonly incarnation?: number;
  readonly wallMs?: () => number;
  /** By default the bench's own `nowMs`. */
  readonly monotonicMs?: () => number;
}

/** A domain under virtual time, with its disk and what left it. */
export class Bench {
  nowMs = 1_000_000;
  /** How often the domain asked for a run. */
  wakes = 0;
  readonly sent: Envelope[] = [];
  died: string | null = null;
  readonly disk: MemoryDisk;
  readonly journal: MemoryJournal;
  readonly domain: Domain;

  constructor(options: BenchOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk();
    this.journal = new MemoryJournal(this.disk, options.schedule);
    this.domain = new Domain({
      name: "main",
      incarnation: options.incarnation ?? 1,
      seed: 1,
      clock: {
        monotonicMs: options.monotonicMs ?? (() => this.nowMs),
        wallMs: options.wallMs ?? (() => this.nowMs),
      },
      log: { write: () => {} },
      journal: options.journal?.(this.journal) ?? this.journal,
      transmit: (envelope) => {
        this.sent.push(envelope);
        return "queued";
      },
      wake: () => this.wakes++,
      died: (reason) => this.died = reason,
      freeze: true,
    });
    const actors = options.actors ?? [
      spec("counter[0]", counter, true),
      spec("caller[0]", caller, false),
    ];
    for (const actor of actors) this.domain.add(actor);
    this.domain.start(() => {});
  }

  /** Lets time pass and runs until there is nothing to do then. */
  run(advanceMs = 0): void {
    this.nowMs += advanceMs;
    while (this.domain.run() <= this.nowMs);
  }

  /** Asks, and makes sure that the ask settles no more than once. */
  ask(to: string, message: { kind: string }, withinMs = 1_000): Asked {
    const asked: Asked = { outcome: null };
    this.domain.ask(to, message, withinMs, (outcome) => {
      assert.equal(asked.outcome, null, "an ask settles once");
      asked.outcome = outcome;
    });
    return asked;
  }

  /** The state of the counter. */
  get state(): CounterState {
    return this.domain.stateOf("counter[0]") as CounterState;
  }

  /** How an actor is. */
  status(address = "counter[0]"): string {
    const { actors } = this.domain.report();
    return actors.find((actor) => actor.address === address)!.status;
  }
}

/** An ask that may not have ended. */
export interface Asked {
  outcome: Outcome<unknown> | null;
}

/** A cell by itself, for parts of the runtime that run no step. */
export function cellOf(address: string, journaled: boolean): Cell {
  const policy = { strategy: "one_for_one", maxRestarts: 3, periodMs: 5_000 };
  const family = new Family(address, policy as RestartPolicy, null, null);
  const spec = specOf({ behavior: counter, journaled });
  return new Cell(address, undefined, spec, family);
}
