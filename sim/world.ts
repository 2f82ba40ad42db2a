/**
 * What a run needs of the shop that it runs: a place where clients call, its
 * state to look at, and what can strike it. One process is a `ShopWorld`,
 * several are a `ClusterWorld`.
 *
 * @module
 */
import type { Log } from "../actors/runtime/ports.ts";
import type { FaultTarget } from "../cluster/fault_targets.ts";
import type { ShopPlan } from "../cluster/topology.ts";
import type { lookAtBreakers } from "./checkers.ts";
import type { Buggify } from "./buggify.ts";
import type { Door } from "./door.ts";
import type { SimulatedProduct } from "./models.ts";
import type { Observation } from "./observation.ts";
import type { Scenario, ScheduledFault } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Traced } from "./thread_options.ts";

/** What a world is made of. */
export interface WorldOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly products: ReadonlyMap<string, SimulatedProduct>;
  readonly observe: (observation: Observation) => void;
  readonly log: Log;
  readonly traced?: Traced | undefined;
}

/** See the module's text. */
export interface World {
  /** The threads, actors and gateways that there are, as faults call them. */
  readonly plan: ShopPlan;
  /** How many processes share it; 0: it is one, of threads. */
  readonly processes: number;
  /** The rare paths that this run takes on purpose. */
  readonly buggify: Buggify;
  /** Where the next call goes. */
  readonly door: Door;
  /** Starts it and opens the stock; `done` when it can be sold. */
  start(done: () => void): void;

  /** Messages that wait, over the actors whose address begins so. */
  depthOf(kind: string): number;
  /** Tells what mail waits; at the end also what became of all of it. */
  countMail(isLast: boolean): void;
  /** No storefront waits for a provider or a shard. */
  readonly owesNothing: boolean;
  /** All threads live, none has anything to run, and nothing is owed. */
  readonly isQuiet: boolean;
  /** The state of an actor, wherever it lives. */
  stateOf(address: string): unknown;
  /** The actors whose state is the fold of their events. */
  readonly partitions: readonly string[];
  /** A partition's durable events, folded anew. */
  foldOf(address: string): unknown;
  /** All breakers, by the thread that they are in and its life. */
  breakers(): Parameters<typeof lookAtBreakers>[2];

  /** Takes the power from a thread. False when there is none of that name. */
  crash(worker: string): boolean;
  /** Makes an actor crash as if its next step had thrown. */
  crashActor(address: string): boolean;
  /** A thread does nothing for a while; too long, and it is replaced. */
  hang(worker: string, forUs: number): boolean;
  /** Makes a thread, an actor's or a gateway slower; gives what ends it. */
  slow(target: string, factor: number): () => void;
  /** Cuts the way between two, or ends one cut. */
  cut(one: string, other: string, isCut: boolean): boolean;
  /** Empties a cache node. */
  flush(address: string): boolean;
  /** Strikes a process or a server that processes share; gives what ends it. */
  strike?(fault: ScheduledFault, target: FaultTarget): () => void;
}
