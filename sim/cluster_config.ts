/**
 * The config of a shop that several processes share, as its store has it: the
 * number of shop workers is one over all of them.
 *
 * @module
 */
import type { Scenario } from "./scenario_values.ts";

/** See the module's text. */
export function clusterConfig(config: Scenario["config"]): Scenario["config"] {
  const { topology, cluster: { shopWorkers } } = config;
  return { ...config, topology: { ...topology, shopWorkers } };
}
