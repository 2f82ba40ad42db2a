/** A probe shows what an actor tells and asks, when it does, and answers. */
import assert from "node:assert/strict";
import type {
  Answered,
  Asks,
  Behavior,
  Ref,
} from "../../../../actors/runtime/actor.ts";
import { ok, rejected } from "../../../../actors/runtime/outcome.ts";
import {
  ManualSystem,
} from "../../../../actors/runtime/test_kit/manual_system.ts";
import { Probe } from "../../../../actors/runtime/test_kit/probe.ts";

type ToTill =
  | ({ kind: "charge"; amount: number } & Asks<{ receipt: string }>)
  | { kind: "closed" };

type ToWaiter =
  | { kind: "order"; amount: number }
  | { kind: "close" }
  | Answered<"charged", { receipt: string }>;

/** Charges what is ordered, and says so when the till has closed a while. */
const waiter: Behavior<string[], ToWaiter, { till: Ref<ToTill> }> = {
  name: "waiter",
  start: () => [],
  receive(ctx, state, message) {
    switch (message.kind) {
      case "order":
        return ctx.ask(till, { kind: "charge", amount: message.amount }, {
          as: "charged",
          withinMs: 1_000,
        });
      case "charged":
        return void state.push(message.outcome.kind);
      case "close":
        return ctx.timer("close", 500, { kind: "order", amount: 0 });
    }
  },
};
const till: Ref<ToTill> = "till";

function start() {
  const system = new ManualSystem();
  const probe = new Probe<ToTill>(system, "till");
  const ref = system.spawn({
    name: "waiter",
    behavior: waiter,
    args: { till: probe.ref },
  });
  return { system, probe, ref, heard: () => system.stateOf(ref) };
}

Deno.test("a probe keeps what it gets and hands each message out once", () => {
  const { system, probe, ref } = start();
  system.tell(ref, { kind: "order", amount: 3 });
  system.tell(probe.ref, { kind: "closed" });
  assert.deepEqual(probe.received, [], "nothing ran yet");
  assert.equal(probe.expectMessage("closed").kind, "closed");
  assert.equal(probe.expectMessage("charge").amount, 3);
  assert.deepEqual(probe.received.map(({ kind }) => kind), [
    "closed",
    "charge",
  ]);
  assert.throws(() => probe.expectMessage("charge"), {
    name: "AssertionError",
    message: 'till expected "charge" within 0 ms, got nothing',
  });
});

Deno.test("a message of another kind fails the test and says what it is", () => {
  const { system, probe } = start();
  system.tell(probe.ref, { kind: "closed" });
  assert.throws(() => probe.expectMessage("charge"), {
    message: 'till expected "charge" within 0 ms, got {"kind":"closed"}',
  });
  probe.expectMessage("closed");
});

Deno.test("a probe waits in virtual time, and stands where the message came", () => {
  const { system, probe, ref } = start();
  const startMs = system.nowMs;
  system.tell(ref, { kind: "close" });
  assert.throws(() => probe.expectMessage("charge", 499), /got nothing/);
  assert.equal(system.nowMs, startMs + 499);
  probe.expectMessage("charge", 1);
  assert.equal(system.nowMs, startMs + 500);
});

Deno.test("silence is over at the first message, also at one from before", () => {
  const { system, probe, ref } = start();
  const startMs = system.nowMs;
  system.tell(ref, { kind: "close" });
  probe.expectNoMessageFor(499);
  assert.throws(() => probe.expectNoMessageFor(10), {
    message:
      'till expected nothing for 10 ms, got {"kind":"charge","amount":0}',
  });
  assert.equal(system.nowMs, startMs + 500);
  assert.throws(() => probe.expectNoMessageFor(0), /expected nothing/);
  probe.expectMessage("charge");
  probe.expectNoMessageFor(10_000);
  assert.equal(system.nowMs, startMs + 10_500);
});

Deno.test("a probe answers what was expected last, once", () => {
  const { system, probe, ref, heard } = start();
  assert.throws(() => probe.reply(rejected("closed")), /no message/);
  system.tell(ref, { kind: "order", amount: 1 });
  system.tell(ref, { kind: "order", amount: 2 });
  probe.expectMessage("charge");
  probe.reply(ok({ receipt: "r-1" }));
  probe.reply(rejected("closed"));
  system.runUntilIdle();
  assert.deepEqual(heard(), ["ok"]);
  probe.expectMessage("charge");
  probe.reply(rejected("closed"));
  system.runUntilIdle();
  assert.deepEqual(heard(), ["ok", "rejected"]);
});

Deno.test("an ask that a probe leaves alone ends as unknown", () => {
  const { system, probe, ref, heard } = start();
  system.tell(ref, { kind: "order", amount: 1 });
  probe.expectMessage("charge");
  system.advance(1_000);
  assert.deepEqual(heard(), ["unknown"]);
  probe.reply(ok({ receipt: "late" }));
  system.runUntilIdle();
  assert.deepEqual(heard(), ["unknown"]);
});
