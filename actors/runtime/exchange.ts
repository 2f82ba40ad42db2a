/**
 * Where mail goes. Mail for an actor of the domain enters its mailbox at once,
 * since both ends are lost together; what leaves the domain waits behind the
 * commit queue; an answer ends the ask that waits for it, once, and becomes a
 * message of the asker. What cannot go where it should comes back as a failure
 * to whoever asked, or is a dead letter.
 *
 * @module
 */
import type { Delivery, Message } from "./actor.ts";
import type { BatchTime } from "./batch_time.ts";
import type { Cell } from "./cell.ts";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import type { CommitQueue } from "./commit_queue.ts";
import { type DeadLetterReason, DeadLetters } from "./dead_letters.ts";
import type { Effects } from "./effects.ts";
import { Envelope } from "./envelope.ts";
import type { KeyedGroup } from "./keyed.ts";
import type { Mail } from "./mailbox.ts";
import {
  failed,
  type FailureCode,
  type Outcome,
  RETRY_AFTER_MS,
} from "./outcome.ts";
import type { RunQueue } from "./run_queue.ts";
import {
  Ask,
  type Chain,
  type GuardedCall,
  isControl,
  type Slip,
} from "./slip.ts";
import type { Waits } from "./waits.ts";

/** Actors whose tells found one mailbox full and who hear of room again. */
const WAITING_FOR_ROOM_MAX = 1_024;

/** What an exchange is made of. */
export interface ExchangeOptions {
  /** The domain's own name: the address of callers outside its actors. */
  readonly name: string;
  readonly cells: Map<string, Cell>;
  readonly groups: ReadonlyMap<string, KeyedGroup>;
  readonly effects: Effects;
  readonly waits: Waits;
  readonly commits: CommitQueue;
  readonly ready: RunQueue;
  /** Takes what leaves the domain. */
  readonly transmit: (envelope: Envelope) => "queued" | "full" | "gone";
  readonly time: BatchTime;
}

/** A domain's mail. See the module's text. */
export class Exchange {
  readonly dead = new DeadLetters();
  /** Messages dropped late and asks that nobody answered in time. */
  expired = 0;
  /** Breakers of actors in other domains, by address. */
  readonly breakers = new Map<string, CircuitBreaker>();
  readonly #options: ExchangeOptions;
  readonly #cells: ReadonlyMap<string, Cell>;
  readonly #effects: Effects;
  readonly #waits: Waits;
  readonly #commits: CommitQueue;
  readonly #ready: RunQueue;
  readonly #time: BatchTime;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#cells = options.cells;
    this.#effects = options.effects;
    this.#waits = options.waits;
    this.#commits = options.commits;
    this.#ready = options.ready;
    this.#time = options.time;
  }

  /**
   * The actor of that address; one that is started by key is started.
   *
   * @param by Whose step looks for it, if one does.
   */
  find(address: string, by: Cell | null = null): Cell | undefined {
    const cell = this.#cells.get(address);
    if (cell !== undefined || this.#options.groups.size === 0) return cell;
    const bracket = address.indexOf("[");
    if (bracket < 0) return undefined;
    const group = this.#options.groups.get(address.slice(0, bracket));
    if (group === undefined || by === null) return group?.activate(address);
    // Its own place is not taken for the newcomer.
    if (by.place !== null) by.place.isInStep = true;
    const started = this.#effects.aside(() => group.activate(address));
    if (by.place !== null) by.place.isInStep = false;
    return started;
  }

  // ── What steps send ─────────────────────────────────────────────────────

  /** A step tells an actor of the domain. */
  tell(from: Cell, target: Cell, message: Message): Delivery {
    const { status } = target;
    if (status === "ended" || status === "draining") {
      return this.#tellNobody(target, message);
    }
    const lane = target.laneOf(message);
    if (target.mailbox.hasRoom(lane)) {
      target.mailbox.push(message, null, lane);
      this.#effects.pushed(target, lane);
      if (!target.queued) this.#ready.push(target);
      return "queued";
    }
    return this.#overflow(from, target, message);
  }

  /** A step asks; `target` undefined: somebody outside the domain. */
  ask(
    cell: Cell,
    target: Cell | undefined,
    to: string,
    message: Message,
    as: string,
    about: unknown,
    deadlineMs: number,
  ): void {
    const chain = this.#chainOf(cell);
    const breaker = target === undefined
      ? this.breakers.size === 0 ? null : this.breakers.get(to) ?? null
      : target.breaker;
    const refusal = this.#refusalOf(target, to, message, chain, breaker);
    const leaves = target === undefined && refusal === null;
    const ask = new Ask(
      cell,
      cell.life,
      to,
      cell.address,
      leaves ? this.#waits.nextId() : 0,
      // An ask that never was under way has no deadline.
      refusal === null ? deadlineMs : 0,
      as,
      about,
      null,
      chain,
    );
    if (refusal !== null) return this.#refuseAsk(cell, ask, refusal);
    if (breaker !== null) this.guard(ask, breaker);
    this.#waits.open(ask);
    if (target !== undefined) return this.#post(target, message, ask);
    this.#sendAsk(ask, message);
  }

  #refuseAsk(cell: Cell, ask: Ask, refusal: Outcome<unknown>): void {
    ask.isSettled = true;
    this.#post(cell, answerMessage(ask, refusal), ask);
  }

  /** It leaves the domain when the step has returned. */
  #sendAsk(ask: Ask, message: Message): void {
    const { to, from, id, deadlineMs, chain } = ask;
    this.#effects.isDirty = true;
    this.#effects.opened.push(ask);
    this.#effects.outputs.push(
      new Envelope(to, from, id, deadlineMs, message, text(chain)),
    );
  }

  /** Answers an ask: a step does, or the runtime in its place. */
  answer(ask: Ask, outcome: Outcome<unknown>): void {
    if (ask.cell !== null) this.settle(ask, outcome);
    else this.#answerOutside(ask, outcome);
  }

  #answerOutside(ask: Ask, outcome: Outcome<unknown>): void {
    if (ask.done === null) ask.isSettled = true;
    else ask.isAnswered = true;
    const envelope = new Envelope(ask.from, ask.to, -ask.id, 0, outcome);
    if (!this.#effects.isOpen) return this.leave(envelope);
    this.#effects.isDirty = true;
    this.#effects.outputs.push(envelope);
  }

  /** A step threw: what it had put into mailboxes comes out again. */
  takeBack = ({ slip }: Mail): void => {
    if (slip === null || slip.role !== "ask") return;
    // Its own ask was never made; an answer that it gave was never given.
    if (!slip.isSettled) this.#cancel(slip);
    else if (slip.deadlineMs > 0) this.#waits.open(slip);
  };

  /** An ask that was never made. */
  #cancel(ask: Ask): void {
    if (this.#waits.close(ask)) {
      ask.guarded?.breaker.abandoned(ask.guarded.generation);
    }
  }

  /** A step threw: the asks that it would have sent out were never made. */
  cancelAll(asks: readonly Ask[]): void {
    for (const ask of asks) this.#cancel(ask);
  }

  // ── What comes and goes ─────────────────────────────────────────────────

  /** Takes an envelope from another domain. */
  deliver(envelope: Envelope): void {
    const { ask, to, from, deadlineMs } = envelope;
    if (ask >= 0) {
      const slip = ask === 0 ? null : new Ask(
        null,
        0,
        to,
        from,
        ask,
        deadlineMs,
        "",
        undefined,
        null,
        envelope.chain === "" ? null : chainFrom(envelope.chain),
      );
      return this.#admit(to, envelope.content as Message, slip);
    }
    const asked = this.#waits.byId(-ask);
    if (asked !== undefined) {
      return this.settle(asked, envelope.content as Outcome<unknown>);
    }
    this.#die(to, "answer", "late_answer");
  }

  /** Takes a message of the host's own, to anybody. */
  enter(to: string, message: Message, ask: Ask | null): void {
    if (this.find(to) !== undefined) return this.#admit(to, message, ask);
    const id = ask === null ? 0 : ask.id;
    const deadlineMs = ask === null ? 0 : ask.deadlineMs;
    this.#commits.release(
      new Envelope(to, this.#options.name, id, deadlineMs, message),
    );
  }

  /** Lets an envelope out: what it depends on is durable. */
  leave(envelope: Envelope): void {
    const { ask, to, content } = envelope;
    if (ask < 0 && to === this.#options.name) {
      const asked = this.#waits.byId(-ask);
      if (asked === undefined) return this.#die(to, "answer", "late_answer");
      return this.settle(asked, content as Outcome<unknown>);
    }
    const delivery = this.#options.transmit(envelope);
    if (delivery === "queued") return;
    const reason = delivery === "full" ? "full" : "not_there";
    if (ask <= 0) return this.#die(to, content.kind, reason);
    const code = delivery === "full" ? "overloaded" : "unavailable";
    const asked = this.#waits.byId(ask);
    if (asked !== undefined) this.settle(asked, failed(code, RETRY_AFTER_MS));
  }

  /** Ends an ask of this domain, once. Whatever comes later is dead. */
  settle(ask: Ask, outcome: Outcome<unknown>): void {
    if (!this.#waits.close(ask)) return this.#dieLate(ask.to, "answer");
    const { cell, guarded } = ask;
    if (guarded !== null) this.#reportLater(guarded, outcome);
    if (cell === null) return ask.done?.(outcome);
    if (cell.life !== ask.life) return this.#dieLate(cell.address, ask.as);
    this.#post(cell, answerMessage(ask, outcome), ask);
  }

  /** Tells an asker that his message was not run. */
  refuse(
    message: Message,
    slip: Slip | null,
    to: string,
    why: DeadLetterReason,
    code: FailureCode,
    retryAfterMs = RETRY_AFTER_MS,
  ): void {
    if (why === "expired") this.expired++;
    if (slip?.role === "ask" && !slip.isSettled) {
      this.answer(slip, failed(code, retryAfterMs));
    } else this.#die(to, message.kind, why);
  }

  /** A timer, a signal: bounded by what asked for it. */
  post(cell: Cell, message: Message, slip: Slip): void {
    this.#post(cell, message, slip);
  }

  /** Those who found the mailbox full hear that there is room again. */
  tellRoom(cell: Cell, signal: (to: Cell) => void): void {
    const waiting = cell.waitingForRoom!;
    cell.waitingForRoom = null;
    for (const address of waiting) {
      const teller = this.#cells.get(address);
      if (teller !== undefined) signal(teller);
    }
  }

  /** Notes a message that nobody took. */
  #die(to: string, messageKind: string, reason: DeadLetterReason): void {
    const atMs = this.#time.monotonicMs;
    this.dead.note({ atMs, to, messageKind, reason });
  }

  #dieLate(to: string, messageKind: string): void {
    this.#die(to, messageKind, "late_answer");
  }

  #post(cell: Cell, message: Message, slip: Slip | null): void {
    if (cell.status === "ended") {
      return this.#die(cell.address, message.kind, "ended");
    }
    const lane = cell.laneOf(message);
    cell.mailbox.push(message, slip, lane);
    if (this.#effects.isOpen) this.#effects.pushed(cell, lane);
    if (!cell.queued) this.#ready.push(cell);
  }

  /** Asks and tells from outside. */
  #admit(to: string, message: Message, ask: Ask | null): void {
    const cell = this.find(to);
    if (cell === undefined) {
      return this.refuse(message, ask, to, "not_there", "unavailable");
    }
    if (ask !== null) {
      const isBlocked = this.#commits.isStorageFull && cell.past !== null;
      const refusal = isBlocked
        ? failed("storage-unavailable", RETRY_AFTER_MS)
        : this.#refusalOf(cell, to, message, ask.chain, null);
      if (refusal !== null) return this.answer(ask, refusal);
    } else if (cell.status === "draining") {
      return this.#die(to, message.kind, "ended");
    } else if (!cell.mailbox.hasRoom(cell.laneOf(message))) {
      return void this.#overflow(null, cell, message);
    }
    this.#post(cell, message, ask);
  }

  /** A tell found its lane full. */
  #overflow(from: Cell | null, target: Cell, message: Message): Delivery {
    const { spec: { overflow }, address } = target;
    const lane = target.laneOf(message);
    const act = () => {
      if (overflow === "drop_newest" || target.status === "ended") {
        return this.#die(address, message.kind, "dropped");
      }
      const oldest = target.mailbox.dropOldest(
        lane,
        (mail) => !isControl(mail.slip, mail.message, target),
      );
      if (oldest === undefined) {
        return this.#die(address, message.kind, "dropped");
      }
      this.refuse(
        oldest.message,
        oldest.slip,
        address,
        "dropped",
        "overloaded",
      );
      target.mailbox.push(message, null, lane);
    };
    if (overflow === "drop_newest" || overflow === "drop_oldest") {
      this.#defer(act);
      return "queued";
    }
    if (from === null) this.#die(address, message.kind, "full");
    else if (overflow === "backpressure") {
      this.#defer(() => {
        const waiting = target.waitingForRoom ??= new Set();
        if (waiting.size < WAITING_FOR_ROOM_MAX) waiting.add(from.address);
      });
    }
    return "full";
  }

  /** Acts once the step under way has returned; at once where there is none. */
  #defer(act: () => void): void {
    if (!this.#effects.isOpen) return act();
    this.#effects.isDirty = true;
    this.#effects.deferred.push(act);
  }

  /** Why an ask is not taken; null when it is. */
  #refusalOf(
    target: Cell | undefined,
    to: string,
    message: Message,
    chain: Chain | null,
    breaker: CircuitBreaker | null,
  ): Outcome<unknown> | null {
    if (chain !== null && isInCycle(chain, to)) {
      return failed("call-cycle", RETRY_AFTER_MS);
    }
    if (target !== undefined) {
      // A tell waits for the next life; an ask is told at once to come back.
      if (target.status !== "running") return this.#awayOutcome(target);
      const hasRoom = target.mailbox.hasRoom(target.laneOf(message));
      if (!hasRoom) return failed("overloaded", RETRY_AFTER_MS);
    }
    if (this.#waits.isFull) return failed("overloaded", RETRY_AFTER_MS);
    return breaker === null ? null : this.#tryCall(breaker);
  }

  #awayOutcome({ troubles }: Cell): Outcome<unknown> {
    const retryAtMs = troubles?.retryAtMs ?? 0;
    const leftMs = Math.ceil(retryAtMs - this.#time.monotonicMs);
    return failed("unavailable", Math.max(leftMs, RETRY_AFTER_MS));
  }

  #tryCall(breaker: CircuitBreaker): Outcome<unknown> | null {
    const retryAfterMs = breaker.tryCall(this.#time.monotonicMs);
    return retryAfterMs > 0 ? failed("unavailable", retryAfterMs) : null;
  }

  /** Why the host may not ask; null when it may, and the call is under way. */
  refusalOf(
    to: string,
    message: Message,
    breaker: CircuitBreaker | null,
  ): Outcome<unknown> | null {
    return this.#refusalOf(undefined, to, message, null, breaker);
  }

  /** Lets a breaker know how an ask ends that it has let through. */
  guard(ask: Ask, breaker: CircuitBreaker): void {
    const { generation } = breaker;
    const startedMs = this.#time.monotonicMs;
    ask.guarded = { breaker, generation, startedMs };
  }

  // Functions of their own: a closure costs its function with every call.

  #tellNobody({ address }: Cell, { kind }: Message): Delivery {
    this.#defer(() => this.#die(address, kind, "ended"));
    return "gone";
  }

  /** An answer whose step throws is none, and the call has not ended. */
  #reportLater(guarded: GuardedCall, outcome: Outcome<unknown>): void {
    this.#defer(() => this.#report(guarded, outcome));
  }

  #report(
    { breaker, generation, startedMs }: GuardedCall,
    outcome: Outcome<unknown>,
  ): void {
    const nowMs = this.#time.monotonicMs;
    const durationMs = nowMs - startedMs;
    const { kind } = outcome;
    // Who sheds lives and says so at once, and of one lane: no call was made.
    if (kind === "failed" && outcome.code === "overloaded") {
      return breaker.abandoned(generation);
    }
    // A target that says no is well.
    if (kind === "ok" || kind === "rejected") {
      breaker.succeeded(nowMs, durationMs, generation);
    } else breaker.failed(nowMs, durationMs, generation);
  }

  /** The asks that the actor has to answer behind what it asks now. */
  #chainOf(cell: Cell): Chain | null {
    const effects = this.#effects;
    if (effects.chain !== undefined) return effects.chain;
    const { slip } = effects;
    if (slip === null || slip.role !== "ask") return effects.chain = null;
    return effects.chain = slip.isSettled
      ? slip.chain
      : { address: cell.address, ask: slip, next: slip.chain };
  }
}

function answerMessage(ask: Ask, outcome: Outcome<unknown>): Message {
  return { kind: ask.as, outcome, about: ask.about } as Message;
}

/** The addresses of a chain whose asks are still open. */
function text(chain: Chain | null): string {
  let addresses = "";
  for (let link = chain; link !== null; link = link.next) {
    if (!isOpen(link)) continue;
    addresses += addresses === "" ? link.address : ` ${link.address}`;
  }
  return addresses;
}

/** Asks of another domain: as far as is known here, they are open. */
function chainFrom(addresses: string): Chain | null {
  let chain: Chain | null = null;
  for (const address of addresses.split(" ").reverse()) {
    chain = { address, ask: null, next: chain };
  }
  return chain;
}

/** Whether an ask to that address would wait for itself. */
function isInCycle(chain: Chain, to: string): boolean {
  for (let link: Chain | null = chain; link !== null; link = link.next) {
    if (link.address === to && isOpen(link)) return true;
  }
  return false;
}

function isOpen({ ask }: Chain): boolean {
  return ask === null || !(ask.isSettled || ask.isAnswered);
}
