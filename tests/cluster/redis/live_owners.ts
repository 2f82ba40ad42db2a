/**
 * Owners of territories in this process, as many processes have them: each
 * with a Redis client of its own. A register of who believes in what throws
 * when two do at a time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Ownership } from "../../../cluster/ownership.ts";
import { RedisOwnership } from "../../../cluster/redis/redis_ownership.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { OwnershipLoop } from "../../../cluster/worker/ownership_loop.ts";
import { within } from "../../shop/shop_process.ts";
import { NODE_REDIS } from "./clients.ts";

/** Short, so that a test can wait for its end; a beat is 100 ms. */
export const LEASE_MS = 400;

/** What is shared out here. */
export const TERRITORIES = ["worker-0", "worker-1", "worker-2", "worker-3"];

/** A busy machine takes longer than a lease. */
const WITHIN_MS = 20_000;

/** Who believes in what, and what has happened. */
export class Register {
  /** Fences by territory, in the order in which they were given. */
  readonly fences = new Map<string, number[]>();
  readonly happened: { readonly what: string; readonly atMs: number }[] = [];
  /** How often a lease was extended. */
  extensions = 0;
  readonly #believers = new Map<string, Map<string, number>>();
  #waiting: { readonly isIt: () => boolean; readonly resolve: () => void }[] =
    [];

  /** A process believes in a territory until then. */
  believe(process: string, territory: string, untilMs: number): void {
    const nowMs = hostClock.monotonicMs();
    const believers = this.#believers.get(territory) ?? new Map();
    this.#believers.set(territory, believers);
    if (untilMs <= nowMs) return;
    for (const [other, otherUntilMs] of believers) {
      if (other === process) continue;
      assert.ok(otherUntilMs <= nowMs, `${other} believes in ${territory}`);
    }
    believers.set(process, untilMs);
  }

  /** It does not any more. */
  end(process: string, territory: string): void {
    this.#believers.get(territory)?.delete(process);
  }

  note(what: string): void {
    this.happened.push({ what, atMs: hostClock.monotonicMs() });
    this.#look();
  }

  noteExtension(): void {
    this.extensions++;
    this.#look();
  }

  #look(): void {
    for (const { isIt, resolve } of this.#waiting) if (isIt()) resolve();
  }

  /** Resolves when it is so; looked at whenever something has happened. */
  until(what: string, isIt: () => boolean): Promise<void> {
    if (isIt()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ isIt, resolve });
    return within(WITHIN_MS, what, promise);
  }
}

/** One process's part. */
export class LiveOwner implements AsyncDisposable {
  readonly process: string;
  readonly ownership: Ownership;
  /** Until when it may run what it runs. */
  readonly running = new Map<string, number>();
  members: readonly string[] = [];
  readonly #register: Register;
  readonly #loop = new OwnershipLoop();
  readonly #stack = new AsyncDisposableStack();

  private constructor(
    register: Register,
    process: string,
    port: RedisOwnership,
  ) {
    this.process = process;
    this.#register = register;
    this.ownership = new Ownership({
      ...{ process, port, territories: TERRITORIES },
      ...{ virtualNodes: 16, leaseForMs: LEASE_MS, wake: this.#loop.wake },
      acquire: (territory, fence, untilMs) => {
        const fences = register.fences.get(territory) ?? [];
        register.fences.set(territory, [...fences, fence]);
        this.#run(territory, untilMs);
        register.note(`${process} has ${territory}`);
      },
      extend: (territory, untilMs) => {
        this.#run(territory, untilMs);
        register.noteExtension();
      },
      release: (territory, done) => {
        this.#end(territory);
        register.note(`${process} gives ${territory}`);
        done();
      },
      lost: (territory) => {
        this.#end(territory);
        register.note(`${process} lost ${territory}`);
      },
      expect: () => {},
      members: (members) => {
        this.members = members;
        register.note(`${process} sees ${members.join(" ")}`);
      },
    });
  }

  /** Joins through a server or a proxy at that port of this machine. */
  static async join(
    register: Register,
    process: string,
    port: number,
  ): Promise<LiveOwner> {
    const client = await NODE_REDIS.connect(port);
    const store = new RedisOwnership(client.port, {
      ...{ storeId: "a", process, territories: TERRITORIES },
    });
    const owner = new LiveOwner(register, process, store);
    owner.#stack.use(client);
    owner.#stack.defer(store.watch((freed) => owner.ownership.changed(freed)));
    owner.#loop.start(owner.ownership);
    return owner;
  }

  /** Does nothing any more, as one that was killed. */
  die(): void {
    this.#loop.stop();
    for (const territory of this.running.keys()) this.#end(territory);
  }

  /** Hands everything over. */
  leave(): Promise<void> {
    return within(
      WITHIN_MS,
      `${this.process} to leave`,
      new Promise((resolve) => this.ownership.leave(resolve)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.die();
    await this.#stack.disposeAsync();
  }

  #run(territory: string, untilMs: number): void {
    this.running.set(territory, untilMs);
    this.#register.believe(this.process, territory, untilMs);
  }

  #end(territory: string): void {
    this.running.delete(territory);
    this.#register.end(this.process, territory);
  }
}
