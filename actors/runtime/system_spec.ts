/**
 * What a system of actors is made of, as data: the same for the host that runs
 * it in real time and for the one that a test drives.
 *
 * @module
 */
import type { ChildSpec } from "./actor.ts";
import type { BreakerPolicy } from "./circuit_breaker.ts";
import type { Domain } from "./domain.ts";
import type { KeyedSpec } from "./keyed.ts";
import {
  isSupervisor,
  type RestartPolicy,
  type SupervisorSpec,
} from "./supervisor.ts";

/** What a system is made of. All of it has a default. */
export interface SystemSpec {
  /** Shown in logs and at the root of the tree. Default `system`. */
  readonly name?: string;
  /** Started in this order, stopped in the reverse one. */
  readonly children?: readonly (ChildSpec | SupervisorSpec)[];
  /** Actors that are addressed by key. */
  readonly keyed?: readonly KeyedSpec[];
  /** Breakers, by the address of whom they protect. */
  readonly breakers?: Readonly<Record<string, Partial<BreakerPolicy>>>;
  /** What the root allows. Default: three restarts in five seconds. */
  readonly root?: RestartPolicy;
  /** Where the actors' random streams come from. Default 1. */
  readonly seed?: number;
  /** Checks that messages are plain data, and freezes them. */
  readonly freeze?: boolean;
}

/**
 * Puts all that a spec names into a domain that has not started. Throws a
 * TypeError or RangeError for what cannot be.
 */
export function found(domain: Domain, spec: SystemSpec): void {
  for (const child of spec.children ?? []) {
    if (isSupervisor(child)) domain.supervise(child);
    else domain.spawn(child);
  }
  for (const each of spec.keyed ?? []) domain.addKeyed(each);
  for (const [address, policy] of Object.entries(spec.breakers ?? {})) {
    domain.guard(address, policy);
  }
}
