/**
 * A process of a world in virtual time: its clock, what it runs, and what
 * happens to it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Ownership } from "../../cluster/ownership.ts";
import type { OwnershipWorld } from "./ownership_world.ts";

/** As in the shop, unless told. */
export const LEASE_MS = 3_000;

/** A territory that runs. */
export interface Run {
  readonly process: Process;
  readonly fromMs: number;
  toMs: number;
  /** On the process's clock. */
  validUntilMs: number;
}

/** A process of the world. */
export class Process {
  readonly name: string;
  readonly ownership: Ownership;
  readonly running = new Map<string, Run>();
  /** What it has got ready for. */
  expected: readonly string[] = [];
  isLeaving = false;
  readonly #world: OwnershipWorld;
  readonly #drift: number;
  readonly #offsetMs: number;
  #setBackMs = 0;
  #isDead = false;
  /** What came while it was frozen; null: it is not. */
  #backlog: (() => void)[] | null = null;
  #ticks = 0;

  constructor(world: OwnershipWorld, name: string) {
    this.name = name;
    this.#world = world;
    this.#drift = world.drift();
    this.#offsetMs = world.between(0, 1_000_000);
    this.ownership = new Ownership({
      process: name,
      territories: world.territories,
      virtualNodes: 16,
      leaseForMs: LEASE_MS,
      port: world.port(this),
      wake: () => this.#world.after(0, () => this.take(() => this.tick())),
      acquire: (territory, fence, untilMs) =>
        this.#acquire(territory, fence, untilMs),
      extend: (territory, untilMs) => {
        const run = this.running.get(territory);
        if (run === undefined) {
          // It has stopped at this moment, and that is heard after the beat.
          const last = world.runs.get(territory)!
            .findLast(({ process }) => process === this);
          const found = `${territory} is extended and does not run`;
          return assert.equal(last?.toMs, world.nowMs, found);
        }
        run.validUntilMs = untilMs;
        world.believe(run, territory, null);
      },
      release: (territory, done) => this.#release(territory, done),
      lost: (territory) => this.#end(territory, this.running.get(territory)),
      members: () => {},
      expect: (territories) => this.expected = territories,
    });
  }

  /** Its monotonic clock. */
  get clockMs(): number {
    return this.#offsetMs + this.#world.nowMs * this.#drift;
  }

  /** Something comes to it, now or when it wakes. */
  take(act: () => void): void {
    if (this.#isDead) return;
    if (this.#backlog === null) act();
    else this.#backlog.push(act);
  }

  tick(): void {
    const byWall = this.#world.mistake === "renews by the wall clock";
    const clockMs = this.clockMs - (byWall ? this.#setBackMs : 0);
    const nextMs = this.ownership.tick(clockMs);
    const number = ++this.#ticks;
    if (nextMs === Infinity) return;
    const delayMs = Math.max(0, nextMs - clockMs) / this.#drift;
    // A loop that is busy comes late.
    const lateMs = this.#world.between(0, 20);
    this.#world.after(Math.ceil(delayMs) + lateMs, () =>
      this.take(() => {
        if (number === this.#ticks) this.tick();
      }));
  }

  crash(): void {
    this.#isDead = true;
    for (const [territory, run] of this.running) this.#end(territory, run);
    this.#vanish();
  }

  leave(): void {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.take(() =>
      this.ownership.leave(() => {
        assert.equal(this.running.size, 0, "it left what it ran");
        this.#isDead = true;
        this.#vanish();
      })
    );
  }

  freeze(forMs: number): void {
    if (this.#backlog !== null) return;
    const backlog = this.#backlog = [];
    this.#world.after(forMs, () => {
      if (this.#backlog === backlog) this.thaw();
    });
  }

  /** What came meanwhile comes now, in any order. */
  thaw(): void {
    const waiting = this.#backlog;
    this.#backlog = null;
    while (waiting !== null && waiting.length > 0) {
      const at = this.#world.between(0, waiting.length);
      const [act] = waiting.splice(at, 1);
      this.take(act!);
    }
  }

  setClockBack(byMs: number): void {
    this.#setBackMs += byMs;
  }

  #acquire(territory: string, fence: number, validUntilMs: number): void {
    assert.ok(!this.running.has(territory), `${territory} runs already`);
    const run: Run = {
      ...{ process: this, validUntilMs },
      ...{ fromMs: this.#world.nowMs, toMs: Infinity },
    };
    this.running.set(territory, run);
    this.#world.runs.get(territory)!.push(run);
    this.#world.believe(run, territory, fence);
  }

  #release(territory: string, done: () => void): void {
    const run = this.running.get(territory);
    const hurries = this.#world.mistake === "hands over before it stops";
    if (hurries) done();
    // One that hangs is not waited for.
    if (this.#world.random.chance(1, 20)) return;
    this.#world.after(this.#world.between(1, 300), () =>
      this.take(() => {
        this.#end(territory, run);
        if (!hurries) done();
      }));
  }

  #end(territory: string, run: Run | undefined): void {
    if (run === undefined || run.toMs < Infinity) return;
    run.toMs = this.#world.nowMs;
    this.running.delete(territory);
  }

  #vanish(): void {
    const { living } = this.#world;
    living.splice(living.indexOf(this), 1);
  }
}
