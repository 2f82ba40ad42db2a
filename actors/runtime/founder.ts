/**
 * Puts the actors of a domain together: single ones, supervisor trees, kinds
 * that are addressed by key. It says who belongs to which family; when they
 * live is the domain's affair.
 *
 * @module
 */
import type { ChildSpec } from "./actor.ts";
import type { ActorSpec, Cell } from "./cell.ts";
import type { Exits } from "./exits.ts";
import { Family } from "./family.ts";
import { KeyedGroup, type KeyedSpec, Place } from "./keyed.ts";
import { type Lives, specOf } from "./lives.ts";
import type { DomainOptions } from "./ports.ts";
import { policyOf } from "./supervision.ts";
import {
  checkSupervisor,
  isSupervisor,
  type RestartPolicy,
  type SupervisorSpec,
} from "./supervisor.ts";

/** More patient than OTP's default of one restart in five seconds. */
const ROOT: RestartPolicy = {
  strategy: "one_for_one",
  maxRestarts: 3,
  periodMs: 5_000,
};

/** One sick key must not end the others: it stays down and is tried again. */
const KEYED: RestartPolicy = {
  ...ROOT,
  backoff: { minMs: 100, maxMs: 5_000, resetAfterMs: 10_000 },
  exceeded: "stay_down",
};

/** What a founder needs of its domain. */
export interface FounderOptions {
  readonly lives: Lives;
  readonly exits: Exits;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
}

/** See the module's text. */
export class Founder {
  /** The root of all. */
  readonly root: Family;
  readonly #lives: Lives;
  readonly #options: FounderOptions;
  readonly #isHome: (address: string) => boolean;

  constructor(
    { name, root, isHome }: Pick<DomainOptions, "name" | "root" | "isHome">,
    options: FounderOptions,
  ) {
    this.#options = options;
    this.#isHome = isHome ?? (() => true);
    this.#lives = options.lives;
    this.root = new Family(name, root ?? ROOT, null, null);
  }

  /** An actor under a supervisor of its own, which never gives up. */
  add(spec: ActorSpec): void {
    const policy = policyOf(spec.restart);
    const family = new Family(spec.address, policy, this.root, null);
    this.root.members.add(family);
    const { address, args, mailboxCapacity: capacity } = spec;
    const cellSpec = specOf(spec, { ...spec, capacity });
    this.#lives.add(address, args, cellSpec, family);
  }

  /** A supervisor and all below it. Throws for a spec that cannot be. */
  supervise(spec: SupervisorSpec): void {
    checkSupervisor(spec);
    this.#found(spec, this.root);
  }

  /** An actor below the root. */
  spawn(child: ChildSpec): Cell {
    return this.#addChild(child, this.root);
  }

  /** A kind of actors that start when they are written to. */
  addKeyed(spec: KeyedSpec): KeyedGroup {
    const { name, behavior, mailbox, restart, idleAfterMs } = spec;
    const family = new Family(name, restart ?? KEYED, this.root, null);
    this.root.members.add(family);
    const cellSpec = specOf({ behavior }, mailbox);
    const group: KeyedGroup = new KeyedGroup({
      spec,
      isHome: this.#isHome,
      start: (address, key) => {
        const cell = this.#lives.add(address, key, cellSpec, family);
        cell.place = new Place(group);
        return this.#lives.launch(cell);
      },
      passivate: (cell) => this.#options.exits.passivate(cell),
    });
    if (idleAfterMs !== undefined) this.#sweep(group, idleAfterMs / 2);
    return group;
  }

  #found(spec: SupervisorSpec, parent: Family): void {
    const family = new Family(spec.name, spec, parent, null);
    parent.members.add(family);
    for (const child of spec.children) {
      if (isSupervisor(child)) this.#found(child, family);
      else this.#addChild(child, family);
    }
  }

  #addChild(child: ChildSpec, family: Family): Cell {
    const spec = specOf(child, child.mailbox, child.restart);
    return this.#lives.add(child.name, child.args, spec, family);
  }

  #sweep(group: KeyedGroup, everyMs: number): void {
    this.#options.after(everyMs, () => {
      group.sweep();
      this.#sweep(group, everyMs);
    });
  }
}
