/**
 * The world as the steps of one actor see it. Mail for actors of the domain is
 * handed over at once and taken back when the step throws; everything else is
 * staged until the step returns.
 *
 * @module
 */
import type {
  Asker,
  AskOptions,
  ChildSpec,
  Context,
  Delivery,
  LogLevel,
  Message,
  Ref,
} from "./actor.ts";
import type { BatchTime } from "./batch_time.ts";
import type { Cell } from "./cell.ts";
import type { Effects } from "./effects.ts";
import { Envelope } from "./envelope.ts";
import type { Exchange } from "./exchange.ts";
import { type Exits, NORMAL, SHUTDOWN } from "./exits.ts";
import { IdMap } from "./id_map.ts";
import type { Lives } from "./lives.ts";
import type { DomainObserver } from "./ports.ts";
import { type Outcome, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import { freezePlain } from "./plain_data.ts";
import { SeededRandom } from "./random.ts";
import type { Watches } from "./watches.ts";

/** Askers that one actor may have taken along: all callers of a gate. */
const ASKERS_MAX = 65_536;
/**
 * Timers that one actor may have set; who waits for more things than a gate
 * has callers keeps them in a heap of its own, under one timer.
 */
const TIMERS_MAX = 65_536;

/** What a context needs of its domain. */
export interface World {
  /** Shared by all contexts of the domain: one step runs at a time. */
  readonly effects: Effects;
  readonly exchange: Exchange;
  readonly lives: Lives;
  readonly exits: Exits;
  readonly watches: Watches;
  readonly time: BatchTime;
  readonly seed: number;
  /** Which life of the domain this is. */
  readonly incarnation: number;
  /** Whether all that a step hands over is checked and frozen. */
  readonly freezes: boolean;
  /** Sees every step; null: nobody does. */
  readonly observer: DomainObserver | null;
  /** What the actors have counted, by name. */
  readonly counters: Map<string, number>;
  /** An id that no other asker of the domain has. */
  nextId(): number;
  /** Writes a line. */
  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void;
}

/** See the module's text, and `Context` for each member. */
export class ActorContext implements Context {
  readonly #cell: Cell;
  readonly #world: World;
  #random: SeededRandom | null = null;
  /** Whom it sent to last: nearly always the next one too. */
  #last: Cell | null = null;

  constructor(cell: Cell, world: World) {
    this.#cell = cell;
    this.#world = world;
  }

  get self(): string {
    return this.#cell.address;
  }

  get incarnation(): number {
    return this.#cell.incarnation;
  }

  now(): number {
    const { past } = this.#cell;
    const { wallMs } = this.#world.time;
    return past === null ? wallMs : Math.max(wallMs, past.newestEventMs);
  }

  random(): number {
    this.#random ??= new SeededRandom(
      this.#world.seed,
      // A lost domain begins again with life 1, but must not repeat ids.
      `${this.self} ${this.#world.incarnation}.${this.incarnation}`,
    );
    return this.#random.next();
  }

  tell(to: string, message: Message): Delivery {
    const world = this.#world;
    if (world.freezes) freezePlain(message);
    const target = this.#find(to);
    if (target !== undefined) {
      return world.exchange.tell(this.#cell, target, message);
    }
    const { effects } = world;
    effects.isDirty = true;
    effects.outputs.push(new Envelope(to, this.self, 0, 0, message));
    return "queued";
  }

  ask<About>(to: string, message: Message, options: AskOptions<About>): void {
    const { as, withinMs, about } = options;
    if (!Number.isFinite(withinMs)) throw endlessWait("ask", to, withinMs);
    const world = this.#world;
    if (world.freezes) {
      freezePlain(message);
      freezePlain(about);
    }
    const deadlineMs = world.time.monotonicMs + withinMs;
    const target = this.#find(to);
    world.exchange.ask(
      this.#cell,
      target,
      to,
      message,
      as,
      about,
      deadlineMs,
    );
  }

  reply(outcome: Outcome<unknown>): void {
    const { effects, exchange, freezes, observer } = this.#world;
    const { asking } = effects;
    if (asking === null || effects.isAnswered) return;
    if (freezes) freezePlain(outcome);
    effects.isAnswered = true;
    if (observer !== null) effects.reply = outcome;
    exchange.answer(asking, outcome);
  }

  asker(): Asker {
    const { effects } = this.#world;
    const { asking } = effects;
    if (asking === null || effects.isAnswered) return 0;
    effects.isAnswered = true;
    const askers = this.#cell.askers ??= new IdMap();
    if (askers.size >= ASKERS_MAX) this.#answerAny(askers);
    const token = this.#world.nextId();
    askers.set(token, asking);
    return token;
  }

  answer(asker: Asker, outcome: Outcome<unknown>): void {
    const { askers } = this.#cell;
    const asking = askers?.get(asker);
    if (askers === null || asking === undefined) return;
    const { effects, exchange, freezes } = this.#world;
    if (freezes) freezePlain(outcome);
    askers.delete(asker);
    effects.isDirty = true;
    effects.settled.push(asking);
    exchange.answer(asking, outcome);
  }

  timer(key: string, delayMs: number, message: Message): void {
    if (!Number.isFinite(delayMs)) throw endlessWait("set timer", key, delayMs);
    const { effects, freezes } = this.#world;
    if (freezes) freezePlain(message);
    const set = this.#cell.timers?.size ?? 0;
    if (set + effects.timers.length >= TIMERS_MAX) {
      throw new RangeError(
        `Cannot set timer "${key}" as ${this.self} has ${TIMERS_MAX} timers`,
      );
    }
    effects.isDirty = true;
    effects.timers.push({ key, delayMs, message });
  }

  cancelTimer(key: string): void {
    const { effects } = this.#world;
    effects.isDirty = true;
    effects.timers.push({ key, delayMs: 0, message: null });
  }

  spawn<S, T extends Message>(
    // deno-lint-ignore no-explicit-any -- only its own behavior looks inside
    child: ChildSpec<S, T, any, any>,
  ): Ref<T> {
    const { lives } = this.#world;
    // Its protocol and its arguments are its own; nobody else looks at them.
    const spawned = lives.spawn(this.#cell, child as unknown as ChildSpec);
    // Who is started is told something at once.
    this.#last = spawned;
    return spawned.address as Ref<T>;
  }

  stop(child?: string): void {
    const stopped = child === undefined ? this.#cell : this.#childOf(child);
    if (stopped === null) return;
    const reason = child === undefined ? NORMAL : SHUTDOWN;
    this.#defer(() => this.#world.exits.stop(stopped, reason));
  }

  kill(child: string): void {
    const killed = this.#childOf(child);
    if (killed === null) return;
    this.#defer(() =>
      this.#world.exits.end(killed, { kind: "killed", why: "asked" })
    );
  }

  watch(ref: string): void {
    this.#defer(() => this.#world.watches.add(this.#cell, ref));
  }

  unwatch(ref: string): void {
    this.#defer(() => this.#world.watches.remove(this.#cell, ref));
  }

  stash(): boolean {
    const { effects } = this.#world;
    const { message } = effects;
    const cell = this.#cell;
    if (message === null) {
      throw new TypeError(`Cannot stash a signal: it has no message`);
    }
    const stash = cell.stash ??= [];
    if (effects.isStashed) return true;
    if (stash.length >= cell.spec.stashCapacity) return false;
    // Who asked is taken along, and waits with it.
    effects.isStashed = true;
    effects.isDirty = true;
    const slip = effects.isAnswered ? null : effects.slip;
    if (effects.asking !== null) effects.isAnswered = true;
    stash.push({ message, slip });
    return true;
  }

  unstash(limit = Infinity): void {
    this.#defer(() => this.#world.exits.unstash(this.#cell, limit));
  }

  record(event: { readonly kind: string }): void {
    const { behavior, past } = this.#cell;
    if (behavior.apply === undefined || past === null) {
      throw new TypeError(
        `Cannot record "${event.kind}" as ${this.self} is not journaled`,
      );
    }
    const { effects, freezes } = this.#world;
    if (freezes) freezePlain(event);
    behavior.apply(this.#cell.state, event);
    effects.isDirty = true;
    effects.events.push(event);
  }

  count(name: string, by = 1): void {
    const { counters } = this.#world;
    counters.set(name, (counters.get(name) ?? 0) + by);
  }

  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#world.log(level, text, { actor: this.self, ...fields });
  }

  /** A new life draws from a new stream. */
  renew(): void {
    this.#random = null;
  }

  #find(to: string): Cell | undefined {
    const last = this.#last;
    if (last !== null && to === last.address && last.status !== "ended") {
      return last;
    }
    const found = this.#world.exchange.find(to, this.#cell);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #defer(act: () => void): void {
    const { effects } = this.#world;
    effects.isDirty = true;
    effects.deferred.push(act);
  }

  /** The child of that address; null when it has ended already. */
  #childOf(ref: string): Cell | null {
    const child = this.#world.exchange.find(ref, this.#cell);
    if (child !== undefined && child.family === this.#cell.children) {
      return child;
    }
    if (child === undefined && ref.startsWith(`${this.self}/`)) return null;
    throw new TypeError(
      `Cannot stop "${ref}" as it is no child of ${this.self}`,
    );
  }

  /** Makes room for an asker: some other one finds out for himself. */
  #answerAny(askers: IdMap<unknown>): void {
    for (const asker of askers.keys()) {
      return this.answer(asker, unknown(RETRY_AFTER_MS));
    }
  }
}

/** Every wait has a deadline: NaN and Infinity would be none. */
export function endlessWait(
  verb: string,
  what: string,
  delayMs: number,
): RangeError {
  return new RangeError(
    `Cannot ${verb} "${what}" as its wait must be finite: ` +
      `current value is ${delayMs}`,
  );
}
