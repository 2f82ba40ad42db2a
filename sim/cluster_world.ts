/**
 * A shop of several processes under virtual time: each with the live gate,
 * ownership, mesh, trunks, links, domains and actors, on simulated threads;
 * they share a simulated Redis and a simulated database. A process can crash
 * and come back under another name, or be stopped and wake up.
 *
 * @module
 */
import { behaviors, kindOf } from "../actors/registry.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import type { StorefrontState } from "../actors/storefront.ts";
import { AdmissionControl } from "../cluster/admission.ts";
import type { FaultTarget } from "../cluster/fault_targets.ts";
import { planShop, type ShopPlan, Topology } from "../cluster/topology.ts";
import { Buggify } from "./buggify.ts";
import { drawDrift } from "./clock.ts";
import { clusterConfig } from "./cluster_config.ts";
import { DatabaseModel } from "./database_model.ts";
import { foldAnew } from "./disk.ts";
import { LoadBalancer, ProcessDoor } from "./door.ts";
import { PaymentBooks } from "./models.ts";
import { Machines } from "./machines.ts";
import type { MailboxCount } from "./observation.ts";
import { openStock } from "./opening.ts";
import { strikeServer } from "./outage.ts";
import { RedisModel } from "./redis_model.ts";
import type { ScheduledFault } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import { ServiceTimes } from "./service_times.ts";
import { type ProcessFrame, ProcessWays } from "./simulated_links.ts";
import { type ProcessesWorld, SimulatedProcess } from "./simulated_process.ts";
import type { Slowness } from "./slowness.ts";
import { Streams } from "./streams.ts";
import type { Thread } from "./thread.ts";
import type { World, WorldOptions } from "./world.ts";

/** How often one looks whether all have joined. */
const LOOK_US = 10_000;
/** A client waits a little longer than the gate takes at most. */
const PATIENCE_US = 500_000;
/** A thread that was stopped for as long is replaced. */
const LASTS_US = 1_000_000;

/** See the module's text. */
export class ClusterWorld implements World {
  readonly plan: ShopPlan;
  readonly processes: number;
  readonly buggify: Buggify;
  readonly #options: WorldOptions;
  readonly #scheduler: Scheduler;
  readonly #names: SeededRandom;
  readonly #streams: Streams;
  readonly #machines: Machines;
  readonly #redis: RedisModel<ProcessFrame>;
  readonly #database: DatabaseModel;
  readonly #ways: ProcessWays;
  readonly #world: ProcessesWorld;
  /** As every process has it, but for what belongs to one. */
  readonly #topology: Topology;
  readonly #balancer = new LoadBalancer();
  readonly #admission: AdmissionControl;
  /** The present life of each process, by number. */
  readonly #lives: (readonly [SimulatedProcess, ProcessDoor])[] = [];
  /** What processes that are gone had said among their threads. */
  readonly #gone: SimulatedProcess[] = [];
  /** Who runs a shop worker, and its how many-th run that is. */
  readonly #homes = new Map<string, SimulatedProcess>();
  readonly #runs = new Map<string, number>();

  constructor(options: WorldOptions) {
    this.#options = options;
    const { scenario, seed, scheduler, observe } = options;
    const { clock, network, config, buggify } = scenario;
    this.#scheduler = scheduler;
    this.processes = network.processes;
    this.plan = this.#planOf("");
    this.#topology = new Topology(this.plan);
    this.#names = new SeededRandom(seed, "process names");
    const streams = this.#streams = new Streams(seed);
    this.#ways = new ProcessWays(streams);
    this.#admission = new AdmissionControl(config.admission, 0);
    this.buggify = new Buggify(seed, buggify, (path) => {
      observe({ kind: "rare_path_taken", atUs: scheduler.nowUs, path });
    });
    const machines = this.#machines = new Machines(scenario.machines);
    this.#redis = new RedisModel<ProcessFrame>({
      ...{ scheduler, streams, values: network, startMs: clock.startMs },
      machines,
      driftPerMillion: drawDrift(streams, "redis", clock),
    });
    this.#database = new DatabaseModel({
      ...{ scheduler, streams, observe, buggify: this.buggify, machines },
      ...{ sync: scenario.disk.sync, delayUs: network.delayMeanUs },
    });
    this.#world = {
      ...options,
      ...{ streams, buggify: this.buggify, ways: this.#ways },
      ...{ redis: this.#redis, database: this.#database, machines },
      service: new ServiceTimes(streams, scenario.service),
      books: new PaymentBooks(),
      territoryChanged: (...change) => this.#territoryChanged(...change),
    };
    for (let place = 0; place < this.processes; place++) this.#bear(place);
  }

  /** Where the next call goes: a load balancer's choice. */
  get door(): ProcessDoor {
    return this.#balancer.pick(this.#lives, this.#scheduler.nowUs);
  }

  start(done: () => void): void {
    for (const [process] of this.#lives) process.start();
    const look = () => {
      if (!this.#isComplete) return again();
      const [{ main, topology }] = this.#lives[0]!;
      openStock(this.#options.products, {
        ...{ domain: main.domain, scheduler: this.#scheduler, topology, done },
      });
    };
    const again = () => this.#after(LOOK_US, "opening", look);
    again();
  }

  // ── What can be seen ────────────────────────────────────────────────────

  depthOf(kind: string): number {
    return this.#mailboxes().filter(({ actor }) => actor.startsWith(kind))
      .reduce((sum, { depth }) => sum + depth, 0);
  }

  countMail(isLast: boolean): void {
    const among = [...this.#gone, ...this.#living];
    const atUs = this.#scheduler.nowUs;
    this.#options.observe({
      kind: "mail_counted",
      atUs,
      ways: isLast
        ? [
          ...among.flatMap(({ threads }) => threads.network.counts()),
          ...this.#ways.counts(),
        ]
        : [],
      mailboxes: this.#mailboxes(),
      isLast,
    });
    const work = this.#machines.counts();
    this.#options.observe({ kind: "work_counted", atUs, work });
  }

  get owesNothing(): boolean {
    return this.partitions.every((actor) => {
      const state = this.stateOf(actor) as Partial<StorefrontState> | undefined;
      return state !== undefined && !state.paying?.size &&
        !state.obligations?.size;
    });
  }

  get isQuiet(): boolean {
    return this.#isComplete && this.owesNothing &&
      this.#living.every(({ threads }) => threads.isQuiet);
  }

  stateOf(address: string): unknown {
    return this.#threadOf(address)?.domain.stateOf(address);
  }

  get partitions(): readonly string[] {
    const { actors } = this.plan;
    return actors.filter((each) => each.journaled).map((each) => each.address);
  }

  foldOf(address: string): unknown {
    const { args } = this.plan.actors.find((each) => each.address === address)!;
    const events = this.#database.disk.of(address);
    return foldAnew(behaviors[kindOf(address)], args, events);
  }

  breakers() {
    return this.#living.flatMap(({ threads }) => threads.breakers());
  }

  // ── Faults ──────────────────────────────────────────────────────────────

  crash(worker: string): boolean {
    return this.#each(worker, ({ threads }, name) => threads.crash(name));
  }

  crashActor(address: string): boolean {
    const thread = this.#threadOf(address);
    if (thread !== undefined) thread.domain.crash(address, "a fault");
    if (thread !== undefined || !address.startsWith("cache[")) return true;
    for (const { name, threads, topology } of this.#living) {
      const node = `${address}@${name}`;
      const home = topology.locate(node) ?? "";
      threads.readyOf(home)?.domain.crash(node, "a fault");
    }
    return true;
  }

  hang(worker: string, forUs: number): boolean {
    const { everyMs, missed } = this.#options.scenario.config.topology
      .heartbeat;
    const silentUs = everyMs * missed * 1_000;
    return this.#each(worker, ({ threads }, name) => {
      const thread = threads.readyOf(name);
      thread?.hang(forUs);
      if (forUs <= silentUs) return;
      this.#after(silentUs, `hung ${name}`, () => {
        if (threads.readyOf(name) === thread) threads.crash(name);
      });
    });
  }

  slow(target: string, factor: number): () => void {
    const ends = this.#slownessesOf(target).map((each) => each.begin(factor));
    return () => ends.forEach((end) => end());
  }

  /** Of a gateway or thread in each process, or of the one of an actor. */
  #slownessesOf(target: string): Slowness[] {
    const { gateways } = this.plan;
    if (gateways.some(({ address }) => address === target)) {
      return this.#living.map((process) => process.slownessOf(target));
    }
    const found: Slowness[] = [];
    const domain = this.#topology.locate(target) ?? target;
    this.#each(domain, ({ threads }, name) => {
      const slot = threads.slotOf(name);
      if (slot !== undefined) found.push(slot.slowness);
    });
    return found;
  }

  /** A process and a server that processes share. */
  cut(one: string, other: string, isCut: boolean): boolean {
    const [place, server] = isServer(one) ? [other, one] : [one, other];
    if (server === "redis") this.#redis.cut(place, isCut);
    else this.#database.cut(place, isCut);
    return true;
  }

  flush(address: string): boolean {
    for (const { name, main } of this.#living) {
      main.domain.tell(`${address}@${name}`, { kind: "flush" });
    }
    return true;
  }

  strike(fault: ScheduledFault, { name, kind }: FaultTarget): () => void {
    if (kind === "process") return this.#strikeProcess(fault, name);
    const database = this.#database;
    return name === "database"
      ? strikeServer(database, fault, () => database.restart())
      : strikeServer(this.#redis, fault, () => this.#restartRedis(fault));
  }

  #strikeProcess({ do: what, forUs, factor }: ScheduledFault, name: string) {
    const place = this.#placeOf(name);
    const [process, door] = this.#lives[place]!;
    const kill = () => {
      process.crash();
      door.break();
    };
    if (what === "crash") kill();
    if (what === "leave") process.leave(door);
    if (what === "crash" || what === "leave") {
      return () => {
        // Who takes longer to leave than he is to be away is not waited for.
        kill();
        this.#revive(place);
      };
    }
    if (what === "hang") {
      process.freeze(forUs ?? LASTS_US);
      return () => process.thaw();
    }
    const ends = process.threads.slownesses.map((each) => each.begin(factor));
    return () => ends.forEach((end) => end());
  }

  #restartRedis({ do: what }: ScheduledFault): void {
    const lost = () => this.#names.chance(1, 2) ? "old" : "lost";
    this.#redis.restart(what === "crash" ? "kept" : lost());
  }

  // ── Processes ───────────────────────────────────────────────────────────

  #planOf(process: string): ShopPlan {
    const config = clusterConfig(this.#options.scenario.config);
    return planShop(config, config.topology.partitions, process);
  }

  /** A new life: names do not come back. */
  #bear(place: number): void {
    const { scenario } = this.#options;
    const name = (this.#names.next() >>> 0).toString(16).padStart(8, "0");
    const process = new SimulatedProcess(this.#world, {
      place: `process[${place}]`,
      plan: this.#planOf(name),
      driftPerMillion: drawDrift(
        this.#streams,
        `process ${place}`,
        scenario.clock,
      ),
    });
    const door = new ProcessDoor(process, {
      scheduler: this.#scheduler,
      admit: (user, address, route) => {
        const nowMs = this.#scheduler.nowUs / 1_000;
        return this.#admission.admit(user, address, nowMs, route);
      },
      callUs: scenario.machines.callUs,
      called: () => this.#machines.called(this.#scheduler.nowUs),
      patienceUs: scenario.config.edge.requestTimeoutMs * 1_000 + PATIENCE_US,
    });
    this.#lives[place] = [process, door];
  }

  #revive(place: number): void {
    const [process] = this.#lives[place]!;
    // It was struck twice, and is back already.
    if (process.isAlive) return;
    this.#gone.push(process);
    this.#bear(place);
    this.#lives[place]![0].start();
  }

  #territoryChanged(
    worker: string,
    process: SimulatedProcess,
    runs: boolean,
  ): void {
    const { observe } = this.#options;
    const atUs = this.#scheduler.nowUs;
    const home = this.#homes.get(worker);
    const incarnation = this.#runs.get(worker) ?? 0;
    // One that was stopped, and has lost it, may not know so yet.
    if (home !== undefined && (runs || home === process)) {
      this.#homes.delete(worker);
      observe({ kind: "worker_lost", atUs, worker, incarnation });
    }
    if (!runs) return;
    this.#homes.set(worker, process);
    this.#runs.set(worker, incarnation + 1);
    const next = incarnation + 1;
    observe({ kind: "worker_started", atUs, worker, incarnation: next });
  }

  get #living(): SimulatedProcess[] {
    return this.#lives.map(([process]) => process)
      .filter(({ isAlive }) => isAlive);
  }

  /** All processes live and have joined, and all shop workers run. */
  get #isComplete(): boolean {
    return this.#lives.every(([{ isOpen, isComplete }]) =>
      isOpen && isComplete
    );
  }

  #mailboxes(): MailboxCount[] {
    return this.#living.flatMap(({ threads }) => threads.mailboxes());
  }

  /** The thread of a journaled actor, where it runs now. */
  #threadOf(address: string): Thread | undefined {
    const home = this.#topology.locate(address) ?? "";
    return this.#homes.get(home)?.threads.readyOf(home) ?? undefined;
  }

  /** A shop worker where it runs, or a thread of that name in each process. */
  #each(
    domain: string,
    act: (process: SimulatedProcess, name: string) => void,
  ): boolean {
    const home = this.#homes.get(domain);
    if (home !== undefined) act(home, domain);
    else {
      for (const process of this.#living) {
        act(process, `${domain}@${process.name}`);
      }
    }
    return true;
  }

  #placeOf(name: string): number {
    return Number(/\d+/.exec(name)![0]);
  }

  #after(delayUs: number, label: string, act: () => void): void {
    const atUs = this.#scheduler.nowUs + delayUs;
    this.#scheduler.at(atUs, stableHash(label), act);
  }
}

function isServer(name: string): boolean {
  return name === "redis" || name === "database";
}
