/**
 * The record minute at any scale: the shop has as many workers as the orders
 * of that scale need, so that the minute is as busy for each of them.
 *
 * @module
 */
import type { ScenarioFile } from "../scenario.ts";

/** Workers for 583,000 orders/s: at 14,600 each is 47 % busy. */
const WORKERS = 40;
/** Storefront partitions of a worker, and as many inventory shards. */
const PARTITIONS = 2;

/** The scenario as a file says it, at another scale. */
export function atScale(file: ScenarioFile, scale: number): ScenarioFile {
  const shopWorkers = Math.max(1, Math.ceil(WORKERS * scale));
  const partitions = {
    storefront: shopWorkers * PARTITIONS,
    inventory: shopWorkers * PARTITIONS,
    accounts: 1,
  };
  const value = file.value as Readonly<Record<string, object>>;
  const topology = { ...value.topology, shopWorkers, partitions };
  return { ...file, value: { ...value, scale, topology } };
}
