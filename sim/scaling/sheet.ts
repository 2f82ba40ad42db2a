/**
 * The curve as a table with a bar for each point, and the model behind it.
 *
 * @module
 */
import type { Scenario } from "../scenario_values.ts";
import type { Point } from "./scaling.ts";

const HEADINGS = [
  ...["processes", "orders/s", "×", "share", "p50 ms", "p99 ms"],
  ...["cores", "Redis", "database", "requests/s", "commits/s", ""],
];
/** Of the longest bar. */
const BAR_CHARACTERS = 24;

/** The table; a share is of what as many single processes would sell. */
export function tableOf(points: readonly Point[]): string {
  const most = Math.max(...points.map((point) => point.ordersPerSecond));
  const rows = points.map((point) => [
    String(point.processes),
    whole(point.ordersPerSecond),
    point.speedUp.toFixed(1),
    percent(point.speedUp / point.processes * points[0]!.processes),
    point.p50Ms.toFixed(0),
    point.p99Ms.toFixed(0),
    `${percent(point.leastBusy)}–${percent(point.mostBusy)}`,
    percent(point.redisBusy),
    percent(point.databaseBusy),
    whole(point.redisRequestsPerSecond),
    whole(point.commitsPerSecond),
    "█".repeat(Math.round(point.ordersPerSecond / most * BAR_CHARACTERS)),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]!.length))
  );
  return [HEADINGS, ...rows].map((row) =>
    row.map((cell, column) => cell.padStart(widths[column]!)).join("  ")
      .trimEnd()
  ).join("\n");
}

/** What the figures stand and fall with, in lines. */
export function modelOf({ machines, network, config, load }: Scenario): string {
  const { append, databaseAppend, cores, isShared, databaseCores } = machines;
  const [phase] = load;
  const clients = phase?.arrivals.kind === "closed"
    ? `${phase.arrivals.users} clients who buy again at once`
    : "clients who come at a rate, whatever they get";
  const where = isShared
    ? `everything on ${cores} cores`
    : `each process on ${cores ?? "as many as it has threads"} cores, the ` +
      `database on ${databaseCores ?? "one for each connection"}, Redis on one`;
  return [
    `${clients}; ${config.cluster.shopWorkers} shop workers; ${where}.`,
    `Processor time in µs: a call ${machines.callUs}, a batch ` +
    `${machines.batchUs} and each message ${machines.messageUs} at either ` +
    `end, a frame between processes ${machines.frameUs} at either end,`,
    `an append ${append.eachUs} and each event ${append.eventUs} in the shop ` +
    `and ${databaseAppend.eachUs} and ${databaseAppend.eventUs} in the ` +
    `database; in Redis a request ${machines.redisUs}, limits of a call ` +
    `${machines.limitUs}.`,
    `A message takes ${network.delayMeanUs} µs from machine to machine, and ` +
    `a sync of the database comes on top.`,
  ].join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
