/**
 * How long each kind of misfortune was felt, as lines of text.
 *
 * @module
 */
import type { Recovery } from "./chaos_campaign.ts";

const HEAD = ["what happened", "times", "others again", "all again"];

/**
 * A line for each kind: how often, the median and the longest time until the
 * other processes served everything (from its begin), and until all did (from
 * its end), in seconds.
 */
export function recoveryTable(recoveries: readonly Recovery[]): string {
  const byKind = Map.groupBy(recoveries, ({ kind }) => kind);
  const rows = [...byKind].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([kind, list]) => [
      kind,
      String(list.length),
      spread(list.map(({ othersMs }) => othersMs)),
      spread(list.map(({ allMs }) => allMs)),
    ]);
  const widths = HEAD.map((title, column) =>
    Math.max(...[HEAD, ...rows].map((row) => row[column]!.length), title.length)
  );
  return [HEAD, ...rows].map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  ).join("\n");
}

/** `median / longest`; a dash where there were no others. */
function spread(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((a, b) => a - b);
  if (sorted.at(-1) === 0) return "-";
  const median = sorted[Math.floor(sorted.length / 2)]!;
  return [median, sorted.at(-1)!]
    .map((ms) => `${(ms / 1_000).toFixed(1)} s`).join(" / ");
}
