/**
 * A small scenario and a checker that is wrong about it on purpose: it calls
 * the third sale of one product a violation. So tests have a failure whose
 * cause is known, without a bug in the shop.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Checker, Observation, Violation } from "../../sim/observation.ts";
import { failuresOf } from "../../sim/failure.ts";
import { type Repro, reproOf, type Rerun } from "../../sim/repro.ts";
import { runScenario } from "../../sim/run.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";

/** The most popular product: the last that shrinking leaves. */
export const SKU = "P000000";

/** The scenario, with what its failure does not need all around. */
export function scenario(changes: Record<string, unknown> = {}) {
  return {
    schema: "doorbuster/1",
    name: "planted",
    teaches: "Three sales of one product are one too many.",
    clock: { duration: "6s" },
    topology: { partitions: { storefront: 2, inventory: 2, accounts: 1 } },
    catalog: { products: 16, popularity: { zipf: 1 }, stock: 1000 },
    journeys: {
      visitor: { steps: ["read_product"] },
      buyer: {
        steps: ["place_order", "pay_order"],
        think: { exponential: "100ms" },
      },
    },
    load: [
      { phase: "visits", open: { rate: "10/s" }, journeys: ["visitor"] },
      {
        phase: "sale",
        at: "500ms",
        open: { rate: { uniform: ["38/s", "42/s"] } },
        users: 100,
      },
    ],
    faults: [
      { id: "shard", at: "200ms", do: "crash", target: "inventory[1]" },
      {
        id: "slow",
        at: { uniform: ["600ms", "700ms"] },
        for: "1s",
        do: "slow",
        target: "payment",
        factor: 2,
      },
      { id: "worker", at: "3s", do: "crash", target: "worker[0]" },
    ],
    ...changes,
  };
}

/** The scenario as a file that was read. */
export function fileOf(value: unknown, path = "planted.json") {
  return parseScenario(JSON.stringify(value), path);
}

/** See the module's text. */
export class ThirdSale implements Checker {
  readonly id = "planted.thirdSale";
  checked = 0;
  violation: Violation | null = null;
  readonly #holds = new Set<string>();

  observe(observation: Observation): void {
    if (observation.kind !== "recorded") return;
    const { kind, holdId, lines } = observation.event as JournalEvent & {
      holdId: string;
      lines: { sku: string }[];
    };
    const { atUs } = observation;
    if (kind === "stock_held" && lines.some(({ sku }) => sku === SKU)) {
      this.#holds.add(holdId);
    }
    if (kind !== "stock_sold" || !this.#holds.has(holdId)) return;
    if (++this.checked !== 3) return;
    const detail = `"${SKU}" is sold a third time`;
    this.violation = { check: this.id, atUs, key: SKU, detail };
  }

  end(): void {}
}

/** Runs scenarios under these checkers alone, new ones for each run. */
export function rerunUnder(checkers: () => readonly Checker[]): Rerun {
  return (given, seed, recorder) =>
    runScenario({
      scenario: { ...given, always: [] },
      seed,
      catalog: [],
      replay: "",
      wallMs: () => 0,
      extraCheckers: checkers(),
      ...recorder && { recorder },
    });
}

/** Runs a scenario under the planted checker. */
export const rerun: Rerun = rerunUnder(() => [new ThirdSale()]);

/** A build like any other. */
export const BUILD = { version: "1.2.3", deno: "2.9.6", v8: "15.0" };

/** The repro of the planted failure. */
export function plantedRepro(seed = 1, value: unknown = scenario()): Repro {
  const file = fileOf(value);
  const result = rerun(resolveScenario(file, seed), seed);
  const [failure] = failuresOf(result);
  if (failure === undefined) {
    throw new Error("The planted failure is not there");
  }
  return reproOf({ file, result, failure, build: BUILD }, rerun);
}
