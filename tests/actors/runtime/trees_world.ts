/**
 * A world of actors that do as they are told, and a book of what became of
 * every message, ask, timer and child, which is judged while the world runs
 * and at its end.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  AnyBehavior,
  Asker,
  Delivery,
  Message,
  Signal,
} from "../../../actors/runtime/actor.ts";
import { Domain } from "../../../actors/runtime/domain.ts";
import type { TreeNode } from "../../../actors/runtime/domain_report.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  isSupervisor,
  type SupervisorSpec,
} from "../../../actors/runtime/supervisor.ts";
import type { AnyContext } from "./pains_bench.ts";
import { crash } from "./trees_bench.ts";
import type { Deed, Drawn, Move, Want } from "./trees_draws.ts";

/** A message, and what became of it. */
interface Entry {
  /** `tell` or `ask`, and a number that grows. */
  readonly kind: string;
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly deed: Deed;
  /** Null: the step that sent it threw. */
  delivery: Delivery | null;
  wasAside: boolean;
  /** How often it was run, and not set aside. */
  handled: number;
  /** The step that handled it returned. */
  returned: boolean;
  /** Of an ask: how it ended. */
  readonly outcomes: Outcome<unknown>[];
}

/** What an actor gets, one of the three. */
interface Mail extends Message {
  /** It was sent. */
  readonly entry?: Entry;
  /** It is a timer's; whom to answer then. */
  readonly fires?: Asker;
  /** It is an answer. */
  readonly about?: Entry;
  readonly outcome?: Outcome<unknown>;
}

/** Something that is true once the step has returned. */
type Then = () => void;

/** What ran through a world, to see that a property was worth its runs. */
export interface Traffic {
  handled: number;
  crashes: number;
  escalations: number;
  readonly dead: Record<string, number>;
}

/** A life, as text. */
const lifeOf = (ctx: AnyContext) => `${ctx.self}#${ctx.incarnation}`;

/** See the module's text. */
export class World {
  readonly domain: Domain;
  readonly traffic: Traffic;
  #nowMs = 1_000_000;
  #numbers = 0;
  #isOver = false;
  /** Of all that ever lived: mail to the dead is mail, too. */
  readonly #addresses: string[] = [];
  readonly #entries: Entry[] = [];
  /** The kinds of timers, each with the life that set it. */
  readonly #timers = new Map<string, string>();
  /** Children of steps that threw. */
  readonly #unborn = new Set<string>();
  readonly #incarnations = new Map<string, number>();
  /** Sender and receiver → number of the newest message handled. */
  readonly #newest = new Map<string, number>();

  constructor(
    forest: readonly SupervisorSpec[],
    options: { readonly rootRestarts: number; readonly seed: number },
    traffic: Traffic,
  ) {
    this.traffic = traffic;
    const random = new SeededRandom(options.seed);
    this.domain = new Domain({
      name: "main",
      incarnation: 1,
      seed: options.seed,
      clock: { monotonicMs: () => this.#nowMs, wallMs: () => this.#nowMs },
      log: { write: () => {} },
      journal: null,
      transmit: () => "gone",
      wake: () => {},
      died: () => {},
      root: {
        strategy: "one_for_one",
        maxRestarts: options.rootRestarts,
        periodMs: 1_000,
      },
      pick: (count) => random.below(count),
      escalated: () => traffic.escalations++,
    });
    for (const tree of forest) this.domain.supervise(this.#people(tree));
    this.domain.start(() => {});
  }

  /** Gives all actors of a tree their behavior. */
  #people(tree: SupervisorSpec): SupervisorSpec {
    const children = tree.children.map((child) => {
      if (isSupervisor(child)) return this.#people(child);
      this.#addresses.push(child.name);
      return { ...child, behavior: this.#behavior };
    });
    return { ...tree, children };
  }

  #at(index: number, addresses: readonly string[] = this.#addresses): string {
    return addresses[index % addresses.length] ?? "nobody";
  }

  // ── Actors ──────────────────────────────────────────────────────────────

  readonly #behavior: AnyBehavior = {
    name: "obedient",
    start: () => null,
    receive: (ctx, _state, message) => this.#receive(ctx, message),
    signal: (ctx, _state, signal) => this.#signal(ctx, signal),
  };

  #signal(ctx: AnyContext, signal: Signal): void {
    if (signal.kind === "recovered") {
      const earlier = this.#incarnations.get(ctx.self) ?? 0;
      assert.equal(ctx.incarnation, earlier + 1, `${lifeOf(ctx)} is the next`);
      this.#incarnations.set(ctx.self, ctx.incarnation);
    } else if (signal.kind === "down") {
      const isThere = this.#living().has(signal.ref);
      assert(!isThere, `${ctx.self} hears that ${signal.ref} has ended`);
    }
  }

  #living(): Set<string> {
    const { actors } = this.domain.report();
    return new Set(actors.map(({ address }) => address));
  }

  #receive(ctx: AnyContext, { kind, entry, fires, about, outcome }: Mail) {
    assert(!this.#isOver, `${kind} came after the end`);
    if (entry !== undefined) return this.#handle(ctx, entry);
    if (about !== undefined) {
      assert.equal(lifeOf(ctx), about.from, `${kind} is for another life`);
      return void about.outcomes.push(outcome!);
    }
    assert.equal(lifeOf(ctx), this.#timers.get(kind), `${kind} is another's`);
    this.#timers.delete(kind);
    ctx.answer(fires!, ok(null));
  }

  #handle(ctx: AnyContext, entry: Entry): void {
    const { deed } = entry;
    const thens = deed.wants.map((want) => this.#want(ctx, want));
    if (deed.ending === "stash" && !entry.wasAside && ctx.stash()) {
      entry.wasAside = true;
    } else {
      entry.handled++;
      this.traffic.handled++;
      this.#checkOrder(ctx, entry);
      if (deed.answers === "now") ctx.reply(ok(null));
      if (deed.answers === "later") {
        thens.push(this.#arm(ctx, 16, ctx.asker()));
      }
      if (deed.ending === "throw") crash();
      entry.returned = true;
    }
    for (const then of thens) then();
  }

  /** What one life sends to another actor comes in the order of sending. */
  #checkOrder(ctx: AnyContext, { number, from, deed }: Entry): void {
    if (deed.ending === "stash") return;
    const way = `${from} to ${ctx.self}`;
    const newest = this.#newest.get(way) ?? -1;
    assert(newest < number, `${number} from ${way} comes behind ${newest}`);
    this.#newest.set(way, number);
  }

  #want(ctx: AnyContext, want: Want): Then {
    switch (want.want) {
      case "tell":
      case "ask":
        return this.#send(ctx, want);
      case "timer":
        return this.#arm(ctx, want.afterMs, 0, `${want.to % 2}`);
      case "spawn":
        return this.#spawn(ctx, want.spec);
      case "stop_child":
        ctx.stop(this.#childOf(ctx, want.to));
        break;
      case "kill_child":
        ctx.kill(this.#childOf(ctx, want.to));
        break;
      case "watch":
      case "unwatch":
        ctx[want.want](this.#at(want.to));
        break;
      case "stop":
      case "unstash":
        ctx[want.want]();
    }
    return () => {};
  }

  #childOf({ self }: AnyContext, index: number): string {
    const children = this.#addresses.filter((address) =>
      address.slice(0, address.lastIndexOf("/")) === self
    );
    return this.#at(index, [...children, `${self}/nobody`]);
  }

  #send(
    ctx: AnyContext,
    { want, to: index, deed }: Extract<Want, { want: "tell" | "ask" }>,
  ): Then {
    const entry = this.#enter(want, lifeOf(ctx), this.#at(index), deed);
    const { kind, to, number } = entry;
    const message = { kind, entry } as Message;
    let delivery: Delivery = "queued";
    if (want === "tell") delivery = ctx.tell(to, message);
    else {
      const options = { as: `answer ${number}`, withinMs: 100, about: entry };
      ctx.ask(to, message, options);
    }
    return () => entry.delivery = delivery;
  }

  #arm(ctx: AnyContext, afterMs: number, fires: Asker, key?: string): Then {
    const kind = `timer ${this.#numbers++}`;
    ctx.timer(key ?? kind, afterMs, { kind, fires } as Message);
    return () => this.#timers.set(kind, lifeOf(ctx));
  }

  #spawn(ctx: AnyContext, spec: Drawn): Then {
    const name = `child-${this.#numbers++}`;
    const behavior = this.#behavior;
    const ref = ctx.spawn({ name, behavior, args: undefined, ...spec });
    this.#unborn.add(ref);
    return () => {
      this.#unborn.delete(ref);
      this.#addresses.push(ref);
    };
  }

  #enter(want: string, from: string, to: string, deed: Deed): Entry {
    const number = this.#numbers++;
    const entry: Entry = {
      ...{ kind: `${want} ${number}`, number, from, to, deed },
      ...{ delivery: null, wasAside: false, handled: 0, returned: false },
      outcomes: [],
    };
    this.#entries.push(entry);
    return entry;
  }

  // ── The host ────────────────────────────────────────────────────────────

  move({ afterMs, does, to: index, deed }: Move): void {
    if (afterMs !== null) this.run(afterMs);
    const address = this.#at(index);
    if (does === "slow") this.domain.slow(address, index % 3 * 16);
    else if (does === "crash") {
      const didCrash = this.domain.crash(address, "on purpose");
      if (didCrash) this.traffic.crashes++;
    } else this.#post(does, address, deed);
    this.check();
  }

  #post(does: "tell" | "ask", to: string, deed: Deed): void {
    const entry = this.#enter(does, "host", to, deed);
    const message = { kind: entry.kind, entry } as Message;
    entry.delivery = "queued";
    if (does === "tell") return this.domain.tell(to, message);
    this.domain.ask(to, message, 100, (outcome) => {
      entry.outcomes.push(outcome);
    });
  }

  /** Lets time pass, from one thing that is due to the next. */
  run(advanceMs: number): void {
    const endMs = this.#nowMs + advanceMs;
    for (let turn = 0; turn < 20_000; turn++) {
      const nextMs = this.domain.run();
      if (nextMs > endMs) {
        this.#nowMs = endMs;
        return;
      }
      this.#nowMs = Math.max(this.#nowMs, nextMs);
    }
    throw new Error("Somebody runs in circles");
  }

  /** Stops all, and closes the book. */
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
    const dead = this.#readDeadLetters();
    for (const entry of this.#entries) judge(entry, dead);
  }

  // ── The judge ───────────────────────────────────────────────────────────

  /** What holds between any two runs. */
  check(): void {
    const living = this.#living();
    const drawn: string[] = [];
    visit(this.domain.tree(), null, (node, parent) => {
      drawn.push(node.address);
      assert.notEqual(node.status, "ended", node.address);
      if (parent === null) return;
      assert(node.address.startsWith(`${parent.address}/`), node.address);
      assert(["running", "draining"].includes(parent.status), node.address);
    });
    assert.equal(drawn.length, living.size, "nobody stands in the tree twice");
    assert.deepEqual(new Set(drawn), living, "everybody stands in the tree");
    for (const ref of this.#unborn) assert(!living.has(ref), ref);
  }

  /** How often a message of each kind was a dead letter. */
  #readDeadLetters(): Map<string, number> {
    const { deadLetters } = this.domain;
    const newest = deadLetters.newest();
    assert.equal(newest.length, deadLetters.total, "so many can be read");
    const dead = new Map<string, number>();
    for (const { messageKind, reason } of newest) {
      dead.set(messageKind, (dead.get(messageKind) ?? 0) + 1);
      this.traffic.dead[reason] = (this.traffic.dead[reason] ?? 0) + 1;
    }
    return dead;
  }
}

type ActorNode = Extract<TreeNode, { kind: "actor" }>;

function visit(
  node: TreeNode,
  parent: ActorNode | null,
  see: (node: ActorNode, parent: ActorNode | null) => void,
): void {
  const actor = node.kind === "actor" ? node : null;
  if (actor !== null) see(actor, parent);
  for (const child of node.children) visit(child, actor, see);
}

/** Handled once or a dead letter once: nothing is lost, nothing is doubled. */
function judge(entry: Entry, dead: ReadonlyMap<string, number>): void {
  const { kind, number, to, delivery, handled, returned, outcomes } = entry;
  const lost = dead.get(kind) ?? 0;
  const said = `${kind} to ${to}: ${delivery}, ${handled} and ${lost}`;
  const wasSent = delivery === "queued" || delivery === "gone";
  if (delivery === "gone") assert.equal(handled, 0, said);
  if (kind.startsWith("tell")) {
    return assert.equal(handled + lost, wasSent ? 1 : 0, said);
  }
  // An ask that is refused is answered, not counted.
  assert(handled + lost <= (wasSent ? 1 : 0), said);
  const late = dead.get(`answer ${number}`) ?? 0;
  assert.equal(outcomes.length + late, wasSent ? 1 : 0, `${kind} ends once`);
  const outcome = outcomes[0]?.kind;
  if (outcome === "ok") assert(returned, `${kind} was done`);
  if (outcome === "failed") assert(!returned, `${kind} was not done`);
}
