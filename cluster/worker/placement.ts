/**
 * Which thread an actor of a library user's system lives in: said in the spec,
 * else by the consistent-hash ring, for single actors as for keys. Every thread
 * has the same table and comes to the same answer.
 *
 * @module
 */
import type { ChildSpec } from "../../actors/runtime/actor.ts";
import type { KeyedSpec } from "../../actors/runtime/keyed.ts";
import { HashRing } from "../hash_ring.ts";

/** An actor in a worker: its behavior goes by its name in the registry. */
export type WorkerChild = Omit<ChildSpec, "behavior"> & {
  /** A name of the registry that the worker's file serves. */
  readonly behavior: string;
  /** The number of its worker, from 0. Default: the ring decides. */
  readonly worker?: number;
};

/** Keyed actors in the workers; the ring gives each key its worker. */
export type WorkerKeyed = Omit<KeyedSpec, "behavior"> & {
  /** A name of the registry that the workers' file serves. */
  readonly behavior: string;
};

/** Who lives where, as plain data. */
export interface PlacementTable {
  /** The domain of the thread that started the system. */
  readonly system: string;
  readonly workers: readonly string[];
  /** Address → worker, of those that are not keyed. */
  readonly homes: ReadonlyMap<string, string>;
  /** Names of keyed actors. */
  readonly keyed: readonly string[];
}

/** 8 workers' shares then differ by 8 % (see `HashRing`). */
const VIRTUAL_NODES = 128;

/** See the module's text. */
export class Placement {
  readonly #table: PlacementTable;
  readonly #ring: HashRing;
  readonly #keyed: ReadonlySet<string>;
  readonly #domains: ReadonlySet<string>;

  constructor(table: PlacementTable) {
    this.#table = table;
    this.#ring = new HashRing(table.workers, VIRTUAL_NODES);
    this.#keyed = new Set(table.keyed);
    this.#domains = new Set([table.system, ...table.workers]);
  }

  /** The domain of an address. Whom no table names lives in the system's. */
  locate(address: string): string {
    if (this.#domains.has(address)) return address;
    // A child lives with its parent.
    const slash = address.indexOf("/");
    const root = slash < 0 ? address : address.slice(0, slash);
    const home = this.#table.homes.get(root);
    if (home !== undefined) return home;
    const bracket = root.indexOf("[");
    if (bracket < 0 || !this.#keyed.has(root.slice(0, bracket))) {
      return this.#table.system;
    }
    return this.#ring.locate(root);
  }

  /**
   * For who starts an actor, or keyed ones (`cart[]`), in the system's thread.
   *
   * @throws {TypeError} When a worker has it: nobody would find it here.
   */
  mustBeHere(address: string): void {
    const home = this.locate(address);
    if (home === this.#table.system && address !== home) return;
    throw new TypeError(
      `Cannot start "${address}" here as the name is taken in ${home}`,
    );
  }
}

/**
 * Places actors on so many workers.
 *
 * @throws {RangeError} For a worker that is not there.
 * @throws {TypeError} For a name that is taken, or is no address.
 */
export function placeActors(
  system: string,
  count: number,
  children: readonly WorkerChild[],
  keyed: readonly WorkerKeyed[],
): PlacementTable {
  const workers = Array.from({ length: count }, (_, index) => nameOf(index));
  const taken = new Set([system]);
  const take = (name: string, pattern: RegExp) => {
    if (pattern.test(name) && !taken.has(name)) return void taken.add(name);
    throw new TypeError(
      `Cannot place "${name}" as a name must be of letters, digits, _ - . ` +
        `and nobody else's`,
    );
  };
  for (const worker of workers) take(worker, /^/);
  const ring = new HashRing(workers, VIRTUAL_NODES);
  const homes = new Map<string, string>();
  for (const { name, worker } of children) {
    take(name, /^[\w.[\]-]+$/);
    const home = worker === undefined ? ring.locate(name) : workers[worker];
    if (home === undefined) {
      throw new RangeError(
        `Cannot place "${name}" as worker must be an integer from 0 to ` +
          `${count - 1}: current value is ${worker}`,
      );
    }
    homes.set(name, home);
  }
  for (const { name } of keyed) take(name, /^[\w.-]+$/);
  return { system, workers, homes, keyed: keyed.map(({ name }) => name) };
}

/** Worker 0 is `worker-0`: also the name of its commit domain. */
function nameOf(index: number): string {
  return `worker-${index}`;
}
