/**
 * The faults of a scenario: when each strikes, whom, and when it is over.
 *
 * @module
 */
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import type { Observation } from "./observation.ts";
import type { FaultSpan } from "./run_result.ts";
import type { Bound, ScheduledFault } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ShopWorld } from "./shop_world.ts";

/** How often a fault looks whether its time has come. */
const LOOK_EVERY_US = 100_000;
/** What has no length of its own lasts this long. */
const LASTS_US = 1_000_000;

/** What faults need. */
export interface StrikesOptions {
  readonly faults: readonly ScheduledFault[];
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly world: ShopWorld;
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

  constructor(options: StrikesOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed, "faults");
  }

  /** Arms all faults; times count from now. */
  start(): void {
    const { scheduler, faults } = this.#options;
    const startUs = scheduler.nowUs;
    for (const fault of faults) {
      const { time } = fault;
      const label = stableHash(`fault ${fault.id}`);
      if (time.kind === "at") {
        scheduler.at(startUs + time.atUs, label, () => this.#strike(fault));
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

  /** Ends all faults, and lets no other strike: the core heals. */
  heal(): void {
    this.#isOver = true;
    for (const undo of [...this.#healing]) undo();
  }

  #strike(fault: ScheduledFault): void {
    if (this.#isOver) return;
    const targets = this.#targetsOf(fault);
    for (const target of targets) this.#strikeOne(fault, target);
  }

  #targetsOf({ target, from, to, perMillion }: ScheduledFault): string[] {
    if (target === null) return [`${from}→${to}`];
    const { world } = this.#options;
    const names = expand(target, [
      ...world.workers,
      ...world.addresses,
    ]);
    if (perMillion >= 1_000_000 || names.length < 2) return names;
    const struck = names.filter(() =>
      this.#random.below(1_000_000) < perMillion
    );
    return struck.length > 0
      ? struck
      : [names[this.#random.below(names.length)]!];
  }

  #strikeOne(fault: ScheduledFault, target: string): void {
    const { scheduler, observe } = this.#options;
    const atUs = scheduler.nowUs;
    const lastsUs = fault.forUs ?? LASTS_US;
    const undo = this.#apply(fault, target, lastsUs);
    const { id } = fault;
    observe({ kind: "fault_began", atUs, fault: id, target });
    const end = () => {
      if (!this.#healing.delete(end)) return;
      undo();
      const endUs = scheduler.nowUs;
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
    scheduler.at(atUs + lastsUs, stableHash(`end ${id}`), end);
  }

  /** Strikes; returns what ends it. */
  #apply(
    fault: ScheduledFault,
    target: string,
    lastsUs: number,
  ): () => void {
    const { world } = this.#options;
    switch (fault.do) {
      case "crash":
      case "lose_disk_cache": {
        const worker = world.workerOf(target);
        // An actor's address: its next step throws.
        if (worker === null) world.crashActor(target);
        else world.crash(worker);
        return () => {};
      }
      case "hang":
        world.hang(world.workerOf(target) ?? target, lastsUs);
        return () => {};
      case "slow": {
        const name = world.workerOf(target) ?? target;
        world.slow(name, fault.factor);
        return () => world.slow(name, 1);
      }
      case "flush":
        world.flush(target);
        return () => {};
      case "partition": {
        const one = world.domainOf(fault.from ?? "");
        const other = world.domainOf(fault.to ?? "");
        world.cut(one, other, true);
        return () => world.cut(one, other, false);
      }
    }
  }
}

/** Whether a value is within a bound. */
export function holds({ comparison, value }: Bound, found: number): boolean {
  if (comparison === "lt") return found < value;
  return comparison === "gt" ? found > value : found === value;
}

/** `inventory[*]` → every address of that kind. */
function expand(target: string, names: readonly string[]): string[] {
  const star = target.indexOf("[*]");
  if (star < 0) return [target];
  const prefix = target.slice(0, star + 1);
  const worker = `${target.slice(0, star)}-`;
  const found = names.filter((name) =>
    name.startsWith(prefix) || (name.startsWith(worker))
  );
  return found.length > 0 ? found : [];
}
