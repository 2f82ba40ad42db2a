/**
 * The whole shop under virtual time: the domains, links, actors, gate and
 * journal rules of the live one, on simulated threads, a simulated disk and
 * simulated gateways. It can be struck by faults and be looked at.
 *
 * @module
 */
import { behaviors, kindOf } from "../actors/registry.ts";
import type { Log } from "../actors/runtime/ports.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { decideRestart } from "../actors/runtime/supervision.ts";
import { MemoryDisk } from "../actors/runtime/test_kit/memory_journal.ts";
import { catalogPool } from "../cluster/pool/catalog_pool.ts";
import type { PoolCalls } from "../cluster/pool/pool_calls.ts";
import { ShopGate } from "../cluster/shop_gate.ts";
import { planShop, type ShopPlan, Topology } from "../cluster/topology.ts";
import { foldAnew, journalOn } from "./disk.ts";
import { modelOf, poolModel, type SimulatedProduct } from "./models.ts";
import { Network } from "./network.ts";
import { openStock } from "./opening.ts";
import type { Observation } from "./observation.ts";
import type { Scenario } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import { Streams } from "./streams.ts";
import { clockOf, type GatewayModel, Thread, type Traced } from "./thread.ts";

/** What a world is made of. */
export interface ShopWorldOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly products: ReadonlyMap<string, SimulatedProduct>;
  readonly observe: (observation: Observation) => void;
  readonly log: Log;
  readonly traced?: Traced | undefined;
}

/** One worker and its lives. */
interface Place {
  readonly name: string;
  thread: Thread;
  incarnation: number;
  isReady: boolean;
  failuresMs: number[];
}

/** As the live host's: 16,384 messages a lane. */
const MAILBOX_MESSAGES = 16_384;
/** Folding an event takes about 5 µs (ADR 2), starting a thread 40 ms. */
const FOLD_US = 5;
const START_US = 40_000;
/** A message without a distribution takes this long. */
const STEP_US = 2;

/** See the module's text. */
export class ShopWorld {
  readonly gate: ShopGate;
  readonly topology: Topology;
  readonly disk = new MemoryDisk();
  readonly #options: ShopWorldOptions;
  readonly #scheduler: Scheduler;
  /** The threads, actors and gateways that there are. */
  readonly plan: ShopPlan;
  readonly #places = new Map<string, Place>();
  readonly #random: SeededRandom;
  readonly #streams: Streams;
  readonly #network: Network;
  /** How many times slower a gateway is. */
  readonly #slowGateways = new Map<string, number>();

  constructor(options: ShopWorldOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler;
    const { config } = options.scenario;
    this.plan = planShop(config, config.topology.partitions);
    this.topology = new Topology(this.plan);
    this.#random = new SeededRandom(options.seed, "worker supervisor");
    this.#streams = new Streams(options.seed);
    this.#network = new Network({
      scheduler: this.#scheduler,
      streams: this.#streams,
      values: options.scenario.network,
      threadOf: (name) => {
        const place = this.#places.get(name);
        return place?.isReady ? place.thread : null;
      },
    });
    for (const { name } of this.plan.domains) {
      this.#places.set(name, {
        name,
        thread: this.#makeThread(name, 1),
        incarnation: 1,
        isReady: false,
        failuresMs: [],
      });
    }
    this.gate = this.#makeGate();
  }

  /** Starts all threads and opens the stock; `done` when it can be sold. */
  start(done: () => void): void {
    for (const place of this.#places.values()) this.#begin(place);
    const { domain } = this.#places.get("main")!.thread;
    const { topology } = this;
    const scheduler = this.#scheduler;
    const { products } = this.#options;
    openStock(products, { domain, topology, scheduler, done });
  }

  /** Messages that wait, over the actors whose address begins so. */
  depthOf(kind: string): number {
    let depth = 0;
    for (const { thread } of this.#places.values()) {
      for (const actor of thread.domain.report().actors) {
        if (actor.address.startsWith(kind)) depth += actor.depth;
      }
    }
    return depth;
  }

  /** True while all threads live and none has anything to run or to sync. */
  get isQuiet(): boolean {
    return [...this.#places.values()].every(({ isReady, thread }) =>
      isReady && thread.domain.isIdle
    );
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

  // ── Faults ──────────────────────────────────────────────────────────────

  /** Takes the power from a thread. False when there is none of that name. */
  crash(worker: string): boolean {
    const place = this.#places.get(worker);
    if (place === undefined || worker === "main") return false;
    if (place.isReady) this.#fell(place);
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

  /** Makes a thread or a gateway slower; 1 ends it. */
  slow(target: string, factor: number): boolean {
    const place = this.#places.get(target);
    if (place !== undefined) place.thread.slowness = factor;
    else if (this.plan.gateways.some(({ address }) => address === target)) {
      this.#slowGateways.set(target, factor);
    } else {
      const home = this.#places.get(this.topology.locate(target) ?? "");
      if (home === undefined) return false;
      // An actor that is slower keeps its whole core busy for longer.
      home.thread.slowness = factor;
    }
    return true;
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
    return place.thread.domain.crash(address, "flushed by a fault");
  }

  // ── Threads ─────────────────────────────────────────────────────────────

  #begin(place: Place): void {
    const { thread } = place;
    thread.domain.start((started) => {
      if (!started) throw new Error(`${place.name} does not start`);
    });
    place.isReady = true;
    const { incarnation, name: worker } = place;
    const atUs = this.#scheduler.nowUs;
    this.#options.observe({
      kind: "worker_started",
      atUs,
      worker,
      incarnation,
    });
    for (const other of this.#places.values()) {
      if (other !== place) this.#network.link(worker, other.name);
    }
    thread.poke();
  }

  #fell(place: Place, isGone = true): void {
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
    const { delayMs } = decideRestart(
      spec,
      place.failuresMs,
      this.#random.next(),
    );
    const foldUs = FOLD_US * this.#eventsOf(worker);
    const readyUs = nowUs + delayMs * 1_000 + START_US + foldUs;
    this.#scheduler.at(readyUs, stableHash(`restart ${worker}`), () => {
      place.incarnation++;
      place.thread = this.#makeThread(worker, place.incarnation);
      this.#begin(place);
    });
  }

  #eventsOf(worker: string): number {
    return this.plan.actors.filter(({ domain }) => domain === worker)
      .reduce((sum, { address }) => sum + this.disk.of(address).length, 0);
  }

  #makeThread(name: string, incarnation: number): Thread {
    const actors = this.plan.actors.filter(({ domain }) => domain === name);
    const journaled = actors.some((actor) => actor.journaled);
    const { scenario, observe } = this.#options;
    const thread: Thread = new Thread({
      scheduler: this.#scheduler,
      startMs: scenario.clock.startMs,
      domain: {
        name,
        incarnation,
        seed: this.#options.seed,
        log: this.#options.log,
        journal: journaled
          ? journalOn(`${name} ${incarnation}`, {
            disk: this.disk,
            scheduler: this.#scheduler,
            syncUs: () =>
              this.#streams.drawUs(`disk ${name}`, scenario.disk.sync),
            threadOf: () => thread,
            observe,
          })
          : null,
        died: () => {
          const place = this.#places.get(name);
          // One that was replaced hears that it was, and is gone.
          if (place?.thread === thread && place.isReady) this.#fell(place);
          else thread.lose();
        },
      },
      serviceUs: (actor, kind) => this.#serviceUs(actor, kind, STEP_US),
      locate: (address) =>
        this.topology.locate(address) ??
          (this.#places.has(address) ? address : undefined),
      gateways: this.#gatewaysOf(name),
      carry: (from, to, batch) => this.#network.carry(from, to, batch),
      observe,
      traced: this.#options.traced,
    });
    for (const { address, args, journaled, supervision } of actors) {
      thread.domain.add({
        address,
        behavior: behaviors[kindOf(address)],
        args,
        journaled,
        restart: supervision,
        mailboxCapacity: MAILBOX_MESSAGES,
      });
    }
    return thread;
  }

  #gatewaysOf(domain: string): Map<string, GatewayModel> {
    const { products, observe, scenario } = this.#options;
    const options = {
      products,
      observe,
      currency: scenario.config.orders.currency,
      nowUs: () => this.#scheduler.nowUs,
      later: (gateway: string, kind: string, act: () => void) => {
        const slowness = this.#slowGateways.get(gateway) ?? 1;
        const takesUs = this.#serviceUs(gateway, kind, 0) * slowness;
        const atUs = this.#scheduler.nowUs + Math.round(takesUs);
        this.#scheduler.at(atUs, stableHash(gateway), act);
      },
    };
    return new Map(
      this.plan.gateways.filter((gateway) => gateway.domain === domain)
        .map(({ address, kind }) => [
          address,
          kind === "catalog_pool"
            ? poolModel(this.#catalogPool(domain))
            : modelOf(kind, address, options),
        ]),
    );
  }

  /** The live pool; only that nobody probes, as a probe never ends a run. */
  #catalogPool(domain: string): PoolCalls {
    const { scenario, seed } = this.#options;
    return catalogPool({
      plan: this.plan,
      domain,
      seed,
      clock: clockOf(this.#scheduler, scenario.clock.startMs),
      ask: (to, message, withinMs, done) =>
        this.#places.get(domain)!.thread.domain.ask(
          to,
          message,
          withinMs,
          done,
        ),
    });
  }

  #serviceUs(actor: string, kind: string, byDefault: number): number {
    const distribution = this.#options.scenario.service.get(kind);
    return distribution === undefined
      ? byDefault
      : this.#streams.drawUs(`service ${actor}`, distribution);
  }

  // ── The gate ────────────────────────────────────────────────────────────

  #makeGate(): ShopGate {
    const { clock, config } = this.#options.scenario;
    return new ShopGate({
      domain: this.#places.get("main")!.thread.domain,
      topology: this.topology,
      clock: clockOf(this.#scheduler, clock.startMs),
      admission: config.admission,
      catalog: this.#catalogPool("main"),
      near: config.cache.near,
      withinMs: config.edge.requestTimeoutMs,
      describe: () => null,
      locks: () => [],
      injectFault: () => {
        throw new Error("Faults of a simulation come from its scenario");
      },
      metrics: () => [],
      isReady: () => [...this.#places.values()].every(({ isReady }) => isReady),
    });
  }
}
