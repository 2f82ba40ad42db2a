/**
 * What a library user's worker file calls: it serves the behaviors that the
 * file knows by name, to the system that started the thread. That thread then
 * has a domain, links and a heart like a worker of the shop, and no journal.
 *
 * @module
 */
import type { AnyBehavior, ChildSpec } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { found, type SystemSpec } from "../../actors/runtime/system_spec.ts";
import type { Order, Report } from "./control.ts";
import {
  Placement,
  type PlacementTable,
  type WorkerChild,
  type WorkerKeyed,
} from "./placement.ts";
import { measureHeap } from "./heap.ts";
import { threadScope } from "./thread.ts";
import { Turns } from "./turns.ts";

/** Behaviors by the names that specs use. */
export type ActorRegistry = Readonly<Record<string, AnyBehavior>>;

/** What a worker of a user's system needs to live. Plain data. */
export interface ActorsPlan
  extends Required<Pick<SystemSpec, "breakers" | "freeze">> {
  readonly name: string;
  readonly incarnation: number;
  readonly seed: number;
  readonly heartbeatMs: number;
  readonly placement: PlacementTable;
  /** Those that live here. */
  readonly children: readonly WorkerChild[];
  readonly keyed: readonly WorkerKeyed[];
}

/** A heart must not stop for as long as it takes to count a million actors. */
const REPORTED_ACTORS = 1_024;

/**
 * Lets the system that started this thread run these behaviors in it: the last
 * line of a worker's file. A behavior is served under its name in `registry`.
 *
 * ```ts ignore
 * import { serveActors } from "@doorbuster/doorbuster";
 * import { counter } from "./counter.ts";
 * serveActors({ counter });
 * ```
 */
export function serveActors(registry: ActorRegistry): void {
  const host = new ActorsHost(registry);
  host.open();
}

class ActorsHost {
  readonly #registry: ActorRegistry;
  #turns: Turns | null = null;
  #beats: ReturnType<typeof setInterval> | undefined;
  #post: (report: Report) => void = () => {};
  #end: () => void = () => {};

  constructor(registry: ActorRegistry) {
    this.#registry = registry;
  }

  open(): void {
    const scope = threadScope<Order<ActorsPlan>, Report>((order) =>
      this.#obey(order)
    );
    this.#post = (report) => scope.post(report);
    this.#end = () => scope.end();
  }

  #obey(order: Order<ActorsPlan>): void {
    switch (order.kind) {
      case "begin":
        return this.#begin(order.plan);
      case "connect":
        return this.#turns?.connect(order.peer, order.port);
      case "disconnect":
        return this.#turns?.disconnect(order.peer);
      case "stop":
        return this.#stop();
    }
  }

  #begin(plan: ActorsPlan): void {
    try {
      const turns = this.#assemble(plan);
      turns.domain.start(() => {});
      this.#turns = turns;
      const recovery = { partitions: 0, events: 0, recoveryMs: 0 };
      this.#post({ kind: "ready", recovery });
      this.#beats = setInterval(() => this.#beat(turns), plan.heartbeatMs);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      const detail = `${plan.name} cannot start: ${text}`;
      this.#post({ kind: "ended", reason: "start-failed", detail });
    }
  }

  #assemble(plan: ActorsPlan): Turns {
    const placement = new Placement(plan.placement);
    const log: Log = {
      write: (level, text, fields) =>
        this.#post({ kind: "log", level, text, fields }),
    };
    const turns = new Turns({
      domain: {
        name: plan.name,
        incarnation: plan.incarnation,
        seed: plan.seed,
        freeze: plan.freeze,
        journal: null,
        died: () => {},
        // What is above the root of a thread is who replaces the thread.
        escalated() {
          throw new Error(`The root of ${plan.name} gave up`);
        },
      },
      log,
      locate: (address) => placement.locate(address),
      gateways: new Map(),
      linkBroke: (peer) => this.#post({ kind: "link_broke", peer }),
    });
    found(turns.domain, {
      children: plan.children.map(({ behavior, worker: _, ...child }) =>
        ({ ...child, behavior: this.#behaviorOf(behavior) }) as ChildSpec
      ),
      keyed: plan.keyed.map(({ behavior, ...spec }) => ({
        ...spec,
        behavior: this.#behaviorOf(behavior),
      })),
      breakers: plan.breakers,
    });
    return turns;
  }

  #behaviorOf(name: string): AnyBehavior {
    // Not what every object has, such as "constructor".
    if (Object.hasOwn(this.#registry, name)) return this.#registry[name]!;
    const known = Object.keys(this.#registry).join(", ");
    throw new TypeError(
      `the behavior "${name}" is not served: its file serves ${known}`,
    );
  }

  #beat(turns: Turns): void {
    this.#post({
      kind: "beat",
      report: turns.domain.report(REPORTED_ACTORS),
      waitingFrames: turns.waitingFrames,
      heap: measureHeap(),
    });
  }

  #stop(): void {
    clearInterval(this.#beats);
    const turns = this.#turns;
    const ended = () => {
      turns?.turn();
      turns?.stop();
      this.#end();
    };
    if (turns === null) ended();
    else turns.domain.shutDown(ended);
  }
}
