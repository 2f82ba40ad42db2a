/**
 * What the edge counts, and its text for Prometheus: requests by route and
 * status, latencies in fixed buckets, and whatever the gate reports of what is
 * behind it. Counting a request touches two numbers in preallocated arrays.
 *
 * @module
 */
import type { MetricSample } from "../cluster/gate.ts";
import { meanResponseTimeMs, percentileOf } from "../cluster/numbers.ts";

/**
 * Upper bounds in milliseconds. An answer from memory takes under one, a
 * commit a few, and the gate settles every request within its deadline of
 * seconds; a factor of about two apart tells percentiles well enough.
 */
const BOUNDS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

const PREFIX = "doorbuster_";
const REQUESTS = `${PREFIX}http_requests_total`;
const SECONDS = `${PREFIX}http_request_seconds`;
const TYPICAL = `${PREFIX}http_request_typical_seconds`;
/** A mean hides its tail, so it is never shown alone. */
const PERCENTS = [50, 95, 99, 99.9];

/** The counters of one route. */
export class RouteMeter {
  readonly #labels: string;
  /** By status: 100 to 599. */
  readonly #statuses = new Float64Array(600);
  readonly #buckets = new Float64Array(BOUNDS_MS.length + 1);
  #sumMs = 0;

  constructor(method: string, path: string) {
    this.#labels = `method="${method}",route="${path}"`;
  }

  /** Counts one answered request. */
  record(status: number, elapsedMs: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    let bucket = 0;
    while (elapsedMs > (BOUNDS_MS[bucket] ?? Infinity)) bucket++;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#sumMs += elapsedMs;
  }

  /** One line for each status that was answered. */
  *requestLines(): Generator<string> {
    for (const [status, count] of this.#statuses.entries()) {
      if (count === 0) continue;
      yield `${REQUESTS}{${this.#labels},status="${status}"} ${count}`;
    }
  }

  /** Mean and percentiles, as far as the buckets tell; none before the first. */
  *typicalLines(): Generator<string> {
    const count = this.#buckets.reduce((total, each) => total + each, 0);
    if (count === 0) return;
    const line = (of: string, ms: number) =>
      `${TYPICAL}{${this.#labels},of="${of}"} ${ms / 1000}`;
    yield line("mean", meanResponseTimeMs(this.#sumMs, count));
    for (const percent of PERCENTS) {
      const ms = percentileOf(percent, BOUNDS_MS, this.#buckets);
      yield line(`p${percent}`, ms);
    }
  }

  /** The histogram's lines; none before the first request. */
  *latencyLines(): Generator<string> {
    let count = 0;
    const lines: string[] = [];
    for (const [index, inBucket] of this.#buckets.entries()) {
      count += inBucket;
      const boundMs = BOUNDS_MS[index];
      const le = boundMs === undefined ? "+Inf" : String(boundMs / 1000);
      lines.push(`${SECONDS}_bucket{${this.#labels},le="${le}"} ${count}`);
    }
    if (count === 0) return;
    yield* lines;
    yield `${SECONDS}_sum{${this.#labels}} ${this.#sumMs / 1000}`;
    yield `${SECONDS}_count{${this.#labels}} ${count}`;
  }
}

/** All routes' counters. */
export class HttpMetrics {
  readonly #meters: RouteMeter[] = [];

  /** The meter of one more route. `path` is its template, never a real path. */
  route(method: string, path: string): RouteMeter {
    const meter = new RouteMeter(method, path);
    this.#meters.push(meter);
    return meter;
  }

  /** The exposition text (format 0.0.4), with the gate's samples. */
  text(samples: readonly MetricSample[]): string {
    const lines = [
      `# HELP ${REQUESTS} Answered requests by route and status.`,
      `# TYPE ${REQUESTS} counter`,
      ...this.#meters.flatMap((meter) => [...meter.requestLines()]),
      `# HELP ${SECONDS} Time from the head of a request to its answer.`,
      `# TYPE ${SECONDS} histogram`,
      ...this.#meters.flatMap((meter) => [...meter.latencyLines()]),
      `# HELP ${TYPICAL} Mean and percentiles of that time since the start.`,
      `# TYPE ${TYPICAL} gauge`,
      ...this.#meters.flatMap((meter) => [...meter.typicalLines()]),
      ...familyLines(samples),
    ];
    return lines.join("\n") + "\n";
  }
}

/** Prometheus wants the samples of a family together, under one header. */
function familyLines(samples: readonly MetricSample[]): string[] {
  const families = new Map<string, string[]>();
  for (const sample of samples) {
    const name = PREFIX + sample.name;
    let lines = families.get(name);
    if (lines === undefined) {
      lines = [
        `# HELP ${name} ${sample.help.replaceAll("\n", " ")}`,
        `# TYPE ${name} ${sample.type}`,
      ];
      families.set(name, lines);
    }
    lines.push(`${name}${labelText(sample.labels)} ${sample.value}`);
  }
  return [...families.values()].flat();
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
      .replaceAll("\n", "\\n");
    return `${name}="${escaped}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
