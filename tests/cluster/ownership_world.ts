/**
 * Processes that share territories, in virtual time: clocks that drift, a
 * network that loses, delays and repeats, and what else happens to a store and
 * to processes. It checks at every step that nobody believes in a territory
 * that another one believes in as well.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import type { OwnershipPort } from "../../cluster/ownership_port.ts";
import { LEASE_MS, Process, type Run } from "./ownership_process.ts";
import {
  OwnershipStore,
  type StoreMistake,
} from "../../sim/ownership_store.ts";

/** Half of what two clocks may run apart. */
const DRIFT_PER_MILLION = 5_000;

/** What happens, so long after what happened before. */
export interface Fault {
  readonly afterMs: number;
  readonly what:
    | "join"
    | "leave"
    | "crash"
    | "freeze"
    | "foul network"
    | "pause store"
    | "save store"
    | "restart store"
    | "lose some data"
    | "lose all data"
    | "set clock back";
  /** Of the processes that live, by number. */
  readonly whom: number;
  readonly forMs: number;
}

/** Mistakes of a host. */
export type HostMistake =
  /** It stops a territory after it said that it had. */
  | "hands over before it stops"
  /** It ticks on a clock that people set. */
  | "renews by the wall clock";

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly processes: number;
  readonly territories: number;
  readonly mistake?: StoreMistake | HostMistake | null;
}

/** See the module. */
export class OwnershipWorld {
  /** True time. */
  nowMs = 0;
  readonly territories: readonly string[];
  readonly living: Process[] = [];
  readonly random: SeededRandom;
  readonly mistake: WorldOptions["mistake"];
  /** All runs of each territory, oldest first. */
  readonly runs = new Map<string, Run[]>();
  /** Territories that were taken up, in order. */
  readonly moves: { readonly atMs: number; readonly territory: string }[] = [];
  readonly #store: OwnershipStore;
  readonly #storeDrift: number;
  readonly #fences = new Map<string, number>();
  #events: { readonly atMs: number; readonly act: () => void }[] = [];
  #foulUntilMs = 0;
  /** What waits for the store to go on; null: it runs. */
  #paused: (() => void)[] | null = null;
  readonly #underWay = new Set<{ act: () => void; cut: () => void }>();
  #born = 0;

  constructor({ seed, processes, territories, mistake }: WorldOptions) {
    this.random = new SeededRandom(seed, "ownership");
    this.mistake = mistake ?? null;
    this.territories = Array.from(
      { length: territories },
      (_, index) => `worker-${index}`,
    );
    for (const name of this.territories) this.runs.set(name, []);
    this.#storeDrift = this.drift();
    this.#store = new OwnershipStore(
      // A fence is of the clock; two servers' clocks agree as wall clocks do.
      () => 1e12 + this.nowMs * this.#storeDrift,
      isOfStore(mistake) ? mistake : null,
    );
    this.#store.changed = (by, freed) => this.#tell(by, freed);
    for (let count = 0; count < processes; count++) this.join();
  }

  /** A clock's speed. */
  drift(): number {
    const most = DRIFT_PER_MILLION;
    return 1 + (this.random.below(2 * most + 1) - most) / 1e6;
  }

  /** An integer of at least `least` and below `bound`. */
  between(least: number, bound: number): number {
    return least + this.random.below(bound - least);
  }

  /** Acts so much later. */
  after(delayMs: number, act: () => void): void {
    const atMs = this.nowMs + delayMs;
    let at = this.#events.length;
    while (at > 0 && this.#events[at - 1]!.atMs > atMs) at--;
    this.#events.splice(at, 0, { atMs, act });
  }

  /** Lets time pass. */
  pass(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    while (this.#events.length > 0 && this.#events[0]!.atMs <= untilMs) {
      const { atMs, act } = this.#events.shift()!;
      this.nowMs = atMs;
      act();
    }
    this.nowMs = untilMs;
  }

  join(): Process {
    const process = new Process(this, `p${this.#born++}`);
    this.living.push(process);
    process.tick();
    return process;
  }

  /** Has a fault happen, at the end of its time. */
  suffer({ afterMs, what, whom, forMs }: Fault): void {
    this.pass(afterMs);
    const process = this.living[whom % this.living.length];
    switch (what) {
      case "join":
        // More than a few show nothing more.
        if (this.living.length < 6) this.join();
        return;
      case "leave":
        return process?.leave();
      case "crash":
        return process?.crash();
      case "freeze":
        return process?.freeze(forMs);
      case "set clock back":
        return process?.setClockBack(forMs);
      case "foul network":
        this.#foulUntilMs = this.nowMs + forMs;
        return;
      case "pause store":
        return this.#pause(forMs);
      case "save store":
        return this.#store.save();
      case "restart store":
        return this.#store.restart("kept");
      case "lose some data":
        return this.#store.restart("old");
      case "lose all data":
        return this.#store.restart("lost");
    }
  }

  /**
   * Ends every fault that lasts, and says when that was. Connections are new
   * ones then: what was under way does not arrive, and its sender hears of it.
   */
  calm(): number {
    for (const { cut } of this.#underWay) cut();
    this.#underWay.clear();
    this.#foulUntilMs = this.nowMs;
    this.#goOn();
    for (const process of this.living) process.thaw();
    return this.nowMs;
  }

  /** The port of a process. */
  port(process: Process): OwnershipPort {
    const store = this.#store;
    const send = <Answer>(
      run: () => Answer,
      done: (answer: Answer | null) => void,
    ) => this.#send(process, run, done);
    return {
      beat: (beat, done) => send(() => store.beat(beat), done),
      take: (lease, done) => send(() => store.take(lease), done),
      free: (lease, done) => send(() => store.free(lease), done),
      leave: (name, done) => send(() => store.leave(name), done),
    };
  }

  /** A process believes in a territory from now on, or for longer. */
  believe(run: Run, territory: string, fence: number | null): void {
    // It is told what was so while it was frozen.
    if (run.validUntilMs <= run.process.clockMs) return;
    for (const other of this.runs.get(territory)!) {
      if (other.process === run.process || other.toMs < Infinity) continue;
      assert.ok(
        other.validUntilMs <= other.process.clockMs,
        `${run.process.name} and ${other.process.name} believe in ${territory}`,
      );
    }
    if (fence === null) return;
    const last = this.#fences.get(territory) ?? 0;
    assert.ok(fence > last, `${territory} has fence ${fence} after ${last}`);
    this.#fences.set(territory, fence);
    this.moves.push({ atMs: this.nowMs, territory });
  }

  /** Whether somebody ran a territory at some moment between the two. */
  wasRun(territory: string, fromMs: number, toMs: number): boolean {
    return this.runs.get(territory)!.some((run) =>
      run.toMs > fromMs && run.fromMs <= toMs
    );
  }

  #pause(forMs: number): void {
    if (this.#paused !== null) return;
    const paused = this.#paused = [];
    this.after(forMs, () => {
      if (this.#paused === paused) this.#goOn();
    });
  }

  /** In the order in which it came, and all at once. */
  #goOn(): void {
    const waiting = this.#paused ?? [];
    this.#paused = null;
    for (const act of waiting) act();
  }

  get #isFoul(): boolean {
    return this.nowMs < this.#foulUntilMs;
  }

  #delayMs(): number {
    if (!this.#isFoul) return this.between(200, 3_000) / 1_000;
    return this.random.chance(1, 4)
      ? this.between(0, 2 * LEASE_MS)
      : this.between(0, 100);
  }

  #isLost(): boolean {
    return this.#isFoul && this.random.chance(1, 5);
  }

  #send<Answer>(
    process: Process,
    run: () => Answer,
    done: (answer: Answer | null) => void,
  ): void {
    // A client says that it has no connection, or says nothing.
    const fail = () => {
      if (!this.random.chance(1, 2)) return;
      this.after(this.#delayMs(), () => process.take(() => done(null)));
    };
    if (this.#isLost()) return fail();
    const arrive = (hear: (answer: Answer) => void) => {
      const act = () => hear(run());
      if (this.#paused === null) act();
      else this.#paused.push(act);
    };
    const cut = () => process.take(() => done(null));
    this.#carry(
      () =>
        arrive((answer) => {
          if (this.#isLost()) return fail();
          this.#carry(() => process.take(() => done(answer)), cut);
        }),
      cut,
    );
    // A client sent it again, and nobody hears the second answer.
    if (this.#isLost()) this.#carry(() => arrive(() => {}), () => {});
  }

  /** Acts when the network has carried something, if it does. */
  #carry(act: () => void, cut: () => void): void {
    const carried = { act, cut };
    this.#underWay.add(carried);
    this.after(this.#delayMs(), () => {
      if (this.#underWay.delete(carried)) act();
    });
  }

  #tell(by: string, freed?: string): void {
    for (const process of this.living) {
      if (process.name === by || this.#isLost()) continue;
      const wake = () => process.take(() => process.ownership.changed(freed));
      this.#carry(wake, () => {});
    }
  }
}

function isOfStore(mistake: WorldOptions["mistake"]): mistake is StoreMistake {
  return mistake === "frees for anybody" || mistake === "gives at once" ||
    mistake === "sets before it expires";
}
