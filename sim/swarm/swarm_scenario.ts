/**
 * A scenario of the library, as a swarm runs it: its shop and its customers,
 * but few, in a short time, with scarce stock and with whatever a seed breaks.
 * Each feature is in or out by the toss of a coin, since features hide each
 * other's bugs (swarm testing: Groce and others, 2012).
 *
 * Only what always holds is asked of such a run. Thresholds are dropped: they
 * were set for the load and the faults that the file has.
 *
 * @module
 */
import { join } from "node:path";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { parseScenario, type ScenarioFile } from "../scenario.ts";

/** Relative, as what is saved names it. */
const LIBRARY = "fixtures/scenarios";

type Section = Readonly<Record<string, unknown>>;
type Draw = (label: string) => SeededRandom;

/** Clients come this long, in virtual seconds; faults begin meanwhile. */
const LOAD_SECONDS = 10;
/** Then the last fault ends: those that last take at most this long. */
const FAULT_MS = 4_000;
/** More products than the clients of a swarm run buy show nothing. */
const MOST_PRODUCTS = 50;
/** Few enough that each customer comes again. */
const USERS = 100;
const MOST_FAULTS = 6;

/** What breaks. Each names what every topology has. */
const FAULTS: readonly Section[] = [
  { do: "crash", target: "worker[0]" },
  { do: "crash", target: "worker[*]" },
  { do: "crash", target: "inventory[1]" },
  { do: "crash", target: "storefront[1]" },
  { do: "hang", target: "worker[0]", for: true },
  { do: "hang", target: "worker[1]", for: true },
  { do: "slow", target: "worker[*]", factor: 10, for: true },
  { do: "slow", target: "payment", factor: 40, for: true },
  { do: "partition", from: "worker[0]", to: "worker[1]", for: true },
  { do: "partition", from: "worker[1]", to: "worker[0]", for: true },
  { do: "flush", target: "cache[*]" },
  { do: "lose_disk_cache", target: "worker[0]" },
];

/**
 * What breaks where several processes share a shop. While the database or all
 * processes are away nothing happens that could be checked: not for long.
 */
const SHARED_FAULTS: readonly Section[] = [
  ...FAULTS.filter((fault) => fault.do !== "partition")
    .filter(({ target }) => target !== "worker[*]"),
  { do: "crash", target: "process[0]", for: true },
  { do: "crash", target: "process[1]", for: true },
  { do: "crash", target: "process[*]", for: "1s" },
  { do: "hang", target: "process[0]", for: true },
  { do: "hang", target: "process[2]", for: true },
  { do: "slow", target: "process[1]", factor: 20, for: true },
  { do: "crash", target: "redis", for: true },
  { do: "hang", target: "redis", for: true },
  { do: "slow", target: "redis", factor: 50, for: true },
  { do: "lose_disk_cache", target: "redis" },
  { do: "crash", target: "database", for: "1s" },
  { do: "hang", target: "database", for: "2s" },
  { do: "partition", from: "process[0]", to: "redis", for: true },
  { do: "partition", from: "process[1]", to: "database", for: true },
];
/** A process that is stopped is missed after a lease. */
const SHARED_FAULT_MS = 9_000;
/** What names of the faults above may be of. */
const SHARED_PROCESSES = 3;
/** Half of what leases allow for. */
const SHARED_DRIFT = 4_900;

/**
 * The variant of a scenario that a seed runs.
 *
 * @param clients How many come, at most; a quarter of them at least.
 */
export function swarmScenario(
  file: ScenarioFile,
  { seed, clients }: { readonly seed: number; readonly clients: number },
): ScenarioFile {
  const draw: Draw = (label) => new SeededRandom(seed, `swarm ${label}`);
  const whole = file.value as Record<string, Section>;
  const kept = Object.entries(whole).filter(([key]) => !DROPPED.has(key));
  const fewest = Math.max(1, Math.ceil(clients / 4));
  const come = fewest + draw("clients").below(clients - fewest + 1);
  const isShared = Boolean(whole.network?.processes);
  const value = {
    ...Object.fromEntries(kept),
    name: `swarm-${file.name}`,
    clock: {
      duration: `${LOAD_SECONDS + 1}s`,
      ...maybe(draw("drift"), isShared ? smallDrift : drift),
    },
    orders: { ...whole.orders, ...maybe(draw("orders"), shortHolds) },
    edge: { requestTimeout: `${1 + draw("timeout").below(3)}s` },
    catalog: scarce(whole.catalog!, draw),
    journeys: { ...whole.journeys, ...maybe(draw("quitter"), quitter) },
    load: [{
      phase: "all",
      for: `${LOAD_SECONDS}s`,
      open: { rate: `${Math.ceil(come * 60 / LOAD_SECONDS)}/m` },
      users: USERS,
    }],
    network: {
      ...whole.network as Section,
      ...maybe(draw("network"), lossy),
      ...maybe(draw("reorder"), reordering),
    },
    disk: { ...whole.disk, ...maybe(draw("disk"), slowDisk) },
    faults: [
      ...faultsOf(draw, isShared),
      ...isShared ? leavesOf(draw) : [],
    ],
    ...maybe(draw("buggify"), rarePaths),
  };
  return parseScenario(JSON.stringify(value), file.path);
}

/** What a file asks of its own load is not asked of another. */
const DROPPED: ReadonlySet<string> = new Set(
  ["scale", "sometimes", "thresholds", "runs", "expects"],
);

/** The feature, or nothing. */
function maybe(
  random: SeededRandom,
  feature: (random: SeededRandom) => Section,
): Section {
  return random.chance(1, 2) ? feature(random) : {};
}

function shortHolds(random: SeededRandom): Section {
  return {
    holdFor: `${2 + random.below(7)}s`,
    limitPerUser: 1 + random.below(4),
  };
}

function quitter(): Section {
  const steps = ["place_order", "cancel_order"];
  return { quitter: { steps, think: { exponential: "800ms" } } };
}

function lossy(random: SeededRandom): Section {
  return {
    lossPercent: random.below(5) / 10,
    duplicatePercent: random.below(5) / 10,
    delay: { min: "0.1ms", mean: `${1 + random.below(5)}ms` },
  };
}

/** Up to 5 %: a thousand times what a quartz does, so that it shows. */
function drift(random: SeededRandom): Section {
  return { driftPerMillion: 1 + random.below(50_000) };
}

function smallDrift(random: SeededRandom): Section {
  return { driftPerMillion: 1 + random.below(SHARED_DRIFT) };
}

function reordering(random: SeededRandom): Section {
  return { reorderPercent: 1 + random.below(20) };
}

function rarePaths(random: SeededRandom): Section {
  const firePercent = 1 + random.below(50);
  return { buggify: { activatePercent: 25, firePercent } };
}

function slowDisk(random: SeededRandom): Section {
  return { sync: { lognormal: [`${1 + random.below(20)}ms`, 1] } };
}

function scarce(catalog: Section, draw: Draw): Section {
  const products = Math.min(MOST_PRODUCTS, catalog.products as number);
  const stock = 1 + draw("stock").below(50);
  const flash = catalog.flash as Section | undefined;
  return {
    ...catalog,
    ...{ products, stock },
    ...flash && { flash: { ...flash, stock: 1 + draw("flash").below(200) } },
  };
}

function faultsOf(draw: Draw, isShared: boolean): Section[] {
  const faults = isShared ? SHARED_FAULTS : FAULTS;
  const mostMs = isShared ? SHARED_FAULT_MS : FAULT_MS;
  const random = draw("faults");
  const count = random.below(MOST_FAULTS + 1);
  return Array.from({ length: count }, (_, index) => {
    const fault = faults[random.below(faults.length)]!;
    const at = `${random.below(LOAD_SECONDS * 1_000)}ms`;
    const lasts = `${1 + random.below(mostMs)}ms`;
    return {
      ...{ id: `f${index}`, at },
      ...fault,
      ...fault.for === true && { for: lasts },
    };
  });
}

/** A process that is restarted in order, now and then. */
function leavesOf(draw: Draw): Section[] {
  const random = draw("leave");
  if (!random.chance(1, 2)) return [];
  const at = `${random.below(LOAD_SECONDS * 1_000)}ms`;
  const lasts = `${1 + random.below(SHARED_FAULT_MS)}ms`;
  const target = `process[${random.below(SHARED_PROCESSES)}]`;
  return [{ id: "leave", do: "leave", target, at, for: lasts }];
}

/** Seeds go round the library. */
export function scenarioPathOf(seed: number): string {
  const names = libraryNames();
  return pathOf(names[seed % names.length]!);
}

/** What the library has, in order. */
export function libraryNames(): string[] {
  return [...Deno.readDirSync(LIBRARY)].map(({ name }) => name)
    .filter((name) => name.endsWith(".json") && name !== "schema.json")
    .map((name) => name.slice(0, -".json".length)).sort();
}

/** The file of one of them, as what is saved names it. */
export function pathOf(name: string): string {
  return join(LIBRARY, `${name}.json`);
}
