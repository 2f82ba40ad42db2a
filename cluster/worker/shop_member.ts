/**
 * This process as a member of its shop: it runs the shop workers whose leases
 * it has, is linked with those that others run, and hears what is told to all.
 *
 * @module
 */
import type { Message } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import type { HeldLock } from "../gate.ts";
import { Ownership } from "../ownership.ts";
import { RedisOwnership } from "../redis/redis_ownership.ts";
import type { RedisPort } from "../redis/redis_port.ts";
import { ScalingSpeed } from "../scaling_speed.ts";
import { mainDomain, type ShopPlan } from "../topology.ts";
import { LEASES_IN_SILENCE } from "../trunk.ts";
import { hostClock, isKeptWithin } from "./host_clock.ts";
import { OwnershipLoop } from "./ownership_loop.ts";
import { ProcessLinks, type ProcessLinksReport } from "./process_links.ts";
import { epochsOf } from "./shop_locks.ts";
import { StartError, STOP_WITHIN_MS, type Threads } from "./threads.ts";

/** What a member is made of. */
export interface ShopMemberOptions {
  readonly redis: RedisPort;
  readonly storeId: string;
  readonly plan: ShopPlan;
  readonly threads: Threads;
  readonly leaseForMs: number;
  readonly log: Log;
  /** Somebody, perhaps this process, told all processes. */
  readonly heard: (news: Message) => void;
  /** What was told to all may have been missed. */
  readonly missed: () => void;
  /** How many processes there are now, this one among them. */
  readonly counted: (processes: number) => void;
}

/** A shop worker that runs here. */
interface Running {
  readonly fence: number;
  validUntilMs: number;
}

/**
 * Leases of a process that died last a lease, taking over what it had takes
 * as long as folding it; a machine that is busy takes its time for both.
 */
const JOIN_WITHIN_MS = 60_000;

/** See the module. */
export class ShopMember {
  readonly #options: ShopMemberOptions;
  readonly #links: ProcessLinks;
  readonly #ownership: Ownership;
  readonly #leases: RedisOwnership;
  /** All shop workers there are. */
  readonly #territories: readonly string[];
  readonly #running = new Map<string, Running>();
  /** Shop workers that the main thread is linked with, here or elsewhere. */
  readonly #reachable = new Set<string>();
  #members: readonly string[] = [];
  readonly #speed = new ScalingSpeed();
  readonly #loop = new OwnershipLoop();
  #stopWatching: () => Promise<void> = () => Promise.resolve();
  #complete: (() => void) | null = null;

  constructor(options: ShopMemberOptions) {
    const { redis, storeId, plan, threads, leaseForMs, log } = options;
    const { process, virtualNodes } = plan;
    this.#options = options;
    this.#territories = plan.domains.filter(({ role }) => role === "worker")
      .map(({ name }) => name);
    this.#links = new ProcessLinks({
      ...{ redis, storeId, process, clock: hostClock, log },
      silenceMs: LEASES_IN_SILENCE * leaseForMs,
      connect: (domain, peer, port) => this.#connect(domain, peer, port),
      disconnect: (domain, peer) => this.#disconnect(domain, peer),
      heard: (_, content) => options.heard(content as Message),
      reset: () => options.missed(),
    });
    const territories = this.#territories;
    this.#leases = new RedisOwnership(redis, { storeId, process, territories });
    this.#ownership = new Ownership({
      ...{ process, virtualNodes, leaseForMs },
      territories,
      port: this.#leases,
      wake: this.#loop.wake,
      members: (processes) => this.#note(processes),
      expect: (names) =>
        threads.workers.prepare(
          names.map((name) => ({ ...threads.common, name })),
        ),
      acquire: (...lease) => this.#acquire(...lease),
      extend: (...lease) => this.#extend(...lease),
      release: (territory, done) => this.#release(territory, done),
      lost: (territory) => this.#lose(territory),
    });
  }

  /**
   * Becomes a member; resolves when every shop worker can be reached.
   *
   * @throws {StartError} When that takes too long.
   */
  async join(): Promise<void> {
    const { threads, plan, log } = this.#options;
    await this.#links.start();
    threads.watch((domain, isThere) => this.#domainChanged(domain, isThere));
    this.#links.addDomain(mainDomain(plan));
    log.write("info", "process joins", { process: plan.process });
    this.#stopWatching = this.#leases.watch((freed) =>
      this.#ownership.changed(freed)
    );
    this.#loop.start(this.#ownership);
    const complete = new Promise<void>((resolve) => {
      this.#complete = resolve;
      this.#noteReachable();
    });
    if (!await isKeptWithin(complete, JOIN_WITHIN_MS)) {
      throw new StartError(this.#describeMissing());
    }
  }

  /** Hands its shop workers over to the others, and leaves them. */
  async leave(): Promise<void> {
    const left = new Promise<void>((resolve) => this.#ownership.leave(resolve));
    await isKeptWithin(left, STOP_WITHIN_MS);
    this.#loop.stop();
    await this.#stopWatching();
    await this.#links.stop();
  }

  /** The others know that this process lives, as far as it knows. */
  get isPresent(): boolean {
    return this.#members.includes(this.#options.plan.process);
  }

  /** Tells all processes, this one included. */
  broadcast(news: Message): void {
    this.#links.broadcast(news.kind, news);
  }

  /** The leases that this process has, and the partitions that come of them. */
  locks(): readonly HeldLock[] {
    const { plan, threads } = this.#options;
    const nowMs = hostClock.monotonicMs();
    const leases = [...this.#running].map(([name, lease]): HeldLock => ({
      name,
      kind: "lease",
      state: "held",
      owner: plan.process,
      fence: lease.fence,
      leftMs: Math.max(0, Math.round(lease.validUntilMs - nowMs)),
    }));
    const { main, workers } = threads;
    const epochs = epochsOf(
      plan,
      main.turns.domain.report(),
      workers.statuses(),
    );
    return [
      ...leases,
      ...epochs.filter(({ owner }) => this.#running.has(owner)),
    ];
  }

  /** Who is there, and which shop workers run here. */
  describe() {
    return {
      process: this.#options.plan.process,
      processes: this.#members,
      scalingPerMinute: this.scalingPerMinute,
      owned: [...this.#running.keys()].sort(),
      reachable: [...this.#reachable].sort(),
      links: this.report(),
    };
  }

  /** Processes that joined of late, per minute. */
  get scalingPerMinute(): number {
    return this.#speed.perMinute(hostClock.monotonicMs());
  }

  /** What the links count. */
  report(): ProcessLinksReport {
    return this.#links.report();
  }

  // ── Leases ──────────────────────────────────────────────────────────────

  #acquire(territory: string, fence: number, validUntilMs: number): void {
    const { threads, log } = this.#options;
    const { workers, common } = threads;
    this.#running.set(territory, { fence, validUntilMs });
    this.#links.claim(territory);
    log.write("info", "shop worker taken", { worker: territory, fence });
    workers.add({ ...common, name: territory }, fence, validUntilMs);
  }

  #extend(territory: string, validUntilMs: number): void {
    const lease = this.#running.get(territory);
    if (lease !== undefined) lease.validUntilMs = validUntilMs;
    this.#options.threads.workers.setValidUntil(territory, validUntilMs);
  }

  #release(territory: string, done: () => void): void {
    const { threads, leaseForMs, log } = this.#options;
    const lease = this.#running.get(territory);
    threads.workers.remove(territory, leaseForMs).then(() => {
      // It may have been lost meanwhile, and taken again.
      if (this.#running.get(territory) === lease) this.#forget(territory);
      log.write("info", "shop worker handed over", { worker: territory });
      done();
    });
  }

  #lose(territory: string): void {
    this.#options.log.write("warn", "lease lost", { worker: territory });
    // Unlinked here at once, though its thread may take its time to end.
    this.#options.threads.workers.remove(territory, 0);
    this.#forget(territory);
  }

  #forget(territory: string): void {
    this.#running.delete(territory);
    this.#links.disclaim(territory);
  }

  #note(processes: readonly string[]): void {
    this.#members = processes;
    this.#speed.note(processes, hostClock.monotonicMs());
    this.#links.setMembers(processes);
    // Who does not see himself knows too little to say how many there are.
    if (this.isPresent) this.#options.counted(processes.length);
  }

  // ── Links ───────────────────────────────────────────────────────────────

  /** A domain of this process is there, or is gone. */
  #domainChanged(domain: string, isThere: boolean): void {
    if (isThere) {
      const { workers } = this.#options.threads;
      const status = workers.statuses().find(({ name }) => name === domain);
      const fence = this.#running.get(domain)?.fence;
      this.#links.addDomain(domain, fence ?? status?.incarnation);
      this.#reach(domain);
    } else {
      this.#links.removeDomain(domain);
      this.#reachable.delete(domain);
    }
  }

  #connect(domain: string, peer: string, port: MessagePort): void {
    const { main, workers } = this.#options.threads;
    if (domain !== main.turns.domain.name) {
      workers.order(domain, { kind: "connect", peer, port });
      return;
    }
    main.turns.connect(peer, port);
    this.#reach(peer);
  }

  #disconnect(domain: string, peer: string): void {
    const { main, workers } = this.#options.threads;
    if (domain !== main.turns.domain.name) {
      workers.order(domain, { kind: "disconnect", peer });
      return;
    }
    main.turns.disconnect(peer);
    this.#reachable.delete(peer);
  }

  #reach(peer: string): void {
    if (!this.#territories.includes(peer)) return;
    this.#reachable.add(peer);
    this.#noteReachable();
  }

  #noteReachable(): void {
    if (this.#reachable.size < this.#territories.length) return;
    this.#complete?.();
    this.#complete = null;
  }

  #describeMissing(): string {
    const missing = this.#territories.filter((name) =>
      !this.#reachable.has(name)
    );
    return `Cannot reach the shop workers ${missing.join(", ")} within ` +
      `${JOIN_WITHIN_MS / 1_000} s`;
  }
}
