/**
 * One run of a scenario with one seed: the shop is opened, clients come, faults
 * strike, checkers watch. Then faults stop and whatever is pending must end
 * (safety first, liveness second); then the shop must become idle.
 *
 * A run is a pure function of build, scenario and seed: it reads no clock and
 * no other randomness, and ends in the same trace wherever it runs.
 *
 * @module
 */
import {
  checkContextOf,
  checkerIds,
  EVIDENCE,
  hasMissed,
  lookAtBreakers,
  StateEqualsFold,
  Watch,
} from "./checkers.ts";
import { Expectations } from "./expectations.ts";
import { NOTHING_CHECKED } from "./failure.ts";
import { Happenings } from "./happenings.ts";
import { Measurements } from "./measurements.ts";
import type { SimulatedProduct } from "./models.ts";
import { pickerOf, productsOf } from "./products.ts";
import type { Checker, Observation, Violation } from "./observation.ts";
import {
  type CheckResult,
  checkResultOf,
  type RunResult,
  type ThresholdResult,
  type Verdict,
} from "./run_result.ts";
import { parseRecordedOrders, type RecordedOrder } from "./recorded_orders.ts";
import {
  type LoadPhase,
  longestBackoffUs,
  type Scenario,
  type Threshold,
} from "./scenario_values.ts";
import { Scheduler } from "./scheduler.ts";
import type { World } from "./world.ts";
import { makeWorld } from "./make_world.ts";
import { holds, Strikes } from "./strikes.ts";
import type { Traced } from "./thread_options.ts";
import { withoutAmbient } from "./tripwire.ts";
import { Workload } from "./workload.ts";

/** What a run is made of besides its scenario. */
export interface RunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  /** The real catalog, the best seller first; for popularity `catalog`. */
  readonly catalog: readonly SimulatedProduct[];
  /** Reads a file that the scenario names, relative to it. */
  readonly read?: (file: string) => string;
  /** The command that runs it again, as the result shows it. */
  readonly replay: string;
  /** Milliseconds on a clock that never steps; for `wallMs` alone. */
  readonly wallMs: () => number;
  /** Told now and then how far virtual time is, from 0 to 1. */
  readonly progress?: (share: number) => void;
  /** Checkers beside the scenario's, new ones for each run. */
  readonly extraCheckers?: readonly Checker[];
  /** Is told everything, before any checker is. */
  readonly recorder?: (observation: Observation) => void;
  /** Is told each step of an actor and how long its core was busy with it. */
  readonly traced?: Traced;
}

/** The shop has this long to open. */
const OPEN_WITHIN_US = 120_000_000;
/** Acts between two looks at the clock of the terminal. */
const ACTS_PER_PROGRESS = 16_384;
/** Acts in which nobody gets an answer: the run goes in circles. */
const NO_PROGRESS_ACTS = 2_000_000;
/** Products whose stock the report draws. */
const HOT_PRODUCTS = 4;
/** Kinds of actors whose mail is looked at. */
const DEPTHS = ["storefront", "inventory", "cache"];

/** Runs a scenario. Throws only for a bug of the simulator or of an actor. */
export function runScenario(options: RunOptions): RunResult {
  const { wallMs } = options;
  const startedMs = wallMs();
  const result = withoutAmbient(() => new Run(options).run());
  return { ...result, wallMs: wallMs() - startedMs };
}

class Run {
  readonly #options: RunOptions;
  readonly #scenario: Scenario;
  readonly #scheduler = new Scheduler();
  readonly #products: readonly SimulatedProduct[];
  readonly #world: World;
  readonly #workload: Workload;
  readonly #watch: Watch;
  #measurements: Measurements | null = null;
  #strikes: Strikes | null = null;
  #liveness: Violation | null = null;
  readonly #happened: Happenings;
  #expectations: Expectations | null = null;
  readonly #recordings = new Map<string, readonly RecordedOrder[]>();
  #startUs = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const { scenario, seed } = options;
    this.#scenario = scenario;
    this.#products = productsOf(scenario, options.catalog);
    const observe = (observation: Observation) => this.#observe(observation);
    const scheduler = this.#scheduler;
    const always = scenario.always ?? checkerIds;
    this.#happened = new Happenings([...scenario.sometimes, ...EVIDENCE]);
    this.#watch = new Watch(
      always,
      checkContextOf(scenario, this.#products),
      options.extraCheckers,
    );
    this.#world = makeWorld({
      scenario,
      seed,
      scheduler,
      products: new Map(this.#products.map((each) => [each.sku, each])),
      observe,
      log: { write: () => {} },
      traced: options.traced,
    });
    this.#workload = new Workload({
      scenario,
      seed,
      scheduler,
      door: () => this.#world.door,
      observe,
      recordingOf: (phase) => this.#recordingOf(phase),
      pick: pickerOf(scenario.catalog, this.#products),
    });
  }

  run(): Omit<RunResult, "wallMs"> {
    const { clock, liveness, drainUs, journeys } = this.#scenario;
    this.#open();
    this.#begin();
    const endUs = this.#startUs + clock.durationUs;
    const healUs = this.#startUs + Math.min(liveness.afterUs, clock.durationUs);
    this.#runUntil(healUs);
    this.#strikes!.heal();
    this.#expectations!.heal();
    this.#world.buggify.stop();
    this.#runUntil(endUs);
    this.#workload.stop();
    // Who waits before his next try is not stuck.
    const backoffsUs = journeys.map(({ retry }) => longestBackoffUs(retry));
    this.#settle(liveness.withinUs + drainUs + Math.max(0, ...backoffsUs));
    this.#world.countMail(true);
    if (this.#liveness === null) this.#endChecks();
    this.#measurements!.end();
    return this.#result();
  }

  /** The shop opens; nobody comes before. */
  #open(): void {
    let isOpen = false;
    this.#world.start(() => isOpen = true);
    while (!isOpen && this.#scheduler.step(OPEN_WITHIN_US));
    if (!isOpen) throw new Error("The shop did not open");
    this.#startUs = this.#scheduler.nowUs;
  }

  #begin(): void {
    const { scenario, seed } = this.#options;
    const { flash } = scenario.catalog;
    const skus = this.#products.map(({ sku }) => sku);
    this.#measurements = new Measurements({
      startUs: this.#startUs,
      warmupUs: scenario.clock.warmupUs,
      durationUs: scenario.clock.durationUs,
      flash: new Set(skus.slice(0, flash?.products ?? 0)),
      hot: skus.slice(0, HOT_PRODUCTS),
      stock: this.#watch.view.stock,
    });
    this.#strikes = new Strikes({
      faults: scenario.faults,
      seed,
      scheduler: this.#scheduler,
      world: this.#world,
      observe: (observation) => this.#observe(observation),
      valueOf: (metric) => this.#presentOf(metric),
    });
    this.#expectations = new Expectations({
      conditions: scenario.eventually,
      scheduler: this.#scheduler,
      valueOf: (metric) => this.#presentOf(metric),
      calmSinceUs: () => this.#strikes!.calmSinceUs,
    });
    this.#workload.start();
    this.#strikes.start();
    this.#expectations.start();
    this.#lookLater();
  }

  /** A metric as it is now; of depths not the most that there ever were. */
  #presentOf(metric: string): number {
    const [name, kind] = metric.split(".");
    if (name !== "depth") {
      return this.#measurements!.value(metric, null, null);
    }
    const kinds = kind === undefined ? DEPTHS : [kind];
    return Math.max(...kinds.map((each) => this.#world.depthOf(each)));
  }

  #lookLater(): void {
    const { durationUs } = this.#scenario.clock;
    const { bucketUs } = this.#measurements!;
    const atUs = this.#scheduler.nowUs + bucketUs;
    if (atUs > this.#startUs + durationUs) return;
    this.#scheduler.at(atUs, 0, () => {
      const depths = DEPTHS.map((kind) => [kind, this.#world.depthOf(kind)]);
      this.#measurements!.look(atUs, { depths: Object.fromEntries(depths) });
      this.#world.countMail(false);
      this.#lookLater();
    });
  }

  #runUntil(untilUs: number): void {
    const { durationUs } = this.#scenario.clock;
    let answered = this.#workload.ended;
    let since = 0;
    while (this.#liveness === null && this.#scheduler.step(untilUs)) {
      if (++since % ACTS_PER_PROGRESS !== 0) continue;
      const share = (this.#scheduler.nowUs - this.#startUs) / durationUs;
      this.#options.progress?.(Math.min(1, share));
      if (this.#workload.ended !== answered) {
        answered = this.#workload.ended;
        since = 0;
      } else if (since >= NO_PROGRESS_ACTS) this.#stuck("goes in circles");
    }
  }

  /** Faults are over and nobody comes: all that is pending must end. */
  #settle(withinUs: number): void {
    const untilUs = this.#scheduler.nowUs + withinUs;
    while (this.#liveness === null && this.#workload.clients > 0) {
      const { pending } = this.#scheduler;
      if (this.#scheduler.step(untilUs)) continue;
      this.#stuck(
        pending === 0 ? "waits for nothing" : "did not become idle in time",
      );
    }
    // Duties, timers of orders and payments run on by themselves.
    this.#rest(untilUs, 5_000_000);
    if (!this.#world.owesNothing) {
      while (!this.#world.owesNothing && this.#scheduler.step(untilUs));
      // What it led to, such as a hold that ends now.
      this.#rest(untilUs, 1_000_000);
    }
    // What is to become so may need longer.
    while (!this.#expectations!.areDecided && this.#scheduler.step(untilUs));
    // An event that is staged is in a state, but on no disk yet.
    while (!this.#world.isQuiet && this.#scheduler.step(untilUs));
    if (!this.#world.isQuiet) this.#stuck("did not become idle in time");
  }

  #rest(untilUs: number, forUs: number): void {
    const endUs = Math.min(untilUs, this.#scheduler.nowUs + forUs);
    while (this.#liveness === null && this.#scheduler.step(endUs));
  }

  /** All has settled: what must be so at the end is looked at, but not before. */
  #endChecks(): void {
    this.#compareWithFolds();
    const { nowUs } = this.#scheduler;
    lookAtBreakers(this.#watch.checkers, nowUs, this.#world.breakers());
    for (const checker of this.#watch.checkers) checker.end();
  }

  /** State is the fold of its events: looked at once, when all is quiet. */
  #compareWithFolds(): void {
    for (const checker of this.#watch.checkers) {
      if (!(checker instanceof StateEqualsFold)) continue;
      for (const actor of this.#world.partitions) {
        const state = this.#world.stateOf(actor);
        const fold = this.#world.foldOf(actor);
        checker.compare(this.#scheduler.nowUs, actor, state, fold);
      }
    }
  }

  #stuck(how: string): void {
    const { clients } = this.#workload;
    const waiting = ` while ${clients} clients wait`;
    this.#liveness ??= {
      check: "liveness",
      atUs: this.#scheduler.nowUs,
      key: "clients",
      detail: `The shop ${how}${clients > 0 ? waiting : ""}`,
    };
  }

  #observe(observation: Observation): void {
    this.#options.recorder?.(observation);
    this.#watch.observe(observation);
    this.#measurements?.observe(observation);
    this.#happened.observe(observation);
  }

  #recordingOf({ phase, arrivals }: LoadPhase): readonly RecordedOrder[] {
    let recording = this.#recordings.get(phase);
    if (recording !== undefined) return recording;
    const { read } = this.#options;
    if (arrivals.kind !== "recorded" || read === undefined) return [];
    const named = (path: string) => ({ path, text: read(path) });
    const { file, linesFile } = arrivals;
    recording = parseRecordedOrders(
      named(file),
      linesFile === null ? null : named(linesFile),
    );
    this.#recordings.set(phase, recording);
    return recording;
  }

  // ── The result ──────────────────────────────────────────────────────────

  #result(): Omit<RunResult, "wallMs"> {
    const { scenario, seed, replay } = this.#options;
    const measurements = this.#measurements!;
    const checks = this.#watch.checkers.map((each) => this.#check(each));
    const thresholds = scenario.thresholds.map((each) => this.#hold(each));
    const sometimes = scenario.sometimes.map((what): ThresholdResult => ({
      metric: `sometimes ${what}`,
      bound: "> 0",
      value: this.#happened.has(what) ? 1 : 0,
      ok: this.#happened.has(what),
    }));
    if (this.#liveness !== null) {
      checks.push({
        id: "liveness",
        ok: false,
        checked: 1,
        firstViolation: this.#liveness,
      });
    }
    const eventually = this.#expectations!.results();
    const all = [...thresholds, ...sometimes, ...eventually];
    return {
      schema: "doorbuster/1",
      scenario: scenario.name,
      teaches: scenario.teaches,
      seed,
      verdict: verdictOf(this.#liveness, checks, all),
      events: this.#scheduler.acts,
      messages: this.#scheduler.messages,
      virtualMs: (this.#scheduler.nowUs - this.#startUs) / 1_000,
      trace: this.#scheduler.trace,
      metrics: measurements.metrics(),
      checks,
      thresholds: all,
      latencies: measurements.latencies(),
      faults: this.#strikes!.spans,
      series: measurements.series(),
      replay,
    };
  }

  /** A check that never ran failed, if it could have or is asked for by name. */
  #check(checker: Checker): CheckResult {
    const result = checkResultOf(checker);
    // One that got stuck proves nothing, and says so.
    if (this.#liveness !== null) return result;
    const isNamed = this.#scenario.always?.includes(checker.id) ?? false;
    const isIdle = isNamed && result.checked === 0;
    if (!isIdle && !hasMissed(checker, this.#happened)) return result;
    const detail = "Nothing happened that it could check";
    const atUs = this.#scheduler.nowUs;
    const key = NOTHING_CHECKED;
    const firstViolation = { check: checker.id, atUs, key, detail };
    return { ...result, ok: false, firstViolation };
  }

  #hold(threshold: Threshold): ThresholdResult {
    const { metric, quantile, during, of, bound } = threshold;
    const measurements = this.#measurements!;
    let value = measurements.value(metric, quantile, during);
    if (of !== null) {
      const whole = measurements.value(of, null, during);
      value = whole === 0 ? 0 : value * 100 / whole;
    }
    return { metric, bound, value, ok: holds(threshold, value) };
  }
}

function verdictOf(
  liveness: Violation | null,
  checks: readonly CheckResult[],
  thresholds: readonly ThresholdResult[],
): Verdict {
  if (checks.some(({ ok, id }) => !ok && id !== "liveness")) return "invariant";
  if (liveness !== null) return "liveness";
  return thresholds.every(({ ok }) => ok) ? "passed" : "threshold";
}
