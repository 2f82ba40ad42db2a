/**
 * The whole shop under virtual time: the domains, links, actors, gate and
 * journal rules of the live one, on simulated threads, a simulated disk and
 * simulated gateways. It can be struck by faults and be looked at.
 *
 * @module
 */
import { behaviors, kindOf } from "../actors/registry.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { decideRestart } from "../actors/runtime/supervision.ts";
import { MemoryDisk } from "../actors/runtime/test_kit/memory_journal.ts";
import type { ShopGate } from "../cluster/shop_gate.ts";
import { planShop, type ShopPlan, Topology } from "../cluster/topology.ts";
import type { StorefrontState } from "../actors/storefront.ts";
import { Buggify } from "./buggify.ts";
import { drawDrift } from "./clock.ts";
import { foldAnew, journalOn } from "./disk.ts";
import { guardSeen } from "./guard_seen.ts";
import { Network } from "./network.ts";
import { openStock } from "./opening.ts";
import type { MailboxCount } from "./observation.ts";
import type { Scheduler } from "./scheduler.ts";
import { drawUs, Streams } from "./streams.ts";
import { ServiceTimes } from "./service_times.ts";
import { simulatedGate } from "./simulated_gate.ts";
import { SimulatedGateways } from "./simulated_gateways.ts";
import { Slowness } from "./slowness.ts";
import { Thread } from "./thread.ts";
import {
  FEW_FRAMES,
  FEW_MESSAGES,
  FOLD_US,
  MAILBOX_MESSAGES,
  START_US,
  STEP_US,
} from "./thread_costs.ts";
import type { World, WorldOptions } from "./world.ts";

/** One worker and its lives. */
interface Place {
  readonly name: string;
  thread: Thread;
  incarnation: number;
  isReady: boolean;
  failuresMs: number[];
  /** Of its core, whichever life it is in. */
  readonly slowness: Slowness;
  /** What a lane of its mailboxes holds. */
  mailboxMessages: number;
}

/** See the module's text. */
export class ShopWorld implements World {
  readonly gate: ShopGate;
  readonly processes = 0;
  readonly topology: Topology;
  readonly disk = new MemoryDisk();
  readonly #options: WorldOptions;
  readonly #scheduler: Scheduler;
  /** The threads, actors and gateways that there are. */
  readonly plan: ShopPlan;
  readonly #places = new Map<string, Place>();
  readonly #random: SeededRandom;
  readonly #streams: Streams;
  readonly #network: Network;
  /** The rare paths that this run takes on purpose. */
  readonly buggify: Buggify;
  readonly #serviceTimes: ServiceTimes;
  readonly #gateways: SimulatedGateways;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler;
    const { config } = options.scenario;
    this.plan = planShop(config, config.topology.partitions);
    this.topology = new Topology(this.plan);
    this.#random = new SeededRandom(options.seed, "worker supervisor");
    this.#streams = new Streams(options.seed);
    const { buggify, service } = options.scenario;
    this.buggify = new Buggify(options.seed, buggify, (path) => {
      const atUs = this.#scheduler.nowUs;
      options.observe({ kind: "rare_path_taken", atUs, path });
    });
    this.#serviceTimes = new ServiceTimes(this.#streams, service);
    this.#gateways = new SimulatedGateways({
      ...options,
      service: this.#serviceTimes,
      buggify: this.buggify,
      domainOf: (name) => this.#places.get(name)!.thread.domain,
    });
    this.#network = new Network({
      scheduler: this.#scheduler,
      streams: this.#streams,
      values: options.scenario.network,
      outboxFrames: () =>
        this.buggify.fires("link.outbox_of_few") ? FEW_FRAMES : undefined,
      threadOf: (name) => {
        const place = this.#places.get(name);
        return place?.isReady ? place.thread : null;
      },
    });
    for (const { name } of this.plan.domains) {
      const place = {
        name,
        incarnation: 1,
        isReady: false,
        failuresMs: [],
        slowness: new Slowness(),
        mailboxMessages: MAILBOX_MESSAGES,
      };
      const thread = this.#makeThread(place, 1);
      this.#places.set(name, Object.assign(place, { thread }));
    }
    this.gate = simulatedGate({
      ...options,
      domain: this.#places.get("main")!.thread.domain,
      topology: this.topology,
      catalog: this.#gateways.catalogPool(this.plan, "main"),
      isReady: () => [...this.#places.values()].every(({ isReady }) => isReady),
    });
  }

  /** The one there is. */
  get door(): ShopGate {
    return this.gate;
  }

  /** Starts all threads and opens the stock; `done` when it can be sold. */
  start(done: () => void): void {
    for (const place of this.#places.values()) this.#begin(place);
    const { domain } = this.#places.get("main")!.thread;
    const opening = { domain, scheduler: this.#scheduler, done };
    openStock(this.#options.products, { ...opening, topology: this.topology });
  }

  /** Messages that wait, over the actors whose address begins so. */
  depthOf(kind: string): number {
    return this.#mailboxes().filter(({ actor }) => actor.startsWith(kind))
      .reduce((sum, { depth }) => sum + depth, 0);
  }

  /** Tells what mail waits; at the end also what became of all of it. */
  countMail(isLast: boolean): void {
    this.#options.observe({
      kind: "mail_counted",
      atUs: this.#scheduler.nowUs,
      ways: isLast ? this.#network.counts() : [],
      mailboxes: this.#mailboxes(),
      isLast,
    });
  }

  #mailboxes(): MailboxCount[] {
    return [...this.#places.values()].flatMap(({ thread, mailboxMessages }) =>
      thread.mailboxes(mailboxMessages)
    );
  }

  /** No storefront (others never do) waits for a provider or a shard. */
  get owesNothing(): boolean {
    return this.partitions.every((actor) => {
      const state = this.stateOf(actor) as Partial<StorefrontState> | undefined;
      return !state?.paying?.size && !state?.obligations?.size;
    });
  }

  /** All threads live, none has anything to run, and nothing is owed. */
  get isQuiet(): boolean {
    const isIdle = ({ isReady, thread }: Place) =>
      isReady && thread.domain.isIdle;
    return this.owesNothing && [...this.#places.values()].every(isIdle);
  }

  /** The state of an actor, wherever it lives. */
  stateOf(address: string): unknown {
    const home = this.topology.locate(address);
    return this.#places.get(home ?? "")?.thread.domain.stateOf(address);
  }

  /** The actors whose state is the fold of their events. */
  get partitions(): readonly string[] {
    const { actors } = this.plan;
    return actors.filter((each) => each.journaled).map((each) => each.address);
  }

  /** A partition's durable events, folded anew. */
  foldOf(address: string): unknown {
    const { args } = this.plan.actors.find((each) => each.address === address)!;
    return foldAnew(behaviors[kindOf(address)], args, this.disk.of(address));
  }

  /** All breakers, by the thread that they are in and its life. */
  breakers() {
    return [...this.#places.values()].map(({ name, incarnation, thread }) => ({
      ...thread.domain.report(),
      life: `${name} ${incarnation}`,
    }));
  }

  // ── Faults ──────────────────────────────────────────────────────────────

  /** Takes the power from a thread. False when there is none of that name. */
  crash(worker: string): boolean {
    const place = this.#places.get(worker);
    if (place === undefined || worker === "main") return false;
    this.#fell(place);
    return true;
  }

  /** Makes an actor crash as if its next step had thrown. */
  crashActor(address: string): boolean {
    const place = this.#places.get(this.topology.locate(address) ?? "");
    if (place === undefined) return false;
    place.thread.domain.crash(address, "a fault");
    return true;
  }

  /** A thread does nothing for a while; too long, and it is replaced. */
  hang(worker: string, forUs: number): boolean {
    const place = this.#places.get(worker);
    if (place === undefined || worker === "main") return false;
    const { thread, incarnation } = place;
    thread.hang(forUs);
    const { everyMs, missed } = this.#options.scenario.config.topology
      .heartbeat;
    const silentUs = everyMs * missed * 1_000;
    if (forUs > silentUs) {
      const label = stableHash(`hung ${worker}`);
      this.#scheduler.at(this.#scheduler.nowUs + silentUs, label, () => {
        // It is replaced, and runs on: the fence holds off what it writes.
        if (place.incarnation === incarnation) this.#fell(place, false);
      });
    }
    return true;
  }

  /** Makes a thread, an actor's or a gateway slower; gives what ends it. */
  slow(target: string, factor: number): () => void {
    return this.slownessOf(target)?.begin(factor) ?? (() => {});
  }

  /** The slowness of a thread or a gateway; undefined: there is none such. */
  slownessOf(target: string): Slowness | undefined {
    const { gateways } = this.plan;
    if (gateways.some(({ address }) => address === target)) {
      return this.#gateways.slownessOf(target);
    }
    // An actor that is slower keeps its whole core busy for longer.
    const home = this.topology.locate(target) ?? target;
    return this.#places.get(home)?.slowness;
  }

  /** Cuts the link between two threads, or makes it anew. */
  cut(one: string, other: string, isCut: boolean): boolean {
    if (!this.#places.has(one) || !this.#places.has(other)) return false;
    this.#network.cut(one, other, isCut);
    return true;
  }

  /** Empties a cache node. */
  flush(address: string): boolean {
    const place = this.#places.get(this.topology.locate(address) ?? "");
    if (place === undefined || !address.startsWith("cache[")) return false;
    // As live: a message like any other, so what it fills is read again.
    const { domain } = this.#places.get("main")!.thread;
    domain.tell(address, { kind: "flush" });
    return true;
  }

  // ── Threads ─────────────────────────────────────────────────────────────

  #begin(place: Place): void {
    const { thread } = place;
    thread.domain.start((started) => {
      if (!started) throw new Error(`${place.name} does not start`);
    });
    place.isReady = true;
    const { incarnation, name: worker } = place;
    const started = { kind: "worker_started", worker, incarnation } as const;
    this.#options.observe({ ...started, atUs: this.#scheduler.nowUs });
    for (const other of this.#places.values()) {
      if (other !== place) this.#network.link(worker, other.name);
    }
    thread.poke();
  }

  /** One that is down already is down once. */
  #fell(place: Place, isGone = true): void {
    if (!place.isReady) return;
    const { name: worker, incarnation } = place;
    const { nowUs } = this.#scheduler;
    if (isGone) place.thread.lose();
    for (const other of this.#places.keys()) {
      if (other !== worker) this.#network.unlink(worker, other);
    }
    place.isReady = false;
    const lost = { kind: "worker_lost", atUs: nowUs } as const;
    this.#options.observe({ ...lost, worker, incarnation });
    const spec = this.#options.scenario.config.topology.restart;
    place.failuresMs = [...place.failuresMs, nowUs / 1_000].slice(-16);
    const random = this.#random.next();
    const { delayMs } = decideRestart(spec, place.failuresMs, random);
    const lastsUs = START_US + FOLD_US * this.#eventsOf(worker);
    this.#restart(place, nowUs + delayMs * 1_000 + lastsUs, lastsUs);
  }

  #restart(place: Place, readyUs: number, lastsUs: number): void {
    this.#scheduler.at(readyUs, stableHash(`restart ${place.name}`), () => {
      place.incarnation++;
      place.thread = this.#makeThread(place, place.incarnation);
      if (!this.buggify.fires("worker.lost_in_replay")) {
        return this.#begin(place);
      }
      // It took its partitions over, and was gone before it did anything.
      place.thread.domain.start(() => {});
      place.thread.lose();
      this.#restart(place, this.#scheduler.nowUs + lastsUs, lastsUs);
    });
  }

  #eventsOf(worker: string): number {
    return this.plan.actors.filter(({ domain }) => domain === worker)
      .reduce((sum, { address }) => sum + this.disk.of(address).length, 0);
  }

  #makeThread(place: Omit<Place, "thread">, incarnation: number): Thread {
    const { name } = place;
    const actors = this.plan.actors.filter(({ domain }) => domain === name);
    const journaled = actors.some((actor) => actor.journaled);
    const { scenario, observe } = this.#options;
    const syncs = this.#streams.of(`disk ${name}`);
    const thread: Thread = new Thread({
      scheduler: this.#scheduler,
      startMs: scenario.clock.startMs,
      driftPerMillion: drawDrift(this.#streams, name, scenario.clock),
      slowness: place.slowness,
      buggify: this.buggify,
      domain: {
        name,
        incarnation,
        seed: this.#options.seed,
        log: this.#options.log,
        journal: journaled
          ? journalOn(`${name} ${incarnation}`, {
            disk: this.disk,
            scheduler: this.#scheduler,
            syncUs: () => drawUs(scenario.disk.sync, syncs),
            threadOf: () => thread,
            observe,
            buggify: this.buggify,
          })
          : null,
        died: () => {
          const place = this.#places.get(name);
          // One that was replaced hears that it was, and is gone.
          if (place?.thread === thread && place.isReady) this.#fell(place);
          else thread.lose();
        },
      },
      serviceUs: (actor, kind) => {
        if (kind === "read_product" && this.buggify.fires("cache.forgets")) {
          this.flush(actor);
        }
        return this.#serviceTimes.drawUs(actor, kind, STEP_US);
      },
      locate: (address) => this.topology.locate(address),
      gateways: this.#gateways.of(this.plan, name),
      carry: (from, to, batch) => this.#network.carry(from, to, batch),
      observe,
      traced: this.#options.traced,
    });
    place.mailboxMessages = this.buggify.fires("mailbox.of_few")
      ? FEW_MESSAGES
      : MAILBOX_MESSAGES;
    for (const { address, args, journaled, supervision } of actors) {
      thread.domain.add({
        address,
        behavior: behaviors[kindOf(address)],
        args,
        journaled,
        restart: supervision,
        mailboxCapacity: place.mailboxMessages,
      });
    }
    guardSeen({ ...this.#options, thread, incarnation, plan: this.plan });
    return thread;
  }
}
