/**
 * What a simulated thread is made of.
 *
 * @module
 */
import type { Message } from "../actors/runtime/actor.ts";
import type { DomainOptions } from "../actors/runtime/domain.ts";
import type { Outcome } from "../actors/runtime/outcome.ts";
import type { Batch } from "../cluster/link.ts";
import type { Buggify } from "./buggify.ts";
import type { Processor } from "./cores.ts";
import type { Observation } from "./observation.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Slowness } from "./slowness.ts";
import type { Thread } from "./thread.ts";

/** Answers calls of a gateway, once, when it likes. */
export type GatewayModel = (
  message: Message,
  answer: (outcome: Outcome<unknown>) => void,
) => void;

/** What a thread is made of. */
export interface ThreadOptions {
  readonly scheduler: Scheduler;
  /** Wall time when virtual time is 0. */
  readonly startMs: number;
  /** Its monotonic clock is so many millionths too fast; 0 unless told. */
  readonly driftPerMillion?: number;
  /** What it runs on; a core of its own unless told. */
  readonly processor?: Processor;
  /** Microseconds for a batch of so many messages, at either end; 0 unless told. */
  readonly batchUs?: (messages: number) => number;
  /** At most, one after the other; one unless told. */
  readonly stepsPerTurn?: number;
  /** How slow its core is: the fault `slow`; it never is unless told. */
  readonly slowness?: Slowness;
  /** Takes rare paths on purpose; nobody does unless told. */
  readonly buggify?: Buggify;
  readonly domain: Pick<
    DomainOptions,
    "name" | "incarnation" | "seed" | "journal" | "log" | "died"
  >;
  /** Microseconds that the core takes for a message of that kind. */
  readonly serviceUs: (actor: string, kind: string) => number;
  /** The domain of an address. */
  readonly locate: (address: string) => string | undefined;
  /** Gateways that this thread serves, by address. */
  readonly gateways: ReadonlyMap<string, GatewayModel>;
  /** Carries a batch to the thread at the other end of a link. */
  readonly carry: (from: Thread, to: string, batch: Batch) => void;
  /** Sees what its actors decide and record. */
  readonly observe: (observation: Observation) => void;
  /** Told of each step as it is over, with the moment when it began. */
  readonly traced?: Traced | undefined;
}

/** Is told of a step: who took it, with what, from when to when. */
export type Traced = (
  actor: string,
  kind: string,
  fromUs: number,
  toUs: number,
) => void;
