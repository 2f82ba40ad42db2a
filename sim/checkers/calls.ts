/**
 * What holds for calls whatever they are about: each ends once, Little's law
 * is exact, and what readers see of a product never goes back.
 *
 * @module
 */
import type { CachedProduct } from "../../actors/cache_node.ts";
import { CallTable } from "../call_table.ts";
import type { Observation } from "../observation.ts";
import { type Called, Inspection, type Returned } from "./inspection.ts";

/** `pending.resolved`: every call that was begun has ended, once. */
export class PendingResolved extends Inspection {
  readonly id = "pending.resolved";
  override readonly sees = ["called", "returned"] as const;
  readonly #pending = new CallTable<Called>();
  #atUs = 0;

  observe(observation: Observation): void {
    this.#atUs = observation.atUs;
    if (observation.kind === "called") {
      const { call, atUs } = observation;
      if (this.#pending.get(call) !== undefined) {
        this.report(atUs, `call ${call}`, `Call ${call} is begun twice`);
      }
      this.#pending.set(call, observation);
    } else if (observation.kind === "returned") {
      const { call, atUs } = observation;
      this.checked++;
      if (this.#pending.take(call) !== undefined) return;
      const detail = `Call ${call} ended, but was not pending`;
      this.report(atUs, `call ${call}`, detail);
    }
  }

  override end(): void {
    for (const { call, step, client, atUs } of this.#pending.values()) {
      const detail = `Call ${call} (${step} of ${client}) was begun at ` +
        `${atUs} µs and never ended`;
      this.report(this.#atUs, `call ${call}`, detail);
    }
  }
}

/** Sums this large move on: far below 2^53, beyond which integers are lost. */
const SPILL = 2 ** 50;

/** A sum of integers that is exact at any size. */
class ExactSum {
  #small = 0;
  #large = 0n;

  add(value: number): void {
    this.#small += value;
    if (this.#small < SPILL && this.#small > -SPILL) return;
    this.#large += BigInt(this.#small);
    this.#small = 0;
  }

  get value(): bigint {
    return this.#large + BigInt(this.#small);
  }
}

/**
 * `little.exact`: the sum of all times in the shop equals the integral of the
 * number of calls in it, to the last microsecond.
 */
export class LittleExact extends Inspection {
  readonly id = "little.exact";
  override readonly sees = ["called", "returned"] as const;
  readonly #begunAtUs = new CallTable<number>();
  readonly #sojournUs = new ExactSum();
  readonly #integral = new ExactSum();
  #inside = 0;
  #atUs = 0;

  observe(observation: Observation): void {
    const { kind, atUs } = observation;
    if (kind !== "called" && kind !== "returned") return;
    if (!Number.isSafeInteger(atUs) || atUs < this.#atUs) {
      const detail = `Time went from ${this.#atUs} to ${atUs} µs`;
      return this.report(atUs, "time", detail);
    }
    this.#integral.add(this.#inside * (atUs - this.#atUs));
    this.#atUs = atUs;
    this.checked++;
    if (kind === "called") {
      this.#inside++;
      this.#begunAtUs.set(observation.call, atUs);
      return;
    }
    this.#inside--;
    const begunAtUs = this.#begunAtUs.take(observation.call);
    if (begunAtUs !== undefined) this.#sojournUs.add(atUs - begunAtUs);
  }

  /** Calls that are still inside have been there until now. */
  override end(): void {
    for (const begunAtUs of this.#begunAtUs.values()) {
      this.#sojournUs.add(this.#atUs - begunAtUs);
    }
    const sojourn = this.#sojournUs.value;
    const integral = this.#integral.value;
    if (sojourn === integral && this.#inside === this.#begunAtUs.size) return;
    const detail = `Calls were inside for ${sojourn} µs together, but the ` +
      `number inside integrates to ${integral} µs, with ${this.#inside} left`;
    this.report(this.#atUs, "little", detail);
  }
}

/**
 * `cache.monotonic`: who reads a product after somebody has read it sees the
 * same version or a newer one. Each product has one cache node, in each process
 * that there is.
 */
export class CacheMonotonic extends Inspection {
  readonly id = "cache.monotonic";
  override readonly sees = ["called", "returned"] as const;
  /** The newest version that was returned, by SKU. */
  readonly #newest = new Map<string, number>();
  /** Pending reads with the version that they may not fall behind. */
  readonly #reads = new CallTable<{ sku: string; atLeast: number }>();

  observe(observation: Observation): void {
    if (observation.kind === "called") {
      if (observation.step !== "read_product") return;
      const { input, process } = observation;
      const name = String(input.sku);
      const sku = process === undefined ? name : `${name} at ${process}`;
      const atLeast = this.#newest.get(sku) ?? 0;
      this.#reads.set(observation.call, { sku, atLeast });
    } else if (observation.kind === "returned") this.#returned(observation);
  }

  #returned({ atUs, call, outcome }: Returned): void {
    const read = this.#reads.take(call);
    if (read === undefined) return;
    if (outcome.kind !== "ok") return;
    this.checked++;
    const { sku, atLeast } = read;
    const { version } = outcome.value as CachedProduct;
    if (version < atLeast) {
      const detail = `Version ${version} of "${sku}" was read after version ` +
        `${atLeast}`;
      this.report(atUs, sku, detail);
    }
    if (version > (this.#newest.get(sku) ?? 0)) this.#newest.set(sku, version);
  }
}
