/**
 * Small systems of counters, forwarders and tellers under an adversary that
 * reorders, crashes steps and takes the power away: who was told `ok` finds
 * his event on the disk, who was told `failed` finds nothing there, no event
 * comes twice, every ask ends once, and tells keep their order.
 */
import assert from "node:assert/strict";
import type {
  Answered,
  Asker,
  Asks,
  Behavior,
  JournalEvent,
  Ref,
} from "../../../actors/runtime/actor.ts";
import type { ActorSpec } from "../../../actors/runtime/cell.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  type Awaited,
  type SteppedDomain,
  SteppingHost,
} from "../../../actors/runtime/test_kit/stepping_host.ts";

const SYSTEMS = 150;

/** Where an operation crashes: in this step, at that actor's hop. */
type Throws = "nowhere" | "counter" | "forwarder" | "forwarder_answer";

type CounterMessage =
  | ({ kind: "put"; id: number; throws: Throws } & Asks<number>)
  | { kind: "note"; from: string; number: number };
type CounterEvent =
  | { kind: "put_in"; id: number }
  | { kind: "noted"; from: string; number: number };

/** Keeps whatever it is given; not idempotent, so a repeat would show. */
const counter: Behavior<
  { ids: number[] },
  CounterMessage,
  undefined,
  CounterEvent
> = {
  name: "counter",
  start: () => ({ ids: [] }),
  receive(ctx, state, message) {
    if (message.kind === "note") {
      const { from, number } = message;
      return ctx.record({ kind: "noted", from, number });
    }
    ctx.record({ kind: "put_in", id: message.id });
    ctx.reply(ok(state.ids.length));
    if (message.throws === "counter") throw new Error("on purpose");
  },
  apply(state, event) {
    if (event.kind === "put_in") state.ids.push(event.id);
  },
  urgent: new Set(["note"]),
  keyOf: (message) => message.kind === "put" ? `${message.id}` : "",
};

type ForwarderMessage =
  | (
    & { kind: "forward"; to: string; id: number; throws: Throws }
    & Asks<number>
  )
  | Answered<"forwarded", number, { asker: Asker; throws: Throws; id: number }>;

/** Grows over all lives, so that a number tells when it was sent. */
let lastNumber = 0;

/** Hands a put on, after it has said so in its own journal, if it has one. */
function forwarder(journaled: boolean): Behavior<
  { begun: number },
  ForwarderMessage,
  undefined,
  { kind: "begun" }
> {
  return {
    name: "forwarder",
    start: () => ({ begun: 0 }),
    receive(ctx, _state, message) {
      if (message.kind === "forwarded") {
        const { asker, throws } = message.about;
        ctx.answer(asker, message.outcome);
        if (throws === "forwarder_answer") throw new Error("on purpose");
        return;
      }
      const { to, id, throws } = message;
      if (journaled) ctx.record({ kind: "begun" });
      const put: CounterMessage = { kind: "put", id, throws };
      const about = { asker: ctx.asker(), throws, id };
      ctx.ask(to as Ref, put, { as: "forwarded", withinMs: 500, about });
      const number = ++lastNumber;
      ctx.tell(to as Ref, {
        kind: "note",
        from: ctx.self,
        number,
      } as CounterMessage);
      if (throws === "forwarder") throw new Error("on purpose");
    },
    apply(state) {
      state.begun++;
    },
    keyOf: (message) =>
      message.kind === "forward" ? `${message.id}` : `${message.about.id}`,
  };
}

function placed(
  address: string,
  behavior: ActorSpec["behavior"],
  journaled: boolean,
): ActorSpec {
  return {
    address,
    behavior,
    args: undefined,
    journaled,
    restart: {
      maxRestarts: 20,
      periodMs: 1_000,
      backoffMinMs: 10,
      backoffMaxMs: 100,
    },
    mailboxCapacity: 64,
  };
}

const COUNTERS = ["counter[0]", "counter[1]"] as const;
const FORWARDERS = ["forwarder[0]", "forwarder[1]", "forwarder[2]"] as const;

/** Two counters and three forwarders, spread over one to three domains. */
function system(random: SeededRandom): SteppedDomain[] {
  const actors = [
    ...COUNTERS.map((address) => placed(address, counter, true)),
    ...FORWARDERS.map((address, index) =>
      placed(address, forwarder(index === 0), index === 0)
    ),
  ];
  const domains = Array.from(
    { length: 1 + random.below(3) },
    (_, index) => ({ name: `domain-${index}`, actors: [] as ActorSpec[] }),
  );
  for (const actor of actors) {
    domains[random.below(domains.length)]!.actors.push(actor);
  }
  return domains;
}

interface Operation {
  readonly id: number;
  readonly throws: Throws;
  readonly awaited: Awaited;
}

function begin(
  host: SteppingHost,
  random: SeededRandom,
  id: number,
): Operation {
  const to = COUNTERS[random.below(COUNTERS.length)]!;
  const all = ["counter", "forwarder", "forwarder_answer"] as const;
  const throws = random.chance(1, 4) ? all[random.below(3)]! : "nowhere";
  const by = random.chance(1, 3)
    ? null
    : FORWARDERS[random.below(FORWARDERS.length)]!;
  const message = by === null
    ? { kind: "put", id, throws }
    : { kind: "forward", to, id, throws };
  return { id, throws, awaited: host.ask(by ?? to, message, 1_000) };
}

/** Runs a system of that seed; returns what there is to judge. */
function live(seed: number) {
  const random = new SeededRandom(seed, "adversary");
  const domains = system(random);
  const host = new SteppingHost({ seed, domains });
  const operations: Operation[] = [];
  for (let move = 0; move < 250; move++) {
    const choice = random.below(100);
    if (choice < 12) {
      operations.push(begin(host, random, operations.length));
    } else if (choice < 14) {
      host.lose(domains[random.below(domains.length)]!.name);
    } else if (!host.step()) {
      host.runUntil(host.nowMs + 1 + random.below(50));
    }
  }
  host.settle(...operations.map(({ awaited }) => awaited));
  host.runUntil(host.nowMs + 5_000);
  return { host, operations };
}

function eventsOf(host: SteppingHost): (CounterEvent & JournalEvent)[] {
  return COUNTERS.flatMap((address) => host.disk.of(address)) as CounterEvent[];
}

/** How often each operation stands on the disk, against what was said. */
function judge(host: SteppingHost, operations: readonly Operation[]) {
  const times = new Map<number, number>();
  for (const event of eventsOf(host)) {
    if (event.kind !== "put_in") continue;
    times.set(event.id, (times.get(event.id) ?? 0) + 1);
  }
  for (const { id, throws, awaited } of operations) {
    const stands = times.get(id) ?? 0;
    const { kind } = awaited.outcome as Outcome<unknown>;
    const said = `operation ${id} (throws: ${throws}) was told ${kind}`;
    assert(stands <= 1, `${said} and stands ${stands} times`);
    if (kind === "ok") assert.equal(stands, 1, said);
    if (kind === "failed") assert.equal(stands, 0, said);
  }
}

Deno.test("G22 nobody is told what is not so, and nothing comes twice, under an adversary", () => {
  const told = new Map<string, number>();
  let losses = 0;
  for (let seed = 1; seed <= SYSTEMS; seed++) {
    const { host, operations } = live(seed);
    try {
      judge(host, operations);
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
    losses += host.losses;
    for (const { awaited } of operations) {
      const { kind } = awaited.outcome!;
      told.set(kind, (told.get(kind) ?? 0) + 1);
    }
  }
  // The adversary must have had its way, and the systems theirs.
  assert(losses > SYSTEMS, `${losses} losses`);
  for (const kind of ["ok", "failed", "unknown"]) {
    assert(told.get(kind)! > 2 * SYSTEMS, `${kind}: ${told.get(kind)}`);
  }
});

Deno.test("G21 tells of one sender to one receiver keep their order, under an adversary", () => {
  let notes = 0;
  for (let seed = 1; seed <= SYSTEMS; seed++) {
    const { host } = live(seed);
    for (const address of COUNTERS) {
      const newest = new Map<string, number>();
      for (const event of host.disk.of(address) as CounterEvent[]) {
        if (event.kind !== "noted") continue;
        const before = newest.get(event.from) ?? -1;
        assert(before < event.number, `seed ${seed}: ${event.from} overtaken`);
        newest.set(event.from, event.number);
        notes++;
      }
    }
  }
  assert(notes > 5 * SYSTEMS, `${notes} notes`);
});

Deno.test("G16 the state of every counter is the fold of its events, under an adversary", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { host } = live(seed);
    for (const address of COUNTERS) {
      const durable = (host.disk.of(address) as CounterEvent[])
        .flatMap((event) => event.kind === "put_in" ? [event.id] : []);
      assert.deepEqual(host.stateOf(address), { ids: durable }, `seed ${seed}`);
    }
  }
});
