/**
 * The threads of one life of a simulated process: each is started, replaced
 * when it falls, and forgotten, as live `worker_supervisor.ts` does it; one
 * that has a lease does not start when its time is over.
 *
 * @module
 */
import { behaviors, kindOf } from "../actors/registry.ts";
import type { Log } from "../actors/runtime/ports.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { decideRestart } from "../actors/runtime/supervision.ts";
import type { ShopPlan, Topology } from "../cluster/topology.ts";
import type { Buggify } from "./buggify.ts";
import type { ThreadClock } from "./clock.ts";
import type { DatabaseModel } from "./database_model.ts";
import { guardSeen } from "./guard_seen.ts";
import { type Machines, STEPS_PER_TURN } from "./machines.ts";
import { Network } from "./network.ts";
import type { MailboxCount, Observation } from "./observation.ts";
import type { Scenario } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ServiceTimes } from "./service_times.ts";
import { Slowness } from "./slowness.ts";
import type { Streams } from "./streams.ts";
import { Thread } from "./thread.ts";
import type { GatewayModel, Traced } from "./thread_options.ts";
import {
  FEW_FRAMES,
  FEW_MESSAGES,
  FOLD_US,
  MAILBOX_MESSAGES,
  START_US,
  STEP_US,
} from "./thread_costs.ts";

/** What the threads of all processes have in common. */
export interface ThreadsWorld {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly observe: (observation: Observation) => void;
  readonly log: Log;
  readonly traced?: Traced | undefined;
  readonly buggify: Buggify;
  readonly service: ServiceTimes;
  readonly database: DatabaseModel;
  readonly machines: Machines;
}

/** What they need of their process. */
export interface ProcessThreadsOptions extends ThreadsWorld {
  readonly plan: ShopPlan;
  readonly topology: Topology;
  /** Its machine, over all lives. */
  readonly place: string;
  readonly driftPerMillion: number;
  readonly clock: ThreadClock;
  /** Acts when the process can, and never once it is gone. */
  readonly take: (act: () => void) => void;
  /** How long it is still stopped, in microseconds; 0: it runs. */
  readonly frozenForUs: () => number;
  readonly gatewaysOf: (domain: string) => Map<string, GatewayModel>;
  /** A thread has started, and is to be linked; or it has ended. */
  readonly changed: (slot: Slot, isThere: boolean) => void;
  /** Carries a batch to a domain that does not run here. */
  readonly carry: (from: string, to: string, batch: Batch) => void;
  /** A batch leaves a domain. */
  readonly left: (slot: Slot, batch: Batch) => void;
}

type Batch = Parameters<Network["carry"]>[2];

/** A thread of the process, and its lives. */
export interface Slot {
  readonly name: string;
  /** Null while it is to be started again. */
  thread: Thread | null;
  incarnation: number;
  /** Of its lease; 0: it needs none. */
  readonly fence: number;
  validUntilMs: number;
  isReady: boolean;
  failuresMs: number[];
  /** Of its core, whichever life it is in. */
  readonly slowness: Slowness;
  /** What a lane of its mailboxes holds. */
  mailboxMessages: number;
}

/** Between the threads of a process: a port, as a simulated shop has it. */
const PORTS = {
  ...{ delayMinUs: 20, delayMeanUs: 50 },
  ...{ lossPerMillion: 0, duplicatePerMillion: 0, reorderPerMillion: 0 },
};
/** An ask's id has room for so many incarnations, as live. */
const INCARNATIONS = 2 ** 20;

/** See the module's text. */
export class ProcessThreads {
  /** What they say to one another. */
  readonly network: Network;
  readonly #options: ProcessThreadsOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #random: SeededRandom;

  constructor(options: ProcessThreadsOptions) {
    this.#options = options;
    const { scheduler, streams, seed, plan } = options;
    this.#random = new SeededRandom(seed, `supervisor ${plan.process}`);
    this.network = new Network({
      ...{ scheduler, streams, values: PORTS },
      outboxFrames: () => this.outboxFrames(),
      threadOf: (name) => this.readyOf(name),
    });
    for (const { name, role } of plan.domains) {
      if (role === "worker") continue;
      const slot = this.#slotOf(name, 1, 0, Infinity);
      slot.thread = this.#makeThread(slot);
    }
  }

  /** Frames that may wait for a link that is made now; as live unless told. */
  outboxFrames(): number | undefined {
    const { buggify } = this.#options;
    return buggify.fires("link.outbox_of_few") ? FEW_FRAMES : undefined;
  }

  /** Starts those that need no lease, at once. */
  start(): void {
    for (const slot of [...this.#slots.values()]) this.#start(slot);
  }

  /** Those that live. */
  get all(): readonly Thread[] {
    return [...this.#slots.values()].flatMap(({ thread }) => thread ?? []);
  }

  /** How slow each of their cores is. */
  get slownesses(): readonly Slowness[] {
    return [...this.#slots.values()].map(({ slowness }) => slowness);
  }

  /** The one of a domain, ready or not; undefined: there is none. */
  slotOf(domain: string): Slot | undefined {
    return this.#slots.get(domain);
  }

  /** The one of a domain that takes mail; null: none does. */
  readyOf(domain: string): Thread | null {
    const slot = this.#slots.get(domain);
    return slot?.isReady ? slot.thread : null;
  }

  /** All run, and none has anything to do. */
  get isQuiet(): boolean {
    return this.#slots.values().every(({ isReady, thread }) =>
      isReady && thread!.domain.isIdle
    );
  }

  /** The mail that waits. */
  mailboxes(): MailboxCount[] {
    return [...this.#slots.values()].flatMap(({ thread, mailboxMessages }) =>
      thread === null ? [] : thread.mailboxes(mailboxMessages)
    );
  }

  /** All breakers, by the thread that they are in and its life. */
  breakers() {
    return [...this.#slots.values()].flatMap(({ thread, ...slot }) =>
      thread === null ? [] : [{
        ...thread.domain.report(),
        life: `${slot.name} ${slot.fence} ${slot.incarnation}`,
      }]
    );
  }

  /** Adds and starts one that may run until then. */
  add(name: string, fence: number, validUntilMs: number): void {
    this.#begin(this.#slotOf(name, fence % INCARNATIONS, fence, validUntilMs));
  }

  /** Takes the power from one; it is replaced. */
  crash(domain: string): boolean {
    const slot = this.#slots.get(domain);
    if (slot === undefined) return false;
    this.#fell(slot);
    return true;
  }

  /** It is not wanted here any more. */
  forget(domain: string): void {
    const slot = this.#slots.get(domain);
    if (slot === undefined) return;
    this.#end(slot);
    this.#slots.delete(domain);
  }

  /** The whole process is gone. */
  forgetAll(): void {
    for (const domain of [...this.#slots.keys()]) this.forget(domain);
  }

  #slotOf(
    name: string,
    incarnation: number,
    fence: number,
    validUntilMs: number,
  ): Slot {
    const slot: Slot = {
      ...{ name, thread: null, incarnation, fence, validUntilMs },
      ...{
        isReady: false,
        failuresMs: [],
        slowness: new Slowness(),
        mailboxMessages: MAILBOX_MESSAGES,
      },
    };
    this.#slots.set(name, slot);
    return slot;
  }

  /** It has to start, and to fold what its actors recorded. */
  #begin(slot: Slot): void {
    // Who may not run must not take its partitions over from who may.
    if (slot.validUntilMs <= this.#options.clock.monotonicMs()) {
      const { backoffMinMs } = this.#options.scenario.config.topology.restart;
      return this.#later(slot, backoffMinMs * 1_000, () => this.#begin(slot));
    }
    slot.thread = this.#makeThread(slot);
    const { thread } = slot;
    const lastsUs = START_US + FOLD_US * this.#eventsOf(slot.name);
    this.#later(slot, lastsUs, () => {
      if (slot.thread === thread) this.#start(slot);
    });
  }

  #start(slot: Slot): void {
    const { thread } = slot;
    thread!.domain.start((isStarted) => {
      if (slot.thread !== thread || this.#slots.get(slot.name) !== slot) return;
      const { buggify, changed } = this.#options;
      // It took its partitions over, and was gone before it did anything.
      const isLost = slot.fence > 0 && buggify.fires("worker.lost_in_replay");
      if (!isStarted || isLost) return this.#fell(slot);
      slot.isReady = true;
      // First, so that links with where it ran before are over.
      changed(slot, true);
      for (const { name, isReady } of this.#slots.values()) {
        if (isReady && name !== slot.name) this.network.link(slot.name, name);
      }
      thread!.poke();
    });
  }

  /** A thread is no good any more: it is replaced. */
  #fell(slot: Slot): void {
    if (slot.thread === null) return;
    this.#end(slot);
    const { scheduler, scenario } = this.#options;
    const nowMs = scheduler.nowUs / 1_000;
    const spec = scenario.config.topology.restart;
    slot.failuresMs = [...slot.failuresMs, nowMs].slice(-16);
    const { delayMs } = decideRestart(
      spec,
      slot.failuresMs,
      this.#random.next(),
    );
    slot.incarnation++;
    this.#later(slot, Math.round(delayMs * 1_000), () => this.#begin(slot));
  }

  #end(slot: Slot): void {
    const { thread, name, isReady } = slot;
    if (thread === null) return;
    thread.lose();
    for (const other of this.#slots.keys()) {
      if (isReady && other !== name) this.network.unlink(name, other);
    }
    slot.isReady = false;
    slot.thread = null;
    thread.disconnectAll();
    if (isReady) this.#options.changed(slot, false);
  }

  /** Unless the slot is forgotten meanwhile. */
  #later(slot: Slot, afterUs: number, act: () => void): void {
    const { scheduler, take } = this.#options;
    const label = stableHash(`${slot.name} ${slot.incarnation}`);
    scheduler.at(
      scheduler.nowUs + afterUs,
      label,
      () =>
        take(() => {
          if (this.#slots.get(slot.name) === slot) act();
        }),
    );
  }

  #eventsOf(domain: string): number {
    const { database, plan } = this.#options;
    return plan.actors.filter((actor) => actor.domain === domain)
      .reduce((sum, { address }) => sum + database.disk.of(address).length, 0);
  }

  #carry(slot: Slot, from: Thread, to: string, batch: Batch): void {
    this.#options.left(slot, batch);
    if (this.#slots.get(to)?.isReady) this.network.carry(from, to, batch);
    else this.#options.carry(from.name, to, batch);
  }

  #makeThread(slot: Slot): Thread {
    const { name, incarnation } = slot;
    const { plan, topology, place, driftPerMillion, take } = this.#options;
    const { scenario, seed, log, database, buggify, service } = this.#options;
    const { scheduler, observe, traced, gatewaysOf } = this.#options;
    const { batchUs, messageUs, cores } = this.#options.machines.values;
    const actors = plan.actors.filter(({ domain }) => domain === name);
    const thread: Thread = new Thread({
      ...{ scheduler, driftPerMillion, buggify, observe, traced },
      ...{ startMs: scenario.clock.startMs, slowness: slot.slowness },
      processor: this.#options.machines.threadAt(place),
      stepsPerTurn: cores === null ? 1 : STEPS_PER_TURN,
      batchUs: (messages) => batchUs + messages * messageUs,
      domain: {
        ...{ name, incarnation, seed, log },
        journal: actors.some(({ journaled }) => journaled)
          ? database.journalOf({
            ...{ name, process: place, threadOf: () => thread, take },
          })
          : null,
        died: () => {
          if (slot.thread === thread) this.#fell(slot);
          else thread.lose();
        },
      },
      serviceUs: (actor, kind) => service.drawUs(actor, kind, STEP_US),
      locate: (address) => topology.locate(address),
      gateways: gatewaysOf(name),
      carry: (from, to, batch) => this.#carry(slot, from, to, batch),
    });
    thread.setValidUntil(slot.validUntilMs);
    const frozenForUs = this.#options.frozenForUs();
    if (frozenForUs > 0) thread.freeze(frozenForUs);
    slot.mailboxMessages = buggify.fires("mailbox.of_few")
      ? FEW_MESSAGES
      : MAILBOX_MESSAGES;
    for (const { address, args, journaled, supervision } of actors) {
      thread.domain.add({
        ...{ address, args, journaled, restart: supervision },
        behavior: behaviors[kindOf(address)],
        mailboxCapacity: slot.mailboxMessages,
      });
    }
    guardSeen({ ...this.#options, thread, incarnation, plan });
    return thread;
  }
}
