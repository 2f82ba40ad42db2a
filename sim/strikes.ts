/**
 * The faults of a scenario: when each strikes, whom, and when it is over.
 *
 * @module
 */
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { type FaultTarget, targetsOf } from "../cluster/fault_targets.ts";
import type { Observation } from "./observation.ts";
import type { FaultSpan } from "./run_result.ts";
import type { Bound, ScheduledFault } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import type { World } from "./world.ts";

/** How often a fault looks whether its time has come. */
const LOOK_EVERY_US = 100_000;
/** What has no length of its own lasts this long. */
const LASTS_US = 1_000_000;

/** What faults need. */
export interface StrikesOptions {
  readonly faults: readonly ScheduledFault[];
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly world: World;
  readonly observe: (observation: Observation) => void;
  /** The present value of a metric. */
  readonly valueOf: (metric: string) => number;
}

/** See the module's text. */
export class Strikes {
  /** As they struck, for the report. */
  readonly spans: FaultSpan[] = [];
  readonly #options: StrikesOptions;
  readonly #random: SeededRandom;
  /** Undoes what lasts. */
  readonly #healing = new Set<() => void>();
  #isOver = false;
  /** Faults whose time is known and has not come. */
  #toCome = 0;
  #lastEndUs = 0;

  constructor(options: StrikesOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed, "faults");
  }

  /** Arms all faults; times count from now. */
  start(): void {
    const { scheduler, faults } = this.#options;
    const startUs = scheduler.nowUs;
    this.#lastEndUs = startUs;
    for (const fault of faults) {
      const { time } = fault;
      const label = stableHash(`fault ${fault.id}`);
      if (time.kind === "at") {
        this.#toCome++;
        scheduler.at(startUs + time.atUs, label, () => {
          this.#toCome--;
          this.#strike(fault);
        });
        continue;
      }
      const look = (): void => {
        if (this.#isOver) return;
        const value = this.#options.valueOf(time.metric);
        if (holds(time, value)) return this.#strike(fault);
        scheduler.at(scheduler.nowUs + LOOK_EVERY_US, label, look);
      };
      scheduler.at(startUs + LOOK_EVERY_US, label, look);
    }
  }

  /** Since when no fault lasts and none is known to come; null: not now. */
  get calmSinceUs(): number | null {
    const isToCome = !this.#isOver && this.#toCome > 0;
    return isToCome || this.#healing.size > 0 ? null : this.#lastEndUs;
  }

  /** Ends all faults, and lets no other strike: the core heals. */
  heal(): void {
    this.#isOver = true;
    for (const undo of [...this.#healing]) undo();
  }

  #strike(fault: ScheduledFault): void {
    if (this.#isOver) return;
    if (fault.target === null) return this.#cut(fault);
    for (const target of this.#targetsOf(fault.target, fault.perMillion)) {
      this.#last(fault, target.name, this.#apply(fault, target));
    }
  }

  /** Whom it strikes this time; chance may pick some of many. */
  #targetsOf(target: string, perMillion: number): FaultTarget[] {
    const { plan, processes } = this.#options.world;
    const targets = targetsOf(target, plan, processes);
    if (perMillion >= 1_000_000 || targets.length < 2) return targets;
    const struck = targets.filter(() =>
      this.#random.below(1_000_000) < perMillion
    );
    return struck.length > 0
      ? struck
      : [targets[this.#random.below(targets.length)]!];
  }

  /** Strikes; returns what ends it. */
  #apply(fault: ScheduledFault, target: FaultTarget): () => void {
    const { world } = this.#options;
    const { name, kind } = target;
    if (kind === "process" || kind === "server") {
      return world.strike!(fault, target);
    }
    switch (fault.do) {
      case "crash":
      case "lose_disk_cache":
        // An actor's next step throws.
        if (kind === "actor") world.crashActor(name);
        else world.crash(name);
        return () => {};
      case "hang":
        world.hang(name, fault.forUs ?? LASTS_US);
        return () => {};
      case "slow":
        return world.slow(name, fault.factor);
      case "flush":
        world.flush(name);
        return () => {};
      case "leave":
        throw new TypeError("Only a process leaves");
      case "partition":
        throw new TypeError("A partition has two ends and no target");
    }
  }

  /** Cuts two threads apart; the scenario was checked, so each end is one. */
  #cut(fault: ScheduledFault): void {
    const { world } = this.#options;
    const [from, to] = [fault.from!, fault.to!].map((end) =>
      targetsOf(end, world.plan, world.processes)[0]!.name
    );
    world.cut(from!, to!, true);
    this.#last(fault, `${from}→${to}`, () => world.cut(from!, to!, false));
  }

  /** A fault has struck: it is told, lasts, and is undone. */
  #last(fault: ScheduledFault, target: string, undo: () => void): void {
    const { scheduler, observe } = this.#options;
    const { id } = fault;
    const atUs = scheduler.nowUs;
    observe({ kind: "fault_began", atUs, fault: id, target });
    const end = () => {
      if (!this.#healing.delete(end)) return;
      undo();
      const endUs = scheduler.nowUs;
      this.#lastEndUs = endUs;
      observe({ kind: "fault_ended", atUs: endUs, fault: id, target });
      this.spans.push({
        id,
        what: fault.do,
        target,
        fromMs: atUs / 1_000,
        toMs: endUs / 1_000,
      });
    };
    this.#healing.add(end);
    const lastsUs = fault.forUs ?? LASTS_US;
    scheduler.at(atUs + lastsUs, stableHash(`end ${id}`), end);
  }
}

/** Whether a value is within a bound. */
export function holds({ comparison, value }: Bound, found: number): boolean {
  if (comparison === "lt") return found < value;
  return comparison === "gt" ? found > value : found === value;
}
