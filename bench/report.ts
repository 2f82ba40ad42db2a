/**
 * Results as a table for people. A row for each figure with the peers' figures
 * under it, the ratio to each, and the goals with how they stand.
 *
 * @module
 */
import { type Goal, judge, type Result } from "./benchmark.ts";

const HEADINGS = ["", "figure", "ratio", "floor", "aim", ""] as const;

/** The table, with a line for each figure of ours and for each peer's. */
export function table(results: readonly Result[]): string {
  const rows = results.flatMap(rowsOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  return [[...HEADINGS], ...rows].map((row) =>
    row.map((cell, column) =>
      // Names stand left, figures right.
      column === 0
        ? cell.padEnd(widths[column] ?? 0)
        : cell.padStart(widths[column] ?? 0)
    ).join("  ").trimEnd()
  ).join("\n");
}

function rowsOf(result: Result): string[][] {
  const { metric, unit, ours, peers, ratio } = result;
  const goal = (against: string | null) =>
    result.goals.find((each) => each.against === against);
  return [
    [metric, figure(ours, unit), "", ...goalCells(result, goal(null))],
    ...Object.entries(peers).map(([name, value]) => [
      `  ${name}`,
      figure(value, unit),
      (ratio[name] ?? NaN).toFixed(2),
      ...goalCells(result, goal(name)),
    ]),
  ];
}

function goalCells(result: Result, goal: Goal | undefined): string[] {
  if (goal === undefined) return ["", "", ""];
  const sign = result.lowerIsBetter ? "≤" : "≥";
  return [
    `${sign} ${goal.floor}`,
    goal.aim === undefined ? "" : `${sign} ${goal.aim}`,
    { aim: "aim reached", met: "met", missed: "MISSED" }[judge(result, goal)],
  ];
}

function figure(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}
