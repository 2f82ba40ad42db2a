/**
 * One life of one process of a simulated shop: its threads, its gateways, its
 * gate, its links with the others, and the shop workers whose leases it has.
 * Ownership, mesh, trunks, links, domains and actors are the live ones; this
 * stands where live `shop_member.ts` does.
 *
 * @module
 */
import type { Message } from "../actors/runtime/actor.ts";
import { stableHash } from "../actors/runtime/random.ts";
import { Ownership } from "../cluster/ownership.ts";
import type { ShopGate } from "../cluster/shop_gate.ts";
import {
  cacheNodesOf,
  mainDomain,
  type ShopPlan,
  Topology,
} from "../cluster/topology.ts";
import { LEASES_IN_SILENCE } from "../cluster/trunk.ts";
import { clockOf, type ThreadClock } from "./clock.ts";
import { framesIn } from "./counted_link.ts";
import type { PaymentBooks, SimulatedProduct } from "./models.ts";
import {
  ProcessThreads,
  type Slot,
  type ThreadsWorld,
} from "./process_threads.ts";
import type { RedisModel } from "./redis_model.ts";
import { simulatedGate } from "./simulated_gate.ts";
import { SimulatedGateways } from "./simulated_gateways.ts";
import {
  type ProcessFrame,
  type ProcessWays,
  SimulatedLinks,
} from "./simulated_links.ts";
import type { Slowness } from "./slowness.ts";
import type { Thread } from "./thread.ts";

/** What all processes of a world have in common. */
export interface ProcessesWorld extends ThreadsWorld {
  readonly products: ReadonlyMap<string, SimulatedProduct>;
  readonly redis: RedisModel<ProcessFrame>;
  readonly ways: ProcessWays;
  readonly books: PaymentBooks;
  /** A shop worker runs there from now on, or does not any more. */
  readonly territoryChanged: (
    territory: string,
    process: SimulatedProcess,
    runs: boolean,
  ) => void;
}

/** Which life of which process. */
export interface ProcessLife {
  /** Keeps its clock over all lives. */
  readonly place: string;
  readonly plan: ShopPlan;
  readonly driftPerMillion: number;
}

/** The calls of clients at a process. */
interface Calls {
  /** Without an answer yet. */
  readonly waiting: number;
  /** Those wait in vain. */
  break(): void;
}

/** Calls under way get this long, and then handing over, as live. */
const DRAIN_US = 4_000_000;
const HAND_OVER_US = 5_000_000;
/** How often a thread that leaves looks whether it is done, as live. */
const LEAVE_LOOK_US = 1_000;

/** See the module's text. */
export class SimulatedProcess {
  readonly gate: ShopGate;
  readonly name: string;
  readonly place: string;
  readonly topology: Topology;
  readonly threads: ProcessThreads;
  readonly #world: ProcessesWorld;
  readonly #plan: ShopPlan;
  readonly #main: string;
  readonly #clock: ThreadClock;
  readonly #gateways: SimulatedGateways;
  readonly #links: SimulatedLinks;
  readonly #ownership: Ownership;
  readonly #territories: readonly string[];
  /** Shop workers that the gate can reach, here or elsewhere. */
  readonly #reachable = new Set<string>();
  #isAlive = true;
  #isLeaving = false;
  #isPresent = false;
  #hasJoined = false;
  /** What came while it was stopped; null: it runs. */
  #backlog: (() => void)[] | null = null;
  #frozenSinceUs = 0;
  #frozenUntilUs = 0;
  #tick = -1;

  constructor(world: ProcessesWorld, life: ProcessLife) {
    this.#world = world;
    const { scheduler, scenario, redis } = world;
    const { plan, place, driftPerMillion } = life;
    const { startMs } = scenario.clock;
    this.#plan = plan;
    this.#main = mainDomain(plan);
    this.name = plan.process;
    this.place = place;
    const topology = this.topology = new Topology(plan);
    const clock = this.#clock = clockOf(scheduler, {
      startMs,
      driftPerMillion,
    });
    this.#territories = plan.domains.filter(({ role }) => role === "worker")
      .map(({ name }) => name);
    const take = (act: () => void) => this.take(act);
    this.#gateways = new SimulatedGateways({
      ...world,
      domainOf: (name) => this.threads.slotOf(name)!.thread!.domain,
      readCatalog: (act, lost) => world.database.readCatalog(place, act, lost),
      tellAll: (stock) => this.#links.broadcast(stock.kind, stock),
    });
    this.threads = new ProcessThreads({
      ...world,
      ...{ plan, topology, place, driftPerMillion, clock, take },
      frozenForUs: () =>
        this.#backlog === null ? 0 : this.#frozenUntilUs - scheduler.nowUs,
      gatewaysOf: (domain) => this.#gateways.of(plan, domain),
      changed: (slot, isThere) => this.#changed(slot, isThere),
      carry: (from, to, batch) => this.#links.carry(from, to, batch),
      left: ({ name, fence }, batch) => {
        if (fence > 0 && framesIn(batch) > 0) this.#see("said", name, fence);
      },
    });
    const { leaseForMs } = scenario.config.cluster;
    this.#links = new SimulatedLinks({
      ...{ process: this.name, scheduler, redis },
      silenceMs: LEASES_IN_SILENCE * leaseForMs,
      ...{ clock, ways: world.ways, take, main: () => this.main },
      frameUs: world.machines.values.frameUs,
      threadOf: (name) => this.threads.readyOf(name),
      outboxFrames: () => this.threads.outboxFrames(),
      linked: (domain, peer, isLinked) => {
        if (domain === this.#main) this.#noteReachable(peer, isLinked);
      },
      heard: (content) => this.#heard(content as Message),
    });
    this.#ownership = new Ownership({
      ...{ process: this.name, leaseForMs, virtualNodes: plan.virtualNodes },
      territories: this.#territories,
      port: redis.port(this.name),
      wake: () => this.#tickNow(),
      members: (processes) => this.#setMembers(processes),
      // Threads start in no time here.
      expect: () => {},
      acquire: (...lease) => this.#acquire(...lease),
      extend: (...lease) => this.#extend(...lease),
      release: (territory, done) => this.#release(territory, done),
      lost: (territory) => this.#end(territory),
    });
    this.gate = simulatedGate({
      ...{ scenario, scheduler, driftPerMillion, topology },
      domain: this.main.domain,
      catalog: this.#gateways.catalogPool(plan, this.#main),
      isReady: () => this.isOpen,
    });
  }

  /** Starts its threads and becomes a member of the shop. */
  start(): void {
    this.#world.redis.join({
      process: this.name,
      place: this.place,
      take: (act) => this.take(act),
      frame: (frame) => this.#links.receive(frame),
      changed: (freed) => this.#ownership.changed(freed),
    });
    this.threads.start();
    this.#tickNow();
  }

  /** Acts now, or when the process wakes; never once it is gone. */
  take(act: () => void): void {
    if (!this.#isAlive) return;
    if (this.#backlog === null) act();
    else this.#backlog.push(act);
  }

  /** Not crashed. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** It has not crashed, and is not about to leave. */
  get takesCalls(): boolean {
    return this.#isAlive && !this.#isLeaving;
  }

  /** It has joined, and the others know that it lives. */
  get isOpen(): boolean {
    return this.takesCalls && this.#hasJoined && this.#isPresent;
  }

  /** Its gate reaches every shop worker. */
  get isComplete(): boolean {
    return this.#reachable.size === this.#territories.length;
  }

  /** Since when it is stopped; null: it runs. */
  get frozenSinceUs(): number | null {
    return this.#backlog === null ? null : this.#frozenSinceUs;
  }

  /** The thread of the gate. */
  get main(): Thread {
    return this.threads.slotOf(this.#main)!.thread!;
  }

  // ── Faults ──────────────────────────────────────────────────────────────

  /** All its threads are gone at once. */
  crash(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#world.redis.leave(this.name);
    this.#world.scheduler.cancel(this.#tick);
    for (const territory of this.#territories) this.#end(territory);
    this.threads.forgetAll();
  }

  /**
   * SIGTERM: takes no calls, finishes those that wait, hands over what it runs
   * and is gone, as `closeDown` of a live process does it.
   */
  leave(calls: Calls): void {
    this.take(() => {
      if (this.#isLeaving) return;
      this.#isLeaving = true;
      const { scheduler } = this.#world;
      const untilUs = scheduler.nowUs + DRAIN_US;
      const look = () => {
        const isDone = calls.waiting === 0 || scheduler.nowUs >= untilUs;
        if (isDone) this.#handOver(calls);
        else this.#after(LEAVE_LOOK_US, "drain", look);
      };
      look();
    });
  }

  #handOver(calls: Calls): void {
    const end = () => {
      if (!this.#isAlive) return;
      this.#links.close();
      this.crash();
      calls.break();
    };
    this.#ownership.leave(end);
    this.#after(HAND_OVER_US, "hand over", end);
  }

  #after(delayUs: number, what: string, act: () => void): void {
    const { scheduler } = this.#world;
    const label = stableHash(`${what} ${this.place}`);
    const atUs = scheduler.nowUs + delayUs;
    scheduler.at(atUs, label, () => this.take(act));
  }

  /** SIGSTOP: nothing of it runs, until it is woken. */
  freeze(forUs: number): void {
    if (!this.#isAlive || this.#backlog !== null) return;
    this.#backlog = [];
    this.#frozenSinceUs = this.#world.scheduler.nowUs;
    this.#frozenUntilUs = this.#frozenSinceUs + forUs;
    for (const thread of this.threads.all) thread.freeze(forUs);
  }

  /** SIGCONT: what came meanwhile comes now. */
  thaw(): void {
    if (this.#backlog === null) return;
    const waiting = this.#backlog;
    this.#backlog = null;
    for (const thread of this.threads.all) thread.thaw();
    for (const act of waiting) this.take(act);
  }

  /** How slow a gateway is. */
  slownessOf(gateway: string): Slowness {
    return this.#gateways.slownessOf(gateway);
  }

  // ── Leases ──────────────────────────────────────────────────────────────

  #tickNow(): void {
    if (!this.#isAlive) return;
    const { scheduler } = this.#world;
    scheduler.cancel(this.#tick);
    const nextMs = this.#ownership.tick(this.#clock.monotonicMs());
    if (nextMs === Infinity) return;
    const atUs = Math.max(scheduler.nowUs + 1, this.#clock.momentOf(nextMs));
    const label = stableHash(`ownership ${this.place}`);
    const tick = () => this.take(() => this.#tickNow());
    this.#tick = scheduler.at(atUs, label, tick);
  }

  #setMembers(processes: readonly string[]): void {
    this.#isPresent = processes.includes(this.name);
    this.#links.setMembers(processes);
  }

  #acquire(territory: string, fence: number, validUntilMs: number): void {
    this.#see("lease_taken", territory, fence);
    this.#links.claim(territory, true);
    this.threads.add(territory, fence, validUntilMs);
  }

  #extend(territory: string, validUntilMs: number): void {
    const slot = this.threads.slotOf(territory);
    if (slot === undefined) return;
    slot.validUntilMs = validUntilMs;
    slot.thread?.setValidUntil(validUntilMs);
  }

  /** Finishes what is under way, within a lease. */
  #release(territory: string, done: () => void): void {
    const { scheduler, scenario } = this.#world;
    const { leaseForMs } = scenario.config.cluster;
    const untilUs = scheduler.nowUs + leaseForMs * 1_000;
    const slot = this.threads.slotOf(territory);
    const leaving = slot?.isReady ? slot.thread : null;
    leaving?.refuse();
    leaving?.domain.stop();
    const look = () => {
      const now = this.threads.readyOf(territory);
      const isDone = now === null || now !== leaving ||
        now.domain.isIdle && now.isQuiet;
      if (!isDone && scheduler.nowUs < untilUs) return later();
      if (this.threads.slotOf(territory) === slot) this.#end(territory);
      done();
    };
    const later = () => this.#after(LEAVE_LOOK_US, `leave ${territory}`, look);
    look();
  }

  #end(territory: string): void {
    const slot = this.threads.slotOf(territory);
    if (slot === undefined) return;
    this.threads.forget(territory);
    this.#links.claim(territory, false);
    this.#see("lease_ended", territory, slot.fence);
  }

  #see(
    kind: "lease_taken" | "lease_ended" | "said",
    territory: string,
    fence: number,
  ): void {
    const { observe, scheduler } = this.#world;
    const atUs = scheduler.nowUs;
    observe({ kind, atUs, territory, process: this.name, fence });
  }

  // ── Links ───────────────────────────────────────────────────────────────

  /** A thread has started, or has ended. */
  #changed({ name, fence }: Slot, isThere: boolean): void {
    if (fence > 0) this.#world.territoryChanged(name, this, isThere);
    if (isThere) this.#links.addDomain(name, fence);
    else this.#links.removeDomain(name);
    this.#noteReachable(name, isThere);
  }

  #noteReachable(domain: string, isReachable: boolean): void {
    if (!this.#territories.includes(domain)) return;
    if (isReachable) this.#reachable.add(domain);
    else this.#reachable.delete(domain);
    if (this.isComplete) this.#hasJoined = true;
  }

  #heard(news: Message): void {
    for (const node of cacheNodesOf(this.#plan)) {
      this.main.domain.tell(node, news);
    }
  }
}
