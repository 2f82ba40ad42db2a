/**
 * The numbers of everything behind the gate, as samples for Prometheus.
 *
 * @module
 */
import type {
  ActorReport,
  BreakerStatus,
  DomainReport,
} from "../../actors/runtime/domain_report.ts";
import type { MetricSample, PoolOfThread } from "../gate.ts";
import type { ProcessLinksReport } from "./process_links.ts";
import { hitRatio, missRatio } from "../numbers.ts";
import type { Turns } from "./turns.ts";
import type { WorkerStatus } from "./worker_supervisor.ts";

/** Samples of this thread and, as of their last heartbeat, of all workers. */
export function shopMetrics(
  main: Turns,
  workers: readonly WorkerStatus[],
): MetricSample[] {
  const samples: MetricSample[] = [];
  const reports = [
    { report: main.domain.report(), waitingFrames: main.waitingFrames },
    ...workers,
  ];
  for (const { report, waitingFrames } of reports) {
    if (report !== null) addDomain(samples, report, waitingFrames);
  }
  for (const { name, status, replacements, recovery } of workers) {
    const labels = { worker: name };
    samples.push(
      gauge(
        "worker_up",
        "1 while the worker is ready.",
        labels,
        Number(status === "ready"),
      ),
      counter(
        "worker_replacements_total",
        "Times the worker was replaced.",
        labels,
        replacements,
      ),
      gauge(
        "worker_recovery_seconds",
        "Length of its last recovery.",
        labels,
        (recovery?.recoveryMs ?? 0) / 1_000,
      ),
    );
  }
  samples.push(...cacheRatios(samples));
  return samples;
}

/** How fast the shop grows. */
export function scalingMetric(perMinute: number): MetricSample {
  return gauge(
    "scaling_speed_per_minute",
    "Processes that joined in the last two minutes, per minute.",
    {},
    perMinute,
  );
}

/** What the links to other processes carry, and how often they broke. */
export function linkMetrics(links: ProcessLinksReport): MetricSample[] {
  const open = links.processes.filter(({ isOpen }) => isOpen).length;
  return [
    gauge("process_peers", "Other processes that are linked.", {}, open),
    counter(
      "process_frames_sent_total",
      "Frames that left for other processes.",
      {},
      links.sentFrames,
    ),
    counter(
      "process_frames_taken_total",
      "Frames of other processes that were taken.",
      {},
      links.takenFrames,
    ),
    counter(
      "process_link_resets_total",
      "Times that a way to another process was lost.",
      {},
      links.resets,
    ),
    counter(
      "process_frames_failed_total",
      "Frames that Redis did not take in time.",
      {},
      links.failedFrames,
    ),
    counter(
      "process_frames_bad_total",
      "Texts of other processes that are no frames.",
      {},
      links.badFrames,
    ),
    gauge(
      "process_publish_seconds",
      "How long Redis took to take the last frame.",
      {},
      (links.publishMs ?? 0) / 1_000,
    ),
  ];
}

function addDomain(
  samples: MetricSample[],
  report: DomainReport,
  waitingFrames: number,
): void {
  const labels = { domain: report.name };
  samples.push(
    counter(
      "commits_total",
      "Commits to the journal.",
      labels,
      report.commits,
    ),
    counter(
      "committed_events_total",
      "Events in those commits; divided by them, the size of a commit.",
      labels,
      report.events,
    ),
    counter(
      "commit_seconds_total",
      "Time spent in commits.",
      labels,
      report.commitMs / 1_000,
    ),
    counter(
      "dead_letters_total",
      "Messages and answers that nobody took.",
      labels,
      report.deadLetters,
    ),
    gauge("asks_pending", "Asks under way.", labels, report.pendingAsks),
    gauge(
      "link_frames_waiting",
      "Frames that wait for a link.",
      labels,
      waitingFrames,
    ),
  );
  for (const [name, value] of Object.entries(report.counters)) {
    samples.push(counter(`${name}_total`, "Counted by actors.", labels, value));
  }
  for (const breaker of report.breakers) addBreaker(samples, report, breaker);
  for (const actor of report.actors) addActor(samples, actor);
}

function addActor(samples: MetricSample[], actor: ActorReport): void {
  const named = { actor: actor.address };
  samples.push(
    gauge(
      "mailbox_depth",
      "Messages that wait in the mailbox.",
      named,
      actor.depth,
    ),
    counter(
      "messages_handled_total",
      "Messages handled.",
      named,
      actor.handled,
    ),
    counter(
      "actor_restarts_total",
      "Restarts after a crash.",
      named,
      actor.restarts,
    ),
    gauge(
      "actor_up",
      "1 while the actor runs.",
      named,
      Number(actor.status === "running"),
    ),
  );
}

function addBreaker(
  samples: MetricSample[],
  { name: domain }: DomainReport,
  { address: to, state, opened }: BreakerStatus,
): void {
  const labels = { domain, to };
  const isOpen = Number(state === "open");
  samples.push(
    gauge("breaker_open", "1 while the breaker is open.", labels, isOpen),
    counter(
      "breaker_opened_total",
      "Times the breaker opened.",
      labels,
      opened,
    ),
  );
}

/** Samples of each pool and of each of its members. */
export function poolMetrics(pools: readonly PoolOfThread[]): MetricSample[] {
  return pools.flatMap(({ domain, report }) => [
    counter(
      "pool_retries_total",
      "Tries after a call's first one.",
      { domain },
      report.retries,
    ),
    counter(
      "pool_throttled_total",
      "Calls that the client refused itself, as too many had failed.",
      { domain },
      report.throttled,
    ),
    ...report.members.flatMap((member) => {
      const labels = { domain, member: member.name };
      return [
        counter("pool_calls_total", "Calls by member.", labels, member.picks),
        counter(
          "pool_failures_total",
          "Calls that it did not answer.",
          labels,
          member.failures,
        ),
        counter(
          "pool_ejections_total",
          "Times that bad replies put it out.",
          labels,
          member.ejections,
        ),
        gauge(
          "pool_in_flight",
          "Calls that it has not answered yet.",
          labels,
          member.inFlight,
        ),
        gauge(
          "pool_member_fit",
          "1 while it is given calls.",
          labels,
          Number(member.state === "healthy" || member.state === "warming"),
        ),
      ];
    }),
  ]);
}

/** How a read can end at a cache node (actors/cache_node.ts counts them). */
const FROM_MEMORY = ["hits", "revalidating"];
const OTHERWISE = ["misses", "collapsed", "stale", "absent_hits", "filtered"];

/** Of all product reads; 0 before the first one, never NaN. */
function cacheRatios(samples: readonly MetricSample[]): MetricSample[] {
  const sum = (name: string) =>
    samples.filter((sample) => sample.name === `cache_${name}_total`)
      .reduce((total, { value }) => total + value, 0);
  const sumOf = (names: readonly string[]) =>
    names.reduce((total, name) => total + sum(name), 0);
  const hits = sumOf(FROM_MEMORY);
  const reads = hits + sumOf(OTHERWISE);
  return [
    gauge(
      "cache_hit_ratio",
      "Share of product reads that the cache answered.",
      {},
      hitRatio(hits, reads),
    ),
    gauge(
      "cache_miss_ratio",
      "Share of product reads that it did not.",
      {},
      missRatio(hits, reads),
    ),
  ];
}

function gauge(
  name: string,
  help: string,
  labels: Readonly<Record<string, string>>,
  value: number,
): MetricSample {
  return { name, type: "gauge", help, labels, value };
}

function counter(
  name: string,
  help: string,
  labels: Readonly<Record<string, string>>,
  value: number,
): MetricSample {
  return { name, type: "counter", help, labels, value };
}
