/**
 * A commit domain: the actors of one thread, their run loop and their journal.
 *
 * It hides the order in which things become true. A batch of messages is
 * drained, step by step: mail enters mailboxes at once, and is taken back when
 * the step throws; what else a step does takes effect when it returns. Then
 * the batch is committed, then what leaves the domain goes out:
 *
 *   deliver ─▶ mailboxes ─▶ step ─▶ events ──▶ batch ──▶ journal.append
 *                  ▲          │                              │ durable
 *                  └── inside ┴─ outside ─▶ held ────────────┴─▶ transmit
 *
 * Messages inside the domain flow at once, since both ends are lost together.
 * An output that leaves waits for the newest event staged before it, its own
 * or not: a "sold out" must not reveal a hold that is not committed. A step
 * that throws leaves nothing; only its own actor is folded again. A fenced or
 * unknown append ends the whole domain. Storage that is full ends nothing: the
 * batch is tried again, and new asks are refused until it is through.
 *
 * It reads no clock but its port's, once a run; it knows no thread, no socket.
 *
 * @module
 */
import type { ChildSpec, Delivery, LogLevel, Message } from "./actor.ts";
import { BatchTime } from "./batch_time.ts";
import type { ActorSpec, Cell } from "./cell.ts";
import {
  type BreakerChanged,
  type BreakerPolicy,
  CircuitBreaker,
} from "./circuit_breaker.ts";
import { CommitQueue } from "./commit_queue.ts";
import type { World } from "./context.ts";
import type { DeadLetters } from "./dead_letters.ts";
import {
  type DomainReport,
  reportActor,
  TreeDrawing,
  type TreeNode,
} from "./domain_report.ts";
import { Effects } from "./effects.ts";
import { Envelope } from "./envelope.ts";
import { Exchange } from "./exchange.ts";
import { Exits, SHUTDOWN } from "./exits.ts";
import { Founder } from "./founder.ts";
import type { KeyedGroup, KeyedSpec } from "./keyed.ts";
import { foldInto, Lives } from "./lives.ts";
import { failed, type Outcome, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import { freezePlain } from "./plain_data.ts";
import type { DomainEnd, DomainOptions } from "./ports.ts";
import { SeededRandom } from "./random.ts";
import { RunQueue } from "./run_queue.ts";
import { Ask } from "./slip.ts";
import { Steps } from "./steps.ts";
import type { SupervisorSpec } from "./supervisor.ts";
import { Waits } from "./waits.ts";
import { Watches } from "./watches.ts";

export type { DomainOptions } from "./ports.ts";

/** Steps in one run before the batch is committed and links get a turn. */
const STEPS_PER_RUN = 2_048;

/** The actors of one thread with their run loop. See the module's text. */
export class Domain {
  /** As given in the options. */
  readonly name: string;
  readonly #options: DomainOptions;
  readonly #cells = new Map<string, Cell>();
  readonly #groups = new Map<string, KeyedGroup>();
  readonly #founder: Founder;
  readonly #effects = new Effects();
  readonly #counters = new Map<string, number>();
  readonly #time: BatchTime;
  readonly #ready: RunQueue;
  readonly #waits: Waits;
  readonly #commits: CommitQueue;
  readonly #exchange: Exchange;
  readonly #watches: Watches;
  readonly #steps: Steps;
  readonly #lives: Lives;
  readonly #exits: Exits;
  #state: "new" | "starting" | "running" | "dead" = "new";
  readonly #drawing: TreeDrawing;
  #awake = false;
  #running = false;

  /** Builds an empty domain; nothing of the host is called but its clock. */
  constructor(options: DomainOptions) {
    this.#options = options;
    this.name = options.name;
    this.#time = new BatchTime(options.clock);
    this.#drawing = new TreeDrawing(this.#time.monotonicMs);
    this.#ready = new RunQueue(options.pick);
    this.#waits = new Waits({
      incarnation: options.incarnation,
      askExpired: (ask) => this.#askExpired(ask),
      timerFired: (timer) =>
        this.#exchange.post(timer.cell, timer.message, timer),
      ...options.latenessMs !== undefined && { latenessMs: options.latenessMs },
    });
    this.#commits = this.#makeCommits();
    this.#exchange = new Exchange({
      name: options.name,
      cells: this.#cells,
      groups: this.#groups,
      effects: this.#effects,
      waits: this.#waits,
      commits: this.#commits,
      ready: this.#ready,
      transmit: (envelope) => this.#transmit(envelope),
      time: this.#time,
    });
    this.#watches = new Watches({
      cells: this.#cells,
      release: (envelope) => this.#commits.release(envelope),
      after: (delayMs, act) => this.#after(delayMs, act),
      signal: (cell, signal) => this.#steps.queueSignal(cell, signal),
    });
    const world = this.#makeWorld();
    this.#steps = new Steps({
      world,
      ready: this.#ready,
      waits: this.#waits,
      commits: this.#commits,
      after: this.#after,
    });
    this.#lives = this.#makeLives(world);
    this.#exits = this.#makeExits(world);
    this.#founder = new Founder(options, {
      lives: this.#lives,
      exits: this.#exits,
      after: this.#after,
    });
  }

  #makeCommits(): CommitQueue {
    const { journal, clock } = this.#options;
    return new CommitQueue({
      journal,
      clock,
      leave: (envelope) => this.#exchange.leave(envelope),
      after: this.#after,
      advanced: () => {
        if (!this.isIdle) this.#wake();
      },
      died: (reason) => this.#die(reason),
      storageChanged: (isFull) =>
        this.#log(isFull ? "error" : "info", "storage changed", { isFull }),
    });
  }

  #makeWorld(): World {
    const { seed, incarnation, freeze } = this.#options;
    // deno-lint-ignore no-this-alias -- lives are made after the world
    const domain = this;
    return {
      effects: this.#effects,
      exchange: this.#exchange,
      watches: this.#watches,
      time: this.#time,
      seed,
      incarnation,
      freezes: freeze ?? false,
      observer: this.#options.observer ?? null,
      counters: this.#counters,
      nextId: () => this.#waits.nextId(),
      log: this.#log,
      get lives() {
        return domain.#lives;
      },
      get exits() {
        return domain.#exits;
      },
    };
  }

  #makeLives(world: World): Lives {
    return new Lives({
      world,
      cells: this.#cells,
      commits: this.#commits,
      ready: this.#ready,
      steps: this.#steps,
      journal: this.#options.journal,
      isRunning: () => this.#state === "running",
      after: this.#after,
      wake: () => this.#wake(),
    });
  }

  #makeExits(world: World): Exits {
    const { seed, name, escalated } = this.#options;
    return new Exits({
      world,
      cells: this.#cells,
      waits: this.#waits,
      ready: this.#ready,
      steps: this.#steps,
      random: new SeededRandom(seed, `supervisor ${name}`),
      after: this.#after,
      wake: () => this.#wake(),
      escalated: () => escalated?.(),
    });
  }

  // ── Life ────────────────────────────────────────────────────────────────

  /**
   * Adds an actor under a supervisor of its own, which never gives up: over
   * its budget the actor stays down and is tried again. Throws a TypeError
   * after `start`, or when it cannot fit.
   */
  add(spec: ActorSpec): void {
    this.#mustBeNew(spec.address);
    this.#founder.add(spec);
  }

  /**
   * Adds a supervisor and all below it. Throws a TypeError or RangeError that
   * names the path of what cannot be, and after `start`.
   */
  supervise(spec: SupervisorSpec): void {
    this.#mustBeNew(spec.name);
    this.#founder.supervise(spec);
  }

  /** Adds a kind of actors that are addressed by key. As `add`, it can throw. */
  addKeyed(spec: KeyedSpec): void {
    this.#mustBeNew(spec.name);
    this.#groups.set(spec.name, this.#founder.addKeyed(spec));
  }

  /**
   * Adds an actor below the root, whose budget it shares; it lives at once
   * when the domain runs. Its address is its name.
   */
  spawn(child: ChildSpec): void {
    const cell = this.#founder.spawn(child);
    if (this.#state === "running") this.#lives.launch(cell);
    this.#wake();
  }

  /**
   * Puts a breaker before an actor of this or another domain: it sees how asks
   * of it end, and while it is open they fail at once. `changed` is told of
   * every transition, with the breaker's numbers after it.
   */
  guard(
    address: string,
    policy: Partial<BreakerPolicy>,
    changed?: BreakerChanged,
  ): CircuitBreaker {
    // Who lost the target has said so: it is no news of every breaker before it.
    let level: LogLevel = "warn";
    const breaker: CircuitBreaker = new CircuitBreaker(policy, {
      random: new SeededRandom(this.#options.seed, `breaker ${address}`),
      changed: (from, to, nowMs) => {
        const report = breaker.report(nowMs);
        if (to === "open") level = report.isTargetDown ? "debug" : "warn";
        this.#log(level, "breaker changed", { address, from, to });
        changed?.(address, from, to, report);
      },
    });
    this.#exchange.breakers.set(address, breaker);
    const cell = this.#cells.get(address);
    if (cell !== undefined) cell.breaker = breaker;
    return breaker;
  }

  #mustBeNew(address: string): void {
    const isTaken = address === this.name || this.#groups.has(address);
    if (this.#state === "new" && !isTaken) return;
    throw new TypeError(`Cannot add ${address} to ${this.name}`);
  }

  /**
   * Takes the journaled actors' partitions over, folds them and lets everybody
   * run. `done` gets false when the journal cannot be reached now; the domain
   * can be started again then. A fold that throws is a broken store: it throws.
   */
  start(done: (started: boolean) => void): void {
    if (this.#state !== "new") {
      throw new TypeError(`Cannot start ${this.name} as it is ${this.#state}`);
    }
    // Mail may have started keyed ones already.
    const cells = this.#unborn();
    const journaled: string[] = [];
    for (const cell of cells) {
      cell.state = cell.behavior.start(cell.args);
      if (cell.past !== null) journaled.push(cell.address);
    }
    this.#state = "starting";
    if (journaled.length === 0) return this.#begin(cells, done);
    this.#options.journal!.recover(
      journaled,
      (partition) => foldInto(this.#cells.get(partition)!),
      (recovered) => {
        if (recovered === null) {
          this.#state = "new";
          return done(false);
        }
        for (const { partition, epoch, lastSequence } of recovered) {
          const { past } = this.#cells.get(partition)!;
          past!.epoch = epoch;
          past!.sequence = lastSequence;
        }
        this.#begin(cells, done);
      },
    );
  }

  #begin(cells: readonly Cell[], done: (started: boolean) => void): void {
    this.#state = "running";
    this.#lives.begin(cells);
    // Some may have come while the others' past was read.
    for (const cell of this.#unborn()) this.#lives.launch(cell);
    done(true);
  }

  #unborn(): Cell[] {
    return [...this.#cells.values()].filter(({ status }) => status === "new");
  }

  /** Tells every running actor to stop; what they record is still committed. */
  stop(): void {
    if (this.#state !== "running") return;
    this.#time.read();
    for (const cell of [...this.#cells.values()].reverse()) {
      if (cell.status === "running") {
        this.#steps.signal(cell, { kind: "stopping" });
      }
    }
    this.#wake();
  }

  /**
   * Stops all actors in the reverse order of their start, each with its mail
   * handled, within its `shutdownMs`; `done` is called when all have ended and
   * what they recorded is durable. After `withinMs` whoever is left is killed,
   * and nothing is waited for any more.
   */
  shutDown(done: () => void, withinMs = Infinity): void {
    const endMs = this.#clockMs() + withinMs;
    const isOver = () => this.#time.monotonicMs >= endMs;
    let left: Cell[] = [];
    const next = (): void => {
      for (;;) {
        // Looked at anew when it is empty: mail may have started somebody.
        if (left.length === 0) left = this.#outermost();
        const newest = left.at(-1);
        if (newest === undefined) break;
        this.#exits.stop(newest, SHUTDOWN);
        if (newest.status !== "ended") {
          if (!isOver()) return this.#after(1, next);
          this.#exits.end(newest, { kind: "killed", why: "deadline" });
        }
        left.pop();
      }
      if (this.isIdle || isOver()) return done();
      this.#after(1, next);
    };
    if (!this.#running) this.#time.read();
    next();
  }

  /** Those who are no children: these go with their parents. */
  #outermost(): Cell[] {
    return [...this.#cells.values()].filter(({ family }) =>
      family.owner === null
    );
  }

  /** True while nothing waits to run or to be committed. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#commits.stagedEvents === 0 &&
      !this.#commits.isAppending;
  }

  /** Asks from here that are not settled yet. */
  get asksUnderWay(): number {
    return this.#waits.asksUnderWay;
  }

  /** Milliseconds since the append under way began; 0 when there is none. */
  get appendingMs(): number {
    return this.#commits.appendingMs;
  }

  // ── Mail in ─────────────────────────────────────────────────────────────

  /** Takes an envelope that came from outside the domain. */
  deliver(envelope: Envelope): void {
    if (this.#state === "dead") return;
    // What a domain like this one sent was frozen there, all the way down.
    if (this.#options.freeze && !Object.isFrozen(envelope.content)) {
      freezePlain(envelope.content);
    }
    const isOwn = envelope.ask === 0 && this.#watches.take(envelope);
    if (!isOwn) this.#exchange.deliver(envelope);
    this.#wake();
  }

  /**
   * Asks from outside the domain, for `withinMs` milliseconds; a RangeError
   * when that is not finite. `done` is called once, in a later turn or at once
   * when the answer is known already (the target is down). It must not throw.
   */
  ask(
    to: string,
    message: Message,
    withinMs: number,
    done: (outcome: Outcome<unknown>) => void,
  ): void {
    if (!Number.isFinite(withinMs)) {
      throw new RangeError(
        `Cannot ask ${to} without a deadline: current value is ${withinMs}`,
      );
    }
    if (this.#state !== "running") {
      return done(failed("unavailable", RETRY_AFTER_MS));
    }
    if (this.#options.freeze) freezePlain(message);
    if (!this.#running) this.#time.readMonotonic();
    const { breakers } = this.#exchange;
    const breaker = breakers.size === 0 ? null : breakers.get(to) ?? null;
    const refusal = this.#exchange.refusalOf(to, message, breaker);
    if (refusal !== null) return done(refusal);
    const ask = new Ask(
      null,
      0,
      to,
      this.name,
      this.#waits.nextId(),
      this.#time.monotonicMs + withinMs,
      "",
      undefined,
      done,
      null,
    );
    if (breaker !== null) this.#exchange.guard(ask, breaker);
    this.#waits.open(ask);
    this.#exchange.enter(to, message, ask);
    this.#wake();
  }

  /** Tells from outside the domain. A message without room is lost, counted. */
  tell(to: string, message: Message): void {
    if (this.#state === "dead") return;
    if (this.#options.freeze) freezePlain(message);
    this.#exchange.enter(to, message, null);
    this.#wake();
  }

  /**
   * Settles, as `outcome`, every ask under way to an address for which `lost`
   * is true: the link to it broke. Who watches there hears of the end, and the
   * breakers before those addresses stay open until `noteReachable`.
   */
  settleLost(
    lost: (to: string) => boolean,
    outcome: Outcome<unknown>,
  ): void {
    // First, so that what is settled now does not count as failed calls too.
    this.#eachBreaker(lost, (breaker, nowMs) => {
      breaker.targetDown(nowMs, RETRY_AFTER_MS);
    });
    for (const ask of this.#waits.asksTo(lost)) {
      this.#exchange.settle(ask, outcome);
    }
    this.#watches.lost(lost);
    this.#wake();
  }

  /**
   * There is a link again to the addresses for which `reachable` is true: what
   * `settleLost` closed to them lets probes through.
   */
  noteReachable(reachable: (to: string) => boolean): void {
    this.#eachBreaker(reachable, (breaker, nowMs) => breaker.targetUp(nowMs));
  }

  #eachBreaker(
    concerns: (address: string) => boolean,
    act: (breaker: CircuitBreaker, nowMs: number) => void,
  ): void {
    if (!this.#running) this.#time.readMonotonic();
    for (const [address, breaker] of this.#exchange.breakers) {
      if (concerns(address)) act(breaker, this.#time.monotonicMs);
    }
  }

  #askExpired(ask: Ask): void {
    this.#exchange.expired++;
    this.#exchange.settle(ask, unknown(RETRY_AFTER_MS));
  }

  /** Lets an envelope out; a watch that finds nobody comes back as an end. */
  #transmit(envelope: Envelope): Delivery {
    const delivery = this.#options.transmit(envelope);
    if (delivery === "queued") return delivery;
    return this.#watches.undelivered(envelope, delivery) ? "queued" : delivery;
  }

  // ── The run loop ────────────────────────────────────────────────────────

  /**
   * Drains one batch and commits it.
   *
   * @returns When it wants to run again, in monotonic milliseconds: 0 for at
   * once, Infinity when only new mail can make work.
   */
  run(): number {
    this.#awake = false;
    if (this.#state !== "running" || this.#running) return Infinity;
    this.#running = true;
    this.#time.read();
    this.#waits.due(this.#time.monotonicMs);
    let steps = this.#options.stepsPerRun ?? STEPS_PER_RUN;
    while (steps > 0 && !this.#commits.isFull) {
      const cell = this.#ready.shift();
      if (cell === undefined) break;
      steps -= this.#steps.turn(cell, steps);
    }
    this.#running = false;
    this.#commits.commit();
    // When too much waits, the end of the append under way wakes.
    if (this.#ready.size > 0 && !this.#commits.isFull) return 0;
    return this.#waits.nextMs;
  }

  /** Acts after a wait of the runtime's own. */
  readonly #after = (delayMs: number, act: () => void): void => {
    if (!this.#running) this.#time.readMonotonic();
    this.#waits.sleep(this.#time.monotonicMs + delayMs, act);
    this.#wake();
  };

  // ── Faults and the end ──────────────────────────────────────────────────

  /**
   * Makes an actor crash as if its next step had thrown. False, and nothing
   * happens, when it is not there or does not run. Only between two runs.
   */
  crash(address: string, cause: string): boolean {
    const cell = this.#cells.get(address);
    if (cell?.status !== "running" || this.#state !== "running") return false;
    this.#time.read();
    this.#exits.crash(cell, new Error(cause));
    this.#wake();
    return true;
  }

  /**
   * Makes each step of an actor be followed by a pause of `delayMs`
   * milliseconds; 0 ends it. False when the actor is not there.
   */
  slow(address: string, delayMs: number): boolean {
    const cell = this.#cells.get(address);
    if (cell === undefined) return false;
    cell.ownTroubles.slowMs = delayMs;
    return true;
  }

  /**
   * Ends the domain as a fenced append does, as its host must not run it any
   * more: another may. Only between two runs.
   */
  loseLease(): void {
    if (this.#state !== "dead") this.#die("lease-lost");
  }

  /** Another incarnation owns a partition, or may: nothing here is true now. */
  #die(reason: DomainEnd): void {
    this.#log("error", "commit domain ended", { reason });
    const held = this.#commits.end();
    this.close();
    const outcome = unknown(RETRY_AFTER_MS);
    for (const { to, from, ask } of held) {
      if (ask >= 0 || to === this.name) continue;
      this.#options.transmit(new Envelope(to, from, ask, 0, outcome));
    }
    this.#options.died(reason);
  }

  /**
   * Ends the domain as it stands: nothing more runs, an ask fails, and whoever
   * asked from outside its actors and still waits hears `unknown`.
   */
  close(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    for (const { done } of this.#waits.takeOutsideAsks()) {
      done?.(unknown(RETRY_AFTER_MS));
    }
  }

  /**
   * The numbers of this domain since its start, with those of each actor, or
   * of the first `actorsMax`.
   */
  report(actorsMax = Infinity): DomainReport {
    const { commits, events, commitMs } = this.#commits;
    const { breakers, dead, expired } = this.#exchange;
    const nowMs = this.#clockMs();
    return {
      name: this.name,
      commits,
      events,
      commitMs,
      deadLetters: dead.total,
      expired,
      pendingAsks: this.asksUnderWay,
      counters: Object.fromEntries(this.#counters),
      breakers: [...breakers].map(([address, breaker]) => ({
        address,
        ...breaker.report(nowMs),
      })),
      actors: this.#cells.values().take(actorsMax).map(reportActor).toArray(),
    };
  }

  /** Who supervises whom, and how they are. */
  tree(): TreeNode {
    return this.#drawing.draw(this.#founder.root, this.#clockMs());
  }

  #clockMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** What nobody took. */
  get deadLetters(): DeadLetters {
    return this.#exchange.dead;
  }

  /** The state of an actor, for tests and checkers; undefined: not here. */
  stateOf(address: string): unknown {
    return this.#cells.get(address)?.state;
  }

  /** Writes a line that names the domain. */
  readonly #log = (
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void => {
    this.#options.log.write(level, text, { domain: this.name, ...fields });
  };

  #wake(): void {
    if (this.#awake || this.#running || this.#state !== "running") return;
    this.#awake = true;
    this.#options.wake();
  }
}
