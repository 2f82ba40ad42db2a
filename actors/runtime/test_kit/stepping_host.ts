/**
 * The runtime's first adversary: runs several commit domains in one thread,
 * one random action at a time. It delivers between domains in any order that
 * keeps the order of each sender and receiver, makes appends durable when it
 * likes, moves time only when nothing else is left, and loses power before or
 * after any commit. The same seed gives the same run.
 *
 * @module
 */
import type { Message } from "../actor.ts";
import type { ActorSpec } from "../cell.ts";
import { Domain } from "../domain.ts";
import { Envelope } from "../envelope.ts";
import { MemoryDisk, MemoryJournal } from "./memory_journal.ts";
import { type Outcome, unknown } from "../outcome.ts";
import type { Log } from "../ports.ts";
import { SeededRandom } from "../random.ts";

/** A domain and its actors, as the host starts and restarts them. */
export interface SteppedDomain {
  /** Unique among the domains; `outside` is taken. */
  readonly name: string;
  /** Who lives in it. */
  readonly actors: readonly ActorSpec[];
}

/** A gateway in the model: answers a message, as a service outside would. */
export type SteppedGateway = (message: Message) => Outcome<unknown>;

/** Where power goes: at which commit of the run, and on which side of it. */
export interface CrashPoint {
  /** Counts the commits of all domains from 1. */
  readonly commit: number;
  /** Before it is durable, or after that and before anybody hears of it. */
  readonly side: "before" | "after";
}

/** What a host is made of. */
export interface SteppingOptions {
  /** Decides every choice: the same seed gives the same run. */
  readonly seed: number;
  /** The commit domains of the run. */
  readonly domains: readonly SteppedDomain[];
  /** What answers instead of actors, by address. */
  readonly gateways?: Readonly<Record<string, SteppedGateway>>;
  /** What an earlier run left; empty unless told. */
  readonly disk?: MemoryDisk;
  /** Where power goes once; nowhere unless told. */
  readonly crashAt?: CrashPoint;
  /** What crashes then: the domain that commits, or all of them. */
  readonly crashes?: "domain" | "all";
  /** Takes the domains' lines; nobody unless told. */
  readonly log?: Log;
}

/** An answer that may not have come yet. */
export interface Awaited<Value = unknown> {
  /** Null until it has come. */
  outcome: Outcome<Value> | null;
}

interface Running {
  readonly spec: SteppedDomain;
  readonly domain: Domain;
  readonly incarnation: number;
  /** Writes that are not durable yet, oldest first. */
  readonly commits: (() => void)[];
  wantsRunAtMs: number;
}

/** Twelve times the deadline that an ask has by default. */
const SETTLE_MAX_MS = 60_000;

const SILENT: Log = { write: () => {} };

/** See the module's text. */
export class SteppingHost {
  /** What is durable. */
  readonly disk: MemoryDisk;
  /** Commits made durable so far, over all domains. */
  commits = 0;
  /** How often a domain lost its power. */
  losses = 0;
  readonly #options: SteppingOptions;
  readonly #random: SeededRandom;
  readonly #running = new Map<string, Running>();
  readonly #homes = new Map<string, string>();
  /** Envelopes between domains, by sender and receiver. */
  readonly #channels = new Map<string, Envelope[]>();
  #nowMs = 1_000;

  /** Starts all domains. Throws when one of them cannot start. */
  constructor(options: SteppingOptions) {
    this.#options = options;
    this.disk = options.disk ?? new MemoryDisk();
    this.#random = new SeededRandom(options.seed, "stepping host");
    for (const spec of options.domains) {
      for (const { address } of spec.actors) {
        this.#homes.set(address, spec.name);
      }
      this.#homes.set(spec.name, spec.name);
    }
    this.#homes.set("outside", "outside");
    const outside = { name: "outside", actors: [] };
    for (const spec of [...options.domains, outside]) this.#start(spec, 1);
  }

  /**
   * Asks from outside all domains, as the gate does, for `withinMs`
   * milliseconds of virtual time.
   */
  ask(to: string, message: Message, withinMs = 5_000): Awaited {
    const awaited: Awaited = { outcome: null };
    this.#running.get("outside")!.domain.ask(
      to,
      message,
      withinMs,
      (outcome) => {
        if (awaited.outcome !== null) throw new Error("Answered twice");
        awaited.outcome = outcome;
      },
    );
    return awaited;
  }

  /** Both clocks, in milliseconds; a run starts at 1,000. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The state of an actor, wherever it lives; undefined: nowhere. */
  stateOf(address: string): unknown {
    const home = this.#homes.get(address);
    return this.#running.get(home ?? "")?.domain.stateOf(address);
  }

  /**
   * Acts until nothing is left to do before `untilMs`, then stands there.
   * Throws when that takes more than `maxActions`: somebody runs in circles.
   */
  runUntil(untilMs: number, maxActions = 100_000): void {
    for (let action = 0; action < maxActions; action++) {
      if (this.step()) continue;
      const nextMs = Math.min(
        ...[...this.#running.values()].map(({ wantsRunAtMs }) => wantsRunAtMs),
      );
      if (nextMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return;
      }
      this.#nowMs = Math.max(this.#nowMs, nextMs);
    }
    throw new Error(`Still busy after ${maxActions} actions`);
  }

  /**
   * Acts until every awaited answer has come. Throws when one is missing after
   * a minute of virtual time.
   */
  settle(...awaited: readonly Awaited[]): void {
    const endMs = this.#nowMs + SETTLE_MAX_MS;
    while (awaited.some(({ outcome }) => outcome === null)) {
      if (this.#nowMs >= endMs) throw new Error("An answer never came");
      this.runUntil(this.#nowMs + 100);
    }
  }

  /** Takes the power from a domain: what was not durable is gone. */
  lose(name: string): void {
    const running = this.#running.get(name)!;
    this.losses++;
    for (const [channel, envelopes] of this.#channels) {
      const [from, to] = channel.split("→");
      if (from === name || to === name) envelopes.length = 0;
    }
    this.#start(running.spec, running.incarnation + 1);
    const lost = (to: string) => this.#homes.get(to) === name;
    for (const [other, { domain }] of this.#running) {
      if (other === name) continue;
      domain.settleLost(lost, unknown(250));
      domain.noteReachable(lost);
    }
  }

  /** One random action; false when there is none at this time. */
  step(): boolean {
    const actions: (() => void)[] = [];
    for (const running of this.#running.values()) {
      if (running.wantsRunAtMs <= this.#nowMs) {
        actions.push(() => {
          running.wantsRunAtMs = Infinity;
          const nextMs = running.domain.run();
          const atMs = nextMs === 0 ? this.#nowMs : nextMs;
          running.wantsRunAtMs = Math.min(running.wantsRunAtMs, atMs);
        });
      }
      if (running.commits.length > 0) {
        actions.push(() => this.#makeDurable(running));
      }
    }
    for (const [channel, envelopes] of this.#channels) {
      if (envelopes.length === 0) continue;
      const to = channel.split("→")[1]!;
      actions.push(() =>
        this.#running.get(to)!.domain.deliver(envelopes.shift()!)
      );
    }
    if (actions.length === 0) return false;
    actions[this.#random.below(actions.length)]!();
    return true;
  }

  #makeDurable(running: Running): void {
    const { crashAt } = this.#options;
    this.commits++;
    const crashes = crashAt !== undefined && crashAt.commit === this.commits;
    if (crashes && crashAt.side === "before") return this.#loseAt(running);
    const commit = running.commits.shift()!;
    if (!crashes) return commit();
    // Durable, but nobody hears of it: power goes before the callback acts.
    this.#deaf.add(running.domain);
    commit();
    this.#loseAt(running);
  }

  readonly #deaf = new Set<Domain>();

  #loseAt(running: Running): void {
    if (this.#options.crashes === "all") {
      for (const { name } of this.#options.domains) this.lose(name);
    } else {
      this.lose(running.spec.name);
    }
  }

  #start(spec: SteppedDomain, incarnation: number): void {
    const commits: (() => void)[] = [];
    const domain: Domain = new Domain({
      name: spec.name,
      incarnation,
      seed: this.#options.seed,
      clock: { monotonicMs: () => this.#nowMs, wallMs: () => this.#nowMs },
      log: this.#options.log ?? SILENT,
      journal: new MemoryJournal(
        this.disk,
        (commit) => commits.push(commit),
      ),
      transmit: (envelope) =>
        this.#deaf.has(domain) ? "gone" : this.#transmit(spec.name, envelope),
      wake: () => running.wantsRunAtMs = this.#nowMs,
      died: () => this.lose(spec.name),
      pick: (count) => this.#random.below(count),
      stepsPerRun: 1,
      freeze: true,
    });
    const running: Running = {
      spec,
      domain,
      incarnation,
      commits,
      wantsRunAtMs: this.#nowMs,
    };
    for (const actor of spec.actors) domain.add(actor);
    this.#running.set(spec.name, running);
    domain.start(() => {});
  }

  #transmit(from: string, envelope: Envelope): "queued" | "gone" {
    const gateway = this.#options.gateways?.[envelope.to];
    if (gateway !== undefined) return this.#serve(gateway, from, envelope);
    const home = this.#homes.get(envelope.to);
    if (home === undefined) return "gone";
    this.#channel(from, home).push(envelope);
    return "queued";
  }

  /** A gateway answers through a channel of its own, so in any order. */
  #serve(
    gateway: SteppedGateway,
    asker: string,
    envelope: Envelope,
  ): "queued" {
    const outcome = gateway(envelope.content as Message);
    if (envelope.ask > 0) {
      const { to, from, ask } = envelope;
      this.#channel(to, asker).push(new Envelope(from, to, -ask, 0, outcome));
    }
    return "queued";
  }

  #channel(from: string, to: string): Envelope[] {
    const name = `${from}→${to}`;
    let envelopes = this.#channels.get(name);
    if (envelopes === undefined) {
      envelopes = [];
      this.#channels.set(name, envelopes);
    }
    return envelopes;
  }
}
