/**
 * What does not fit does not compile. Below each comment that expects an error
 * stands a line that would make the check of types fail if it were right.
 * Nothing of this is run: the compiler reads it, and that is the test.
 */
import type {
  Answered,
  AnswerOf,
  Asks,
  Behavior,
  ChildSpec,
  Context,
  Ref,
  Signal,
} from "../../../actors/runtime/actor.ts";
import { ok, type Outcome, rejected } from "../../../actors/runtime/outcome.ts";
import {
  ManualSystem,
} from "../../../actors/runtime/test_kit/manual_system.ts";
import { Probe } from "../../../actors/runtime/test_kit/probe.ts";
import type { System } from "../../../cluster/worker/system.ts";

/** What a stock is told and asked. */
type ToStock =
  | ({ kind: "reserve"; quantity: number } & Asks<number>)
  | ({ kind: "describe" } & Asks<string>)
  | { kind: "close" };

/** What a shopper is told; `reserved` and `described` are answers. */
type ToShopper =
  | { kind: "wake" }
  | Answered<"reserved", number>
  | Answered<"described", string, { page: number }>;

declare const stock: Ref<ToStock>;
declare const stockBehavior: Behavior<null, ToStock, { sku: string }>;
declare const shopper: Context<ToShopper>;
declare const clerk: Context<ToStock>;
declare const system: System;
declare const manual: ManualSystem;

export function tells(): void {
  shopper.tell(stock, { kind: "close" });
  // @ts-expect-error -- a stock has no such message
  shopper.tell(stock, { kind: "open" });
  // @ts-expect-error -- the quantity is a number
  system.tell(stock, { kind: "reserve", quantity: "2" });
  // @ts-expect-error -- the quantity is missing
  manual.tell(stock, { kind: "reserve" });
  // @ts-expect-error -- a timer sends a message of the actor's own
  shopper.timer("wake", 1_000, { kind: "close" });
}

export function asks(): void {
  const reserve = { kind: "reserve", quantity: 2 } as const;
  shopper.ask(stock, reserve, { as: "reserved", withinMs: 100 });
  // @ts-expect-error -- a shopper has no message of that kind
  shopper.ask(stock, reserve, { as: "answered", withinMs: 100 });
  shopper.ask(stock, reserve, {
    // @ts-expect-error -- a number is no answer that `described` can carry
    as: "described",
    withinMs: 100,
    about: { page: 1 },
  });
  shopper.ask(stock, { kind: "describe" }, {
    as: "described",
    withinMs: 100,
    about: { page: 1 },
  });
  // @ts-expect-error -- `described` says which page it is about
  shopper.ask(stock, { kind: "describe" }, { as: "described", withinMs: 100 });
  // @ts-expect-error -- every ask has a deadline
  shopper.ask(stock, reserve, { as: "reserved" });
  // @ts-expect-error -- a stock has no such message
  shopper.ask(stock, { kind: "open" }, { as: "reserved", withinMs: 100 });
}

export async function answers(): Promise<void> {
  const reserve = { kind: "reserve", quantity: 2 } as const;
  const asked = await system.ask(stock, reserve, 100);
  if (asked.kind === "ok") asked.value satisfies number;
  // @ts-expect-error -- an outcome may be other than ok
  asked.value satisfies number;
  const awaited = manual.ask(stock, { kind: "describe" }, 100);
  awaited.outcome satisfies Outcome<string> | null;
  // @ts-expect-error -- the answer to `describe` is a string
  awaited.outcome satisfies Outcome<number> | null;
  // @ts-expect-error -- nobody waits without an end
  manual.ask(stock, { kind: "describe" });
  // @ts-expect-error -- no message of that kind, so no answer
  type _None = AnswerOf<ToStock, "open">;
}

export function replies(): void {
  clerk.reply(ok(2));
  clerk.reply(ok("two"));
  clerk.reply(rejected("sold-out"));
  // @ts-expect-error -- no message of a stock asks for a date
  clerk.reply(ok({ year: 2026 }));
  // @ts-expect-error -- nor does one answered later
  clerk.answer(1, ok(true));
  // @ts-expect-error -- nobody can ask a shopper anything
  shopper.reply(ok(null));
  // @ts-expect-error -- a probe answers what its protocol asks for
  new Probe<ToStock>(manual).reply(ok(null));
}

export function children(): void {
  const behavior = stockBehavior;
  const child = { name: "stock", behavior, args: { sku: "A1" } };
  child satisfies ChildSpec<null, ToStock, { sku: string }>;
  shopper.spawn(child) satisfies Ref<ToStock>;
  // @ts-expect-error -- the SKU is a string
  shopper.spawn({ name: "stock", behavior, args: { sku: 1 } });
  // @ts-expect-error -- the arguments are missing
  shopper.spawn({ name: "stock", behavior });
  // @ts-expect-error -- the SKU is a string
  system.spawn({ name: "stock", behavior, args: { sku: 1 } });
  // @ts-expect-error -- the SKU is a string
  manual.spawn({ name: "stock", behavior, args: { sku: 1 } });
  // @ts-expect-error -- nobody is restarted sometimes
  manual.spawn({ ...child, restart: "sometimes" });
}

export function refs(signal: Signal & { kind: "down" }): void {
  type Closing = Extract<ToStock, { kind: "close" }>;
  // Who takes more takes less: a ref is narrowed by handing it on.
  const closer: Ref<Closing> = stock;
  // @ts-expect-error -- who takes `close` need not take all the rest
  closer satisfies Ref<ToStock>;
  // @ts-expect-error -- a stock is no shopper
  stock satisfies Ref<ToShopper>;
  // An address that came as text is trusted: its protocol is said there.
  const configured: Ref<ToStock> = "stock[3]";
  // Whatever it takes, an actor can be watched, stopped and told apart.
  for (const ref of [configured, closer]) shopper.watch(ref);
  shopper.stop(stock);
  void (signal.ref === stock);
}

export function same(): void {
  // A test drives what the program starts: the kit keeps up with the system.
  const shared: Pick<System, "spawn" | "tell" | "tree" | "deadLetters"> =
    manual;
  type Told = Parameters<typeof manual.ask>;
  ({} as Told) satisfies Parameters<typeof system.ask>;
  void shared;
}
