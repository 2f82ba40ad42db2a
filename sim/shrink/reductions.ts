/**
 * Steps that make a scenario file smaller, as plain changes of its JSON. Each
 * gives a new scenario and leaves the given one alone. A result may be no
 * scenario (a run without clients): the parser, who knows the rules, refuses
 * it.
 *
 * @module
 */
import { RATE } from "../../cluster/units.ts";
import { RARE_PATHS } from "../buggify.ts";
import { formatUs, parseUs } from "../duration.ts";
import type { Failure } from "../failure.ts";

/** The JSON of a scenario file, without ranges. */
export type Json = Readonly<Record<string, unknown>>;

/** A number of the scenario that can be made smaller. */
export interface Knob {
  /** At once as small as it can be; null: nobody knows how small. */
  readonly least: ((scenario: Json) => Json) | null;
  /** Gives the same scenario when it is as small as it can be. */
  readonly halve: (scenario: Json) => Json;
}

/** What these steps look at; other keys are carried along. */
interface File {
  clock: { duration: string; warmup?: string; driftPerMillion?: number };
  catalog: { products: number; flash?: { products: number } };
  journeys: Record<string, unknown>;
  load: Phase[];
  faults?: { id: string; at?: string; between?: [string, string] }[];
  network?: Record<string, unknown>;
  buggify?: { paths?: string[] };
  thresholds?: { metric: string; gt?: unknown; eq?: unknown }[];
  sometimes?: string[];
  eventually?: { metric: string; gt?: unknown; eq?: unknown }[];
  liveness?: { after?: string };
}

interface Phase {
  phase: string;
  at?: string;
  for?: string;
  open?: { rate?: string; curve?: [string, string][] };
  closed?: { users: number };
  users?: number;
  journeys?: string[];
}

/** What a phase has that names no users. */
const USERS_UNLESS_TOLD = 1_000_000;
const SECOND_US = 1_000_000;
/** A client in so many seconds, minutes or hours is as good as none. */
const MOST_WINDOWS = 1_024;

function read(scenario: Json): File {
  // It passed the parser before it came here.
  return scenario as unknown as File;
}

function changed(scenario: Json, change: (file: File) => void): Json {
  const copy = structuredClone(scenario);
  change(read(copy));
  return copy;
}

/** Leaves out thresholds and conditions that the failure is not about. */
export function onlyAbout(scenario: Json, { verdict, check }: Failure): Json {
  const isMissed = verdict === "threshold";
  return changed(scenario, (file) => {
    file.thresholds &&= file.thresholds
      .filter(({ metric }) => isMissed && metric === check);
    file.sometimes &&= file.sometimes
      .filter((what) => isMissed && `sometimes ${what}` === check);
    file.eventually &&= file.eventually
      .filter(({ metric }) => isMissed && `eventually ${metric}` === check);
  });
}

/** Whether a run in which nobody comes would miss a threshold of it too. */
export function needsLoad(scenario: Json): boolean {
  const { thresholds = [], sometimes = [], eventually = [] } = read(scenario);
  return sometimes.length > 0 ||
    [...thresholds, ...eventually].some(({ gt, eq }) =>
      gt !== undefined || (eq !== undefined && parseFloat(`${eq}`) !== 0)
    );
}

/** How long load comes, in virtual microseconds. */
export function durationUs(scenario: Json): number {
  return us(read(scenario).clock.duration);
}

/** Ends the load at that moment; what would begin later never does. */
export function cutDuration(scenario: Json, endUs: number): Json {
  return changed(scenario, (file) => {
    const { clock, liveness } = file;
    clock.duration = endUs % SECOND_US === 0
      ? `${endUs / SECOND_US}s`
      : formatUs(endUs);
    if (us(clock.warmup) >= endUs) delete clock.warmup;
    if (us(liveness?.after) >= endUs) delete liveness?.after;
    file.load = file.load.filter(({ at }) => us(at) < endUs);
    for (const phase of file.load) {
      if (us(phase.at) + us(phase.for) > endUs) delete phase.for;
    }
    file.faults &&= file.faults
      .filter(({ at, between }) => us(at ?? between?.[0]) < endUs);
  });
}

function us(duration: string | undefined): number {
  return duration === undefined ? 0 : parseUs(duration)!;
}

/** Ids of its faults. */
export function faultsOf(scenario: Json): string[] {
  return (read(scenario).faults ?? []).map(({ id }) => id);
}

/** Only these faults. */
export function withFaults(scenario: Json, ids: readonly string[]): Json {
  return changed(scenario, (file) => {
    file.faults &&= file.faults.filter(({ id }) => ids.includes(id));
  });
}

/** What the network does to a batch by chance. */
const MISHAPS = ["lossPercent", "duplicatePercent", "reorderPercent"];
const DRIFT = "driftPerMillion";

/** Names of what may happen by chance: mishaps, drift, rare paths. */
export function chancesOf(scenario: Json): string[] {
  const { clock, network, buggify } = read(scenario);
  const paths = buggify === undefined
    ? []
    : buggify.paths ?? Object.keys(RARE_PATHS);
  return [
    ...clock.driftPerMillion === undefined ? [] : [DRIFT],
    ...MISHAPS.filter((name) => network?.[name] !== undefined),
    ...paths,
  ];
}

/** Only these happen by chance. */
export function withChances(scenario: Json, names: readonly string[]): Json {
  return changed(scenario, (file) => {
    if (!names.includes(DRIFT)) delete file.clock.driftPerMillion;
    for (const name of MISHAPS) {
      if (!names.includes(name)) delete file.network?.[name];
    }
    const paths = names.filter((name) => Object.hasOwn(RARE_PATHS, name));
    if (paths.length === 0) delete file.buggify;
    else if (file.buggify !== undefined) file.buggify.paths = paths;
  });
}

/** Names of its phases. */
export function phasesOf(scenario: Json): string[] {
  return read(scenario).load.map(({ phase }) => phase);
}

/** Only these phases. */
export function withPhases(scenario: Json, names: readonly string[]): Json {
  return changed(scenario, (file) => {
    file.load = file.load.filter(({ phase }) => names.includes(phase));
  });
}

/** Names of its journeys. */
export function journeysOf(scenario: Json): string[] {
  return Object.keys(read(scenario).journeys);
}

/** Only these journeys. */
export function withJourneys(scenario: Json, names: readonly string[]): Json {
  return changed(scenario, (file) => {
    for (const name of Object.keys(file.journeys)) {
      if (!names.includes(name)) delete file.journeys[name];
    }
    for (const phase of file.load) {
      phase.journeys &&= phase.journeys.filter((name) => names.includes(name));
    }
  });
}

/** Rates, users and products; those of load by the place of their phase. */
export function knobsOf(scenario: Json): Knob[] {
  const { load } = read(scenario);
  return [
    ...load.flatMap((phase, index) => [
      ...phase.open === undefined ? [] : [rateKnob(index)],
      ...phase.closed === undefined ? [] : [closedKnob(index)],
      usersKnob(index),
    ]),
    productsKnob,
  ];
}

function rateKnob(index: number): Knob {
  const halve = (scenario: Json) =>
    changed(scenario, ({ load }) => {
      const open = load[index]!.open!;
      if (open.rate !== undefined) open.rate = halfRate(open.rate);
      open.curve &&= open.curve
        .map(([at, rate]): [string, string] => [at, halfRate(rate)]);
    });
  return { least: null, halve };
}

/** `40/s` is `20/s`, `5/s` is `2/s`, `1/s` is `1/2s`. */
function halfRate(rate: string): string {
  const [, events = "", windows = "", unit] = RATE.exec(rate) ?? [];
  if (Number(events) > 1) {
    return `${Math.floor(Number(events) / 2)}/${windows}${unit}`;
  }
  const count = Number(windows || "1");
  if (events === "0" || count >= MOST_WINDOWS) return rate;
  return `${events}/${count * 2}${unit}`;
}

function closedKnob(index: number): Knob {
  return numberKnob((scenario, shrunk) =>
    changed(scenario, ({ load }) => {
      const closed = load[index]!.closed!;
      closed.users = shrunk(closed.users);
    })
  );
}

function usersKnob(index: number): Knob {
  return numberKnob((scenario, shrunk) =>
    changed(scenario, ({ load }) => {
      const phase = load[index]!;
      phase.users = shrunk(phase.users ?? USERS_UNLESS_TOLD);
    })
  );
}

const productsKnob = numberKnob((scenario, shrunk) =>
  changed(scenario, ({ catalog }) => {
    catalog.products = shrunk(catalog.products);
    if (catalog.flash === undefined) return;
    const { flash } = catalog;
    flash.products = Math.min(flash.products, catalog.products);
  })
);

/** A whole number that is at least one. */
function numberKnob(
  change: (scenario: Json, shrunk: (value: number) => number) => Json,
): Knob {
  return {
    least: (scenario) => change(scenario, () => 1),
    halve: (scenario) =>
      change(scenario, (value) => Math.max(1, Math.floor(value / 2))),
  };
}
