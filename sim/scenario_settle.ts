/**
 * From a checked scenario file to the values that the simulator uses: units
 * are taken off, defaults that depend on other keys are filled in, and `scale`
 * multiplies what there is of people and goods: rates, users and stock. A
 * scale of 0.001 keeps every ratio of a peak and a thousandth of its events.
 *
 * @module
 */
import { shopFile } from "../cluster/config.ts";
import { settle } from "../cluster/config_values.ts";
import { parseRate } from "../cluster/units.ts";
import type { Distribution } from "./distributions.ts";
import { parseUs } from "./duration.ts";
import { settleMachines } from "./machines_section.ts";
import { unitOf } from "./metric_names.ts";
import type { ScenarioShape } from "./scenario_schema.ts";
import { PERCENT } from "./scenario_words.ts";
import type {
  Arrivals,
  Bound,
  CatalogValues,
  FaultTime,
  Journey,
  LoadPhase,
  Scenario,
  ScheduledFault,
  Step,
  Threshold,
} from "./scenario_values.ts";

type Phase = ScenarioShape["load"][number];
type Fault = ScenarioShape["faults"][number];
type FileBound =
  & { readonly metric: string }
  & {
    readonly [Key in Bound["comparison"]]?: number | string | undefined;
  };

const SIGNS = { lt: "<", gt: ">", eq: "=" } as const;
const MILLION = 1_000_000;

/** The values of a file whose checks passed. */
export function settleScenario(file: ScenarioShape): Scenario {
  const { clock, network, buggify, liveness } = file;
  return {
    name: file.name,
    teaches: file.teaches,
    expects: file.expects,
    clock: {
      startMs: Date.parse(clock.start),
      durationUs: us(clock.duration),
      warmupUs: us(clock.warmup),
      driftPerMillion: clock.driftPerMillion,
    },
    scale: file.scale,
    config: settleConfig(file),
    catalog: settleCatalog(file),
    journeys: Object.entries(file.journeys).map(settleJourney),
    load: file.load.map((phase) => settlePhase(phase, file)),
    service: new Map(
      Object.entries(file.service).map(([kind, distribution]) =>
        [kind, settleDistribution(distribution!)] as const
      ),
    ),
    network: {
      delayMinUs: us(network.delay.min),
      delayMeanUs: us(network.delay.mean),
      lossPerMillion: perMillion(network.lossPercent),
      duplicatePerMillion: perMillion(network.duplicatePercent),
      reorderPerMillion: perMillion(network.reorderPercent),
      processes: processesOf(file),
    },
    disk: { sync: settleDistribution(file.disk.sync) },
    machines: settleMachines(file.machines),
    faults: file.faults.map(settleFault),
    buggify: {
      activatePerMillion: perMillion(buggify.activatePercent),
      firePerMillion: perMillion(buggify.firePercent),
      paths: buggify.paths ?? null,
    },
    liveness: {
      afterUs: us(liveness.after ?? clock.duration),
      withinUs: us(liveness.within),
    },
    drainUs: us(file.drain),
    always: file.always ?? null,
    sometimes: file.sometimes,
    eventually: file.eventually.map((each) => ({
      metric: each.metric,
      ...settleBound(each),
      afterUs: each.after === undefined ? null : us(each.after),
      withinUs: us(each.within),
      bound: `${boundText(each)} within ${each.within}`,
    })),
    thresholds: file.thresholds.map(settleThreshold),
  };
}

/** The shop's sections; those that a scenario has not have their defaults. */
export function settleConfig(file: ScenarioShape): Scenario["config"] {
  const { topology, admission, cache, breaker, balance } = file;
  const { orders, edge, payment } = file;
  const { cluster } = file;
  const { accounts, archive } = shopFile.parse({});
  const { environment: _, ...config } = settle(NOWHERE, {
    ...{ topology, admission, cache, breaker, balance },
    ...{ orders, edge, payment, accounts, cluster, archive },
  });
  return config;
}

/** How many processes share the shop; 0: it is one. */
export function processesOf({ network }: ScenarioShape): number {
  return Number(network.processes === true ? 3 : network.processes);
}

/** A simulated shop has no environment. */
const NOWHERE = {
  ...{ host: "", port: 0, dataFolder: "", catalogFile: "" },
  ...{ sessionSecret: null, adminToken: null, cluster: null },
};

/** A step as it is meant, however it is written. */
export function stepOf(step: ScenarioShape["journeys"][string]["steps"][0]) {
  return typeof step === "string"
    ? { do: step, target: "any" } as const satisfies Step
    : step satisfies Step;
}

function settleCatalog({ catalog, scale }: ScenarioShape): CatalogValues {
  const { products, popularity, stock, flash } = catalog;
  return {
    products,
    popularity: popularity === "catalog"
      ? { kind: "catalog" }
      : { kind: "zipf", exponent: popularity.zipf },
    stockUnits: stock === "catalog" ? null : scaled(stock, scale),
    flash: flash === undefined ? null : {
      products: flash.products,
      stockUnits: scaled(flash.stock, scale),
      limitPerUser: flash.limitPerUser ?? null,
      priceCents: flash.priceCents ?? null,
      opensAtUs: us(flash.opensAt),
    },
  };
}

function settleJourney(
  [name, journey]: [string, ScenarioShape["journeys"][string]],
): Journey {
  const { lines, retry } = journey;
  const [from, to] = typeof lines === "number" ? [lines, lines] : lines.between;
  return {
    name,
    weight: journey.weight,
    steps: journey.steps.map(stepOf),
    think: settleDistribution(journey.think),
    abandonPerMillion: perMillion(journey.abandonPercent),
    lines: { from, to },
    retry: {
      max: retry.max,
      backoffUs: us(retry.backoff),
      jitter: retry.jitter,
      budgetPerMillion: retry.budgetPercent === undefined
        ? null
        : perMillion(retry.budgetPercent),
    },
  };
}

function settlePhase(phase: Phase, file: ScenarioShape): LoadPhase {
  const fromUs = us(phase.at);
  return {
    phase: phase.phase,
    fromUs,
    toUs: phase.for === undefined
      ? us(file.clock.duration)
      : fromUs + us(phase.for),
    arrivals: settleArrivals(phase, file.scale),
    users: Math.max(1, scaled(phase.users, file.scale)),
    journeys: phase.journeys ?? Object.keys(file.journeys),
  };
}

function settleArrivals({ open, closed }: Phase, scale: number): Arrivals {
  if (closed !== undefined) {
    const think = settleDistribution(closed.think);
    const users = Math.max(1, scaled(closed.users, scale));
    return { kind: "closed", users, think };
  }
  const { rate, curve, recorded, lines, speed, spacing } = open!;
  if (recorded !== undefined) {
    return {
      kind: "recorded",
      file: recorded,
      linesFile: lines ?? null,
      speed: speed ?? 1,
      keptPerMillion: Math.min(MILLION, Math.round(scale * MILLION)),
    };
  }
  const points: readonly (readonly [string, string])[] = curve ??
    [["0s", rate!]];
  return {
    kind: "open",
    curve: points.map(([at, each]) => ({
      atUs: us(at),
      perSecond: parseRate(each)! * scale,
    })),
    spacing,
  };
}

type FileDistribution = NonNullable<ScenarioShape["service"]["reserve"]>;

function settleDistribution(given: FileDistribution): Distribution {
  if (typeof given === "string") return { kind: "constant", us: us(given) };
  if ("exponential" in given) {
    return { kind: "exponential", meanUs: us(given.exponential) };
  }
  if ("lognormal" in given) {
    const [median, sigma] = given.lognormal;
    return { kind: "lognormal", medianUs: us(median), sigma };
  }
  const [one, other] = given.between.map(us) as [number, number];
  const [fromUs, toUs] = [Math.min(one, other), Math.max(one, other)];
  return { kind: "between", fromUs, toUs };
}

function settleFault(fault: Fault): ScheduledFault {
  const { between } = fault;
  const lasts = between
    ? us(between[1]) - us(between[0])
    : "for" in fault && fault.for !== undefined
    ? us(fault.for)
    : null;
  const isPartition = fault.do === "partition";
  return {
    id: fault.id,
    do: fault.do,
    target: isPartition ? null : fault.target,
    from: isPartition ? fault.from : null,
    to: isPartition ? fault.to : null,
    time: settleTime(fault),
    forUs: lasts,
    factor: fault.do === "slow" ? fault.factor : 1,
    perMillion: "percent" in fault ? perMillion(fault.percent) : MILLION,
  };
}

function settleTime({ at, between, when }: Fault): FaultTime {
  if (when !== undefined) {
    return { kind: "when", metric: when.metric, ...settleBound(when) };
  }
  return { kind: "at", atUs: us(at ?? between![0]) };
}

function settleThreshold(
  threshold: ScenarioShape["thresholds"][number],
): Threshold {
  const { metric, q, during, of } = threshold;
  const { comparison, value, unit } = settleBound(threshold);
  return {
    metric,
    ...{ comparison, value, unit },
    quantile: q ?? null,
    during: during ?? null,
    of: of ?? null,
    bound: boundText(threshold),
  };
}

function settleBound(given: FileBound): Bound {
  const comparison = (["lt", "gt", "eq"] as const)
    .find((key) => given[key] !== undefined)!;
  const value = given[comparison]!;
  if (typeof value === "number") return { comparison, value, unit: "number" };
  if (PERCENT.test(value)) {
    return { comparison, value: Number(value.slice(0, -1)), unit: "percent" };
  }
  return { comparison, value: us(value) / 1000, unit: unitOf(given.metric) };
}

/** Such as `< 50ms`. */
function boundText(given: FileBound): string {
  const { comparison } = settleBound(given);
  return `${SIGNS[comparison]} ${given[comparison]}`;
}

/** At least one where there is one. */
function scaled(count: number, scale: number): number {
  return count === 0 ? 0 : Math.max(1, Math.round(count * scale));
}

function perMillion(percent: number): number {
  return Math.round(percent * 10_000);
}

/** The schema let it pass, so it is a duration. */
function us(duration: string): number {
  return parseUs(duration)!;
}
