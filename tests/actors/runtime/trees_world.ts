/**
 * A world of actors that do as they are told, for properties: what a run can
 * be made of, the actors, and a book of all that happens to them, which is
 * judged at the end.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  AnyBehavior,
  ChildSpec,
  Delivery,
  Message,
  Overflow,
  RestartType,
  Signal,
} from "../../../actors/runtime/actor.ts";
import { Domain } from "../../../actors/runtime/domain.ts";
import type { TreeNode } from "../../../actors/runtime/domain_report.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import type {
  RestartPolicy,
  Strategy,
  SupervisorSpec,
} from "../../../actors/runtime/supervisor.ts";
import type { AnyContext } from "./pains_bench.ts";
import { crash } from "./trees_bench.ts";

// ── What is drawn ─────────────────────────────────────────────────────────

/** What becomes of a message, where it is handled. */
interface Deed {
  readonly wants: readonly Want[];
  readonly ending: "return" | "throw" | "stash";
  /** When its asker is answered, if there is one. */
  readonly answers: "now" | "later" | "never";
}

/** Something that a step wants. `to` picks among the known addresses. */
type Want =
  | { readonly want: "tell" | "ask"; readonly to: number; readonly deed: Deed }
  | { readonly want: "timer"; readonly key: number; readonly afterMs: number }
  | { readonly want: "spawn"; readonly child: Drawn }
  | { readonly want: "stop_child" | "kill_child"; readonly to: number }
  | { readonly want: "watch" | "unwatch"; readonly to: number }
  | { readonly want: "stop" | "unstash" };

/** The part of a child's spec that is drawn. */
type Drawn = Required<Pick<ChildSpec, "restart" | "shutdownMs" | "mailbox">>;

/** Something that the host does, so many milliseconds after the last thing. */
interface Move {
  readonly afterMs: number;
  readonly to: number;
  readonly does: "tell" | "ask" | "crash" | "slow";
  readonly deed: Deed;
}

const ending = fc.constantFrom<Deed["ending"]>(
  ...["return", "return", "return", "return", "stash", "throw"] as const,
);
const answers = fc.constantFrom<Deed["answers"]>("now", "later", "never");
const plainDeed = fc.record({ wants: fc.constant([]), ending, answers });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  restart: fc.constantFrom<RestartType>("permanent", "transient", "temporary"),
  shutdownMs: fc.constantFrom(0, 50, 5_000),
  mailbox: fc.record({
    capacity: fc.integer({ min: 1, max: 4 }),
    stashCapacity: fc.nat(2),
    overflow: fc.constantFrom<Overflow>(
      ...["reject", "drop_newest", "drop_oldest", "backpressure"] as const,
    ),
  }),
});
const to = fc.nat(30);
const want: fc.Arbitrary<Want> = fc.oneof(
  fc.record({
    want: fc.constantFrom("tell" as const, "ask" as const),
    to,
    deed: plainDeed,
  }),
  fc.record({
    want: fc.constant("timer" as const),
    key: fc.nat(1),
    afterMs: fc.nat(100),
  }),
  fc.record({ want: fc.constant("spawn" as const), child: drawn }),
  fc.record({
    want: fc.constantFrom("stop_child" as const, "kill_child" as const),
    to,
  }),
  fc.record({
    want: fc.constantFrom("watch" as const, "unwatch" as const),
    to,
  }),
  fc.record({
    want: fc.constantFrom("stop" as const, "unstash" as const),
  }),
);
const move: fc.Arbitrary<Move> = fc.record({
  afterMs: fc.constantFrom(0, 0, 0, 8, 40, 200),
  to,
  does: fc.constantFrom<Move["does"]>(
    ...["tell", "tell", "tell", "ask", "crash", "slow"] as const,
  ),
  deed: fc.record({ wants: fc.array(want, { maxLength: 4 }), ending, answers }),
});

const policy: fc.Arbitrary<RestartPolicy> = fc.record({
  strategy: fc.constantFrom<Strategy>(
    ...["one_for_one", "one_for_all", "rest_for_one"] as const,
  ),
  maxRestarts: fc.nat(4),
  periodMs: fc.constantFrom(40, 1_000),
}).chain((policy) =>
  fc.constantFrom(policy, {
    ...policy,
    backoff: { minMs: 16, maxMs: 64, resetAfterMs: 500 },
    exceeded: "stay_down" as const,
  })
);
/** Two levels of supervisors: what stands below each, by number. */
const forest = fc.array(
  fc.record({
    policy,
    children: fc.array(drawn, { minLength: 1, maxLength: 3 }),
    inner: fc.option(fc.record({
      policy,
      children: fc.array(drawn, { minLength: 1, maxLength: 3 }),
    })),
  }),
  { minLength: 1, maxLength: 3 },
);

// ── What is written down ──────────────────────────────────────────────────

/** A message with its fate. */
interface Entry {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly deed: Deed;
  /** Null: the step that sent it threw. */
  delivery: "queued" | "full" | "gone" | null;
  wasAside: boolean;
  /** How often it was run, and not set aside. */
  handled: number;
  /** The step that handled it returned. */
  returned: boolean;
}

/** An ask with its end. */
interface AskEntry extends Entry {
  readonly outcomes: Outcome<unknown>[];
}

/** A life, as text. */
const lifeOf = (ctx: AnyContext) => `${ctx.self}#${ctx.incarnation}`;

/** Actors that do as they are told, and a book of all that happens to them. */
class World {
  nowMs = 1_000_000;
  escalations = 0;
  readonly addresses: string[] = [];
  readonly domain: Domain;
  readonly #entries: Entry[] = [];
  readonly #asks: AskEntry[] = [];
  /** Timer kinds with the life that set them; null: the step threw. */
  readonly #timers = new Map<string, string | null>();
  /** What was born in a step that threw. */
  readonly #unborn: string[] = [];
  readonly #incarnations = new Map<string, number>();
  /** The newest message of each sender that each receiver has handled. */
  readonly #newest = new Map<string, number>();
  #numbers = 0;
  #isOver = false;

  constructor(
    grown: readonly SupervisorSpec[],
    root: RestartPolicy,
    pick: (count: number) => number,
  ) {
    this.domain = new Domain({
      name: "main",
      incarnation: 1,
      seed: 1,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      log: { write: () => {} },
      journal: null,
      transmit: () => "gone",
      wake: () => {},
      died: () => {},
      root,
      pick,
      escalated: () => this.escalations++,
    });
    for (const each of grown) this.domain.supervise(this.#people(each));
    this.domain.start(() => {});
  }

  /** Gives all actors of a spec their behavior. */
  #people(spec: SupervisorSpec): SupervisorSpec {
    const children = spec.children.map((child) => {
      if (isSupervisor(child)) return this.#people(child);
      this.addresses.push(child.name);
      return { ...child, behavior: this.#behavior };
    });
    return { ...spec, children };
  }

  #at(index: number): string {
    return this.addresses[index % this.addresses.length]!;
  }

  // ── Actors ──────────────────────────────────────────────────────────────

  readonly #behavior: AnyBehavior = {
    name: "obedient",
    start: () => null,
    receive: (ctx, _state, message) => this.#receive(ctx, message),
    signal: (ctx, _state, signal) => this.#signal(ctx, signal),
    keyOf: (message) => message.kind,
  };

  #signal(ctx: AnyContext, signal: Signal): void {
    if (signal.kind === "recovered") {
      const lastOne = this.#incarnations.get(ctx.self) ?? 0;
      assert.equal(ctx.incarnation, lastOne + 1, `${lifeOf(ctx)} follows`);
      this.#incarnations.set(ctx.self, ctx.incarnation);
    } else if (signal.kind === "down") {
      const { actors } = this.domain.report();
      const isThere = actors.some(({ address }) => address === signal.ref);
      assert(!isThere, `${signal.ref} has ended`);
    }
  }

  #receive(ctx: AnyContext, message: Message): void {
    assert(!this.#isOver, `${message.kind} came after the end`);
    if ("timer" in message) {
      const setBy = this.#timers.get(message.kind);
      assert.equal(lifeOf(ctx), setBy, `${message.kind} is of this life`);
      this.#timers.delete(message.kind);
      const { asker } = message as unknown as { asker: number };
      return ctx.answer(asker, ok(null));
    }
    if ("outcome" in message) {
      const { about } = message as unknown as { about: AskEntry };
      assert.equal(about.from, lifeOf(ctx), `${message.kind} is for this life`);
      about.outcomes.push(message.outcome as Outcome<unknown>);
      return;
    }
    this.#handle(ctx, (message as unknown as { entry: Entry }).entry);
  }

  #handle(ctx: AnyContext, entry: Entry): void {
    const { deed } = entry;
    const wanted = deed.wants.map((want) => this.#want(ctx, want));
    if (deed.ending === "stash" && !entry.wasAside && ctx.stash()) {
      entry.wasAside = true;
    } else {
      entry.handled++;
      this.#order(ctx, entry);
      if (deed.answers === "now") ctx.reply(ok(null));
      if (deed.answers === "later") wanted.push(this.#later(ctx));
      if (deed.ending === "throw") crash();
      entry.returned = true;
    }
    for (const takesEffect of wanted) takesEffect();
  }

  /** Messages of one sender come in the order in which they were sent. */
  #order(ctx: AnyContext, { kind, from, deed }: Entry): void {
    if (deed.ending === "stash") return;
    const way = `${from} ${ctx.self}`;
    const number = Number(kind.split(" ")[1]);
    const newest = this.#newest.get(way) ?? -1;
    assert(newest < number, `${kind} from ${way} overtook ${newest}`);
    this.#newest.set(way, number);
  }

  #later(ctx: AnyContext): () => void {
    const kind = `timer ${this.#numbers++}`;
    this.#timers.set(kind, null);
    ctx.timer(kind, 16, { kind, timer: true, asker: ctx.asker() } as Message);
    return () => this.#timers.set(kind, lifeOf(ctx));
  }

  /** Asks for something; returns what is to be noted if the step returns. */
  #want(ctx: AnyContext, want: Want): () => void {
    const nothing = () => {};
    switch (want.want) {
      case "tell":
      case "ask":
        return this.#send(ctx, want);
      case "timer": {
        const kind = `timer ${this.#numbers++}`;
        this.#timers.set(kind, null);
        const message = { kind, timer: true, asker: 0 } as Message;
        ctx.timer(`${want.key}`, want.afterMs, message);
        return () => this.#timers.set(kind, lifeOf(ctx));
      }
      case "spawn":
        return this.#spawn(ctx, want.child);
      case "stop_child":
      case "kill_child": {
        const kids = this.addresses.filter((address) =>
          address.startsWith(`${ctx.self}/`) &&
          address.lastIndexOf("/") === ctx.self.length
        );
        const kid = kids[want.to % kids.length];
        if (kid === undefined) return nothing;
        if (want.want === "stop_child") ctx.stop(kid);
        else ctx.kill(kid);
        return nothing;
      }
      case "watch":
        ctx.watch(this.#at(want.to));
        return nothing;
      case "unwatch":
        ctx.unwatch(this.#at(want.to));
        return nothing;
      case "stop":
        ctx.stop();
        return nothing;
      case "unstash":
        ctx.unstash();
        return nothing;
    }
  }

  #send(
    ctx: AnyContext,
    { want, to: index, deed }: Extract<Want, { want: "tell" | "ask" }>,
  ): () => void {
    const address = this.#at(index);
    if (want === "tell") {
      const entry = this.#enter("tell", lifeOf(ctx), address, deed);
      const delivery = ctx.tell(address, messageOf(entry));
      return () => entry.delivery = delivery;
    }
    const entry = this.#enterAsk(lifeOf(ctx), address, deed);
    const as = entry.kind.replace("ask", "answer");
    const options = { as, withinMs: 100, about: entry };
    ctx.ask(address, messageOf(entry), options);
    return () => entry.delivery = "queued";
  }

  #spawn(ctx: AnyContext, child: Drawn): () => void {
    const name = `kid-${this.#numbers++}`;
    const ref = `${ctx.self}/${name}`;
    this.#unborn.push(ref);
    const behavior = this.#behavior;
    ctx.spawn({ name, behavior, args: undefined, ...child });
    return () => {
      this.#unborn.splice(this.#unborn.indexOf(ref), 1);
      this.addresses.push(ref);
    };
  }

  #enter(kind: string, from: string, to: string, deed: Deed): Entry {
    const entry: Entry = {
      kind: `${kind} ${this.#numbers++}`,
      from,
      to,
      deed,
      delivery: null,
      wasAside: false,
      handled: 0,
      returned: false,
    };
    this.#entries.push(entry);
    return entry;
  }

  #enterAsk(from: string, to: string, deed: Deed): AskEntry {
    const entry = Object.assign(this.#enter("ask", from, to, deed), {
      outcomes: [],
    });
    this.#asks.push(entry);
    return entry;
  }

  // ── The host ────────────────────────────────────────────────────────────

  move({ afterMs, to: index, does, deed }: Move): void {
    this.run(afterMs);
    const address = this.#at(index);
    if (does === "crash") this.domain.crash(address, "on purpose");
    else if (does === "slow") this.domain.slow(address, index % 3 * 16);
    else if (does === "tell") {
      const entry = this.#enter("tell", "host", address, deed);
      entry.delivery = "queued";
      this.domain.tell(address, messageOf(entry));
    } else {
      const entry = this.#enterAsk("host", address, deed);
      entry.delivery = "queued";
      this.domain.ask(address, messageOf(entry), 100, (outcome) => {
        entry.outcomes.push(outcome);
      });
    }
    this.check();
  }

  run(advanceMs: number): void {
    const endMs = this.nowMs + advanceMs;
    for (let turn = 0; turn < 50_000; turn++) {
      const nextMs = this.domain.run();
      if (nextMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.nowMs = Math.max(this.nowMs, nextMs);
    }
    throw new Error("Somebody runs in circles");
  }

  /** Holds at any time between two runs. */
  check(): void {
    const { actors } = this.domain.report();
    const there = new Set(actors.map(({ address }) => address));
    const drawn: string[] = [];
    walk(this.domain.tree(), null, (node, parent) => {
      drawn.push(node.address);
      assert.notEqual(node.status, "ended", node.address);
      if (parent === null) return;
      assert(node.address.startsWith(`${parent.address}/`), node.address);
      assert(["running", "draining"].includes(parent.status), parent.address);
    });
    assert.deepEqual(new Set(drawn), there, "the tree is all there is");
    assert.equal(drawn.length, there.size, "nobody stands in it twice");
    for (const ref of this.#unborn) assert(!there.has(ref), ref);
  }

  /** Stops all, and closes the books. */
  end(): void {
    let ends = 0;
    this.domain.shutDown(() => ends++);
    this.run(120_000);
    assert.equal(ends, 1, "all have been stopped");
    assert.deepEqual(this.domain.report().actors, []);
    assert(this.domain.isIdle);
    this.check();
    this.#isOver = true;
    this.run(60_000);
    assert.equal(this.domain.report().pendingAsks, 0);
    const dead = this.#dead();
    for (const entry of this.#entries) judge(entry, dead);
    for (const ask of this.#asks) judgeAsk(ask, dead);
  }

  /** How often each kind was a dead letter. */
  #dead(): Map<string, number> {
    const { total } = this.domain.deadLetters;
    const newest = this.domain.deadLetters.newest();
    assert.equal(newest.length, total, "else the letters are too many to read");
    const dead = new Map<string, number>();
    for (const { messageKind } of newest) {
      dead.set(messageKind, (dead.get(messageKind) ?? 0) + 1);
    }
    return dead;
  }
}

function messageOf(entry: Entry): Message {
  return { kind: entry.kind, entry } as Message;
}

function walk(
  node: TreeNode,
  parent: Extract<TreeNode, { kind: "actor" }> | null,
  visit: (
    node: Extract<TreeNode, { kind: "actor" }>,
    parent: Extract<TreeNode, { kind: "actor" }> | null,
  ) => void,
): void {
  if (node.kind === "actor") visit(node, parent);
  const below = node.kind === "actor" ? node : null;
  for (const child of node.children) walk(child, below, visit);
}

/** Handled once, or accounted as a dead letter: nothing lost, none doubled. */
function judge(
  { kind, to, delivery, handled }: Entry,
  dead: ReadonlyMap<string, number>,
): void {
  const lost = dead.get(kind) ?? 0;
  const said = `${kind} to ${to}: ${delivery}, ${handled} + ${lost}`;
  if (delivery === null || delivery === "full") {
    return assert.equal(handled + lost, 0, said);
  }
  if (delivery === "gone") return assert.deepEqual([handled, lost], [0, 1]);
  // An ask that is refused is answered instead of being counted.
  if (kind.startsWith("tell")) return assert.equal(handled + lost, 1, said);
  assert(handled + lost <= 1, said);
}

/** One answer, and a true one. */
function judgeAsk(
  { kind, delivery, outcomes, returned }: AskEntry,
  dead: ReadonlyMap<string, number>,
): void {
  const late = dead.get(kind.replace("ask", "answer")) ?? 0;
  const ended = delivery === null ? 0 : 1;
  assert.equal(outcomes.length + late, ended, `${kind} ended`);
  const [outcome] = outcomes;
  if (outcome?.kind === "ok") assert(returned, `${kind} was done`);
  if (outcome?.kind === "failed") assert(!returned, `${kind} was not done`);
}

