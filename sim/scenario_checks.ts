/**
 * What the values of a scenario must be to each other: names that are meant
 * exist, times lie within the run, a bound has the unit of its metric, a fault
 * fits its target. Each refusal has the place of the value that is at fault.
 *
 * @module
 */
import { weightsMisfit } from "../cluster/config.ts";
import { type FaultTarget, targetsOf } from "../cluster/fault_targets.ts";
import { planShop } from "../cluster/topology.ts";
import { clusterConfig } from "./cluster_config.ts";
import { parseUs } from "./duration.ts";
import { unitOf } from "./metric_names.ts";
import { isAtEase, settleMachines } from "./machines_section.ts";
import type { ScenarioShape } from "./scenario_schema.ts";
import { processesOf, settleConfig, stepOf } from "./scenario_settle.ts";
import type { FaultKind } from "./scenario_values.ts";

/** Takes a refusal: where in the file, and what was expected there. */
export type Refuse = (
  path: readonly (string | number)[],
  expected: string,
) => void;

type Fault = ScenarioShape["faults"][number];

/** Refuses all that does not fit together. */
export function checkScenario(file: ScenarioShape, refuse: Refuse): void {
  checkHeeded(file, refuse);
  checkTimes(file, refuse);
  checkCatalog(file, refuse);
  const weights = weightsMisfit(file);
  if (weights !== null) refuse(["balance", "weights"], weights);
  checkJourneys(file, refuse);
  checkLoad(file, refuse);
  checkFaults(file, refuse);
  checkConditions(file, refuse);
}

/** What the format has and the shop has not: refused, not passed over. */
function checkHeeded(file: ScenarioShape, refuse: Refuse): void {
  const { catalog: { flash }, network, orders } = file;
  if (network.processes) checkProcesses(file, refuse);
  checkMachines(file, refuse);
  if (flash === undefined) return;
  const path = ["catalog", "flash"];
  if (us(flash.opensAt) > 0) {
    const how = "0s: the shop has no opening times; let load begin then";
    refuse([...path, "opensAt"], how);
  }
  const { limitPerUser } = orders;
  if (flash.limitPerUser !== undefined && flash.limitPerUser !== limitPerUser) {
    const how = `what orders.limitPerUser says (${limitPerUser}): the shop ` +
      "has one limit for all products";
    refuse([...path, "limitPerUser"], how);
  }
}

/** What several processes can share, and how far their clocks agree. */
function checkProcesses(
  { topology, clock, admission }: ScenarioShape,
  refuse: Refuse,
): void {
  if (topology.placement !== "paired") {
    const how = '"paired", as several processes share the shop workers';
    refuse(["topology", "placement"], how);
  }
  if (admission.sku !== null) {
    const how = "null: each process would count the limit of a product alone";
    refuse(["admission", "sku"], how);
  }
  if (clock.driftPerMillion > MOST_DRIFT) {
    const how = `at most ${MOST_DRIFT}, as processes whose clocks run ` +
      "apart by 1 % do not agree on a lease";
    refuse(["clock", "driftPerMillion"], how);
  }
}

/** Only what is shared has a model, and cores are shared when there are some. */
function checkMachines(
  { machines, network }: ScenarioShape,
  refuse: Refuse,
): void {
  if (!network.processes && !isAtEase(settleMachines(machines))) {
    const how = "network.processes beside it, as it is about what these run on";
    refuse(["machines"], how);
  }
  if (machines.shared && machines.cores === undefined) {
    refuse(["machines", "cores"], "a number of cores, as all share them");
  }
}

/** Half of the 1 % that leases allow for, less what rounding takes. */
const MOST_DRIFT = 4_900;

function us(duration: string): number {
  return parseUs(duration)!;
}

function checkTimes(file: ScenarioShape, refuse: Refuse): void {
  const { duration, warmup } = file.clock;
  if (us(warmup) >= us(duration)) {
    refuse(["clock", "warmup"], `less than clock.duration (${duration})`);
  }
  const { min, mean } = file.network.delay;
  if (us(mean) < us(min)) {
    refuse(["network", "delay", "mean"], `at least the min (${min})`);
  }
  const seeds = file.runs.seeds?.split("..").map(Number);
  if (seeds !== undefined && seeds[1]! < seeds[0]!) {
    refuse(["runs", "seeds"], "the smaller seed first");
  }
}

function checkCatalog({ catalog }: ScenarioShape, refuse: Refuse): void {
  if (catalog.stock === "catalog" && catalog.popularity !== "catalog") {
    refuse(["catalog", "stock"], 'units, as the popularity is not "catalog"');
  }
  if (catalog.flash && catalog.flash.products > catalog.products) {
    const most = `at most catalog.products (${catalog.products})`;
    refuse(["catalog", "flash", "products"], most);
  }
}

function checkJourneys(file: ScenarioShape, refuse: Refuse): void {
  for (const [name, journey] of Object.entries(file.journeys)) {
    const path = ["journeys", name];
    let hasOrder = false;
    for (const [index, each] of journey.steps.entries()) {
      const step = stepOf(each);
      if (step.target === "flash" && !file.catalog.flash) {
        refuse([...path, "steps", index], "catalog.flash to be there for it");
      }
      if (step.do === "place_order") hasOrder = true;
      else if (step.do !== "read_product" && !hasOrder) {
        refuse([...path, "steps", index], "place_order in a step before it");
      }
    }
    const { lines } = journey;
    const [from, to] = typeof lines === "number" ? [1, lines] : lines.between;
    if (to < from) refuse([...path, "lines"], "the smaller number first");
    // Flash orders are of flash products only, and lines name different ones.
    const flashOnly = journey.steps.map(stepOf)
      .some((step) => step.do === "place_order" && step.target === "flash");
    const products = flashOnly
      ? file.catalog.flash?.products
      : file.catalog.products;
    if (products !== undefined && to > products) {
      refuse([...path, "lines"], `at most the ${products} products`);
    }
  }
}

function checkLoad(file: ScenarioShape, refuse: Refuse): void {
  const { duration } = file.clock;
  checkDistinct(file.load.map(({ phase }) => phase), ["load"], "phase", refuse);
  for (const [index, phase] of file.load.entries()) {
    const path = ["load", index];
    if (us(phase.at) >= us(duration)) {
      refuse([...path, "at"], `a time before clock.duration (${duration})`);
    } else if (phase.for && us(phase.at) + us(phase.for) > us(duration)) {
      refuse([...path, "for"], `an end by clock.duration (${duration})`);
    }
    if ((phase.open === undefined) === (phase.closed === undefined)) {
      refuse(path, "either open or closed");
    }
    if (phase.open) checkOpen(phase.open, [...path, "open"], refuse);
    const names = phase.journeys ?? Object.keys(file.journeys);
    const unknown = names.filter((name) => !Object.hasOwn(file.journeys, name));
    const weight = names.reduce(
      (sum, name) => sum + (file.journeys[name]?.weight ?? 0),
      0,
    );
    if (unknown.length > 0) {
      const known = Object.keys(file.journeys).join(", ");
      refuse([...path, "journeys"], `names of journeys (${known})`);
    } else if (weight === 0) {
      refuse([...path, "journeys"], "a journey with a weight above 0");
    }
  }
}

function checkOpen(
  open: NonNullable<ScenarioShape["load"][number]["open"]>,
  path: readonly (string | number)[],
  refuse: Refuse,
): void {
  const ways = [open.rate, open.curve, open.recorded];
  if (ways.filter((way) => way !== undefined).length !== 1) {
    refuse(path, "exactly one of rate, curve and recorded");
  }
  if (open.recorded === undefined) {
    for (const key of ["lines", "speed"] as const) {
      if (open[key] !== undefined) refuse([...path, key], "recorded with it");
    }
  }
  open.curve?.forEach(([at], index, points) => {
    const before = points[index - 1];
    if (before !== undefined && us(at) <= us(before[0])) {
      refuse([...path, "curve", index, 0], `a time after ${before[0]}`);
    }
  });
}

function checkFaults(file: ScenarioShape, refuse: Refuse): void {
  checkDistinct(file.faults.map(({ id }) => id), ["faults"], "id", refuse);
  const processes = processesOf(file);
  const whole = settleConfig(file);
  const config = processes > 0 ? clusterConfig(whole) : whole;
  const plan = planShop(config, config.topology.partitions);
  for (const [index, fault] of file.faults.entries()) {
    const path = ["faults", index];
    checkFaultTime(fault, file, path, refuse);
    if (fault.when) checkBound(fault.when, [...path, "when"], refuse);
    const ends = fault.do === "partition"
      ? { from: fault.from, to: fault.to }
      : { target: fault.target };
    for (const [key, target] of Object.entries(ends)) {
      const struck = targetsOf(target, plan, processes);
      if (struck.length === 0) {
        refuse([...path, key], "something that the topology has");
      } else if (!struck.every((each) => fits(fault.do, each))) {
        refuse([...path, key], `something that ${fault.do} can strike`);
      } else if (fault.do === "partition" && struck.length > 1) {
        refuse([...path, key], "one thread or process");
      }
    }
    if (fault.do !== "partition") continue;
    const [from, to] = [fault.from, fault.to].map((end) =>
      targetsOf(end, plan, processes)[0]
    );
    if (from?.name === to?.name) {
      refuse([...path, "to"], "another end than from");
    } else if (processes > 0 && from?.kind !== undefined) {
      const kinds = new Set([from.kind, to?.kind]);
      if (!kinds.has("process") || !kinds.has("server")) {
        const how = "a process and a server, as all else goes over these";
        refuse([...path, "to"], how);
      }
    }
  }
}

/** Whether such a fault can strike such a target. */
function fits(fault: FaultKind, { name, kind }: FaultTarget): boolean {
  switch (fault) {
    case "crash":
      return kind !== "gateway";
    case "leave":
      return kind === "process";
    case "hang":
    case "partition":
      return kind !== "gateway" && kind !== "actor";
    case "lose_disk_cache":
      // A database that loses what it has confirmed is none.
      return kind === "worker" || name === "redis";
    case "flush":
      return name.startsWith("cache[");
    case "slow":
      return true;
  }
}

function checkFaultTime(
  fault: Fault,
  { clock: { duration } }: ScenarioShape,
  path: readonly (string | number)[],
  refuse: Refuse,
): void {
  const times = [fault.at, fault.between, fault.when];
  if (times.filter((each) => each !== undefined).length !== 1) {
    refuse(path, "exactly one of at, between and when");
  }
  const at = fault.at ?? fault.between?.[0];
  if (at !== undefined && us(at) >= us(duration)) {
    const place = fault.at === undefined ? ["between", 0] : ["at"];
    refuse([...path, ...place], `a time before clock.duration (${duration})`);
  }
  if (fault.between === undefined) return;
  if (!("for" in fault) && !takesTime(fault)) {
    refuse([...path, "between"], `at or when, as ${fault.do} takes no time`);
  } else if ("for" in fault && fault.for !== undefined) {
    refuse([...path, "for"], "no for beside between");
  } else if (us(fault.between[1]) <= us(fault.between[0])) {
    refuse([...path, "between", 1], `a time after ${fault.between[0]}`);
  }
}

function takesTime({ do: kind }: Fault): boolean {
  return kind !== "flush" && kind !== "lose_disk_cache";
}

function checkConditions(file: ScenarioShape, refuse: Refuse): void {
  const phases = file.load.map(({ phase }) => phase);
  for (const [index, threshold] of file.thresholds.entries()) {
    const path = ["thresholds", index];
    checkBound(threshold, path, refuse);
    const { metric, q, during } = threshold;
    if ((unitOf(metric) === "ms") !== (q !== undefined)) {
      refuse([...path, "q"], q === undefined ? "a quantile" : "no q");
    }
    if (during !== undefined && !phases.includes(during)) {
      refuse([...path, "during"], `a phase of load (${phases.join(", ")})`);
    }
  }
  const { duration } = file.clock;
  for (const [index, condition] of file.eventually.entries()) {
    if (condition.after !== undefined && us(condition.after) >= us(duration)) {
      const most = `a time before clock.duration (${duration})`;
      refuse(["eventually", index, "after"], most);
    }
    checkBound(condition, ["eventually", index], refuse);
    checkCounts(condition.metric, ["eventually", index], refuse);
  }
  for (const [index, { when }] of file.faults.entries()) {
    if (when) checkCounts(when.metric, ["faults", index, "when"], refuse);
  }
}

/** What is looked at while it changes is one number. */
function checkCounts(
  metric: string,
  path: readonly (string | number)[],
  refuse: Refuse,
): void {
  if (unitOf(metric) === "number") return;
  refuse([...path, "metric"], "a metric that is a number at any time");
}

function checkBound(
  bounded: ScenarioShape["thresholds"][number] | NonNullable<Fault["when"]>,
  path: readonly (string | number)[],
  refuse: Refuse,
): void {
  const keys = (["lt", "gt", "eq"] as const)
    .filter((key) => bounded[key] !== undefined);
  if (keys.length !== 1) return refuse(path, "exactly one of lt, gt and eq");
  const value = bounded[keys[0]!]!;
  const of = "of" in bounded ? bounded.of : undefined;
  const place = [...path, keys[0]!];
  if (of !== undefined) {
    if (unitOf(of) === "ms" || unitOf(bounded.metric) === "ms") {
      refuse([...path, "of"], "two metrics that are counts");
    }
    if (typeof value === "number" || parseUs(value) !== null) {
      refuse(place, 'a share such as "90%", as it is of another metric');
    }
  } else if (unitOf(bounded.metric) === "ms") {
    if (typeof value === "number" || parseUs(value) === null) {
      refuse(place, 'a duration such as "50ms"');
    }
  } else if (typeof value !== "number") refuse(place, "a plain number");
}

function checkDistinct(
  names: readonly string[],
  path: readonly (string | number)[],
  key: string,
  refuse: Refuse,
): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) === index) return;
    refuse([...path, index, key], "another name than an earlier one's");
  });
}
