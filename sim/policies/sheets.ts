/**
 * The comparison in words and tables: what the terminal shows, and what the
 * page shows beside its drawings.
 *
 * @module
 */
import { EVICTION_NAMES } from "../../actors/cache/bounded_map.ts";
import { figure, whole } from "../report/figures.ts";
import type { Balancing } from "./balancing.ts";
import type { Comparison } from "./comparison.ts";
import { DOORMEN, type Goodput, LOADS, type OverloadCase } from "./overload.ts";

/** A table of words; the first cell of each row names the row. */
export interface SheetTable {
  readonly caption: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What is said of one kind of policy. */
export interface Sheet {
  readonly title: string;
  readonly lead: string;
  readonly tables: readonly SheetTable[];
}

/** The three kinds, in the order of a request: limiters, balancers, caches. */
export function sheetsOf(comparison: Comparison): Sheet[] {
  return [limiters(comparison), balancers(comparison), caches(comparison)];
}

function limiters({ limiters: cases }: Comparison): Sheet {
  return {
    title: "Limiters",
    lead: "Answers in time as a share of what the server can do, when it is " +
      "asked for so many times as much. It is taken to do 1,000 calls a " +
      "second: limiters of a rate are told 950, warm-up to reach them in ten " +
      "of the 120 seconds, adaptive ones nothing. Who waits for longer than a second has gone, and is served all the same.",
    tables: cases.map((each) => ({
      caption: `A server ${each.name}`,
      headings: [
        "limiter",
        ...LOADS.map((load) => `${load} ×`),
        "refused at 3 ×",
        "mean at 3 ×",
      ],
      rows: DOORMEN.map((doorman) => {
        const goodputs = goodputsOf(each, doorman);
        const { refused, meanMs } = goodputs.find(({ load }) => load === 3)!;
        return [
          doorman,
          ...goodputs.map(({ goodput }) => goodput.toFixed(3)),
          percent(refused),
          `${figure(meanMs)} ms`,
        ];
      }),
    })),
  };
}

/** One doorman's, from the least load to the greatest. */
export function goodputsOf(
  { goodputs }: OverloadCase,
  doorman: Goodput["doorman"],
): Goodput[] {
  return goodputs.filter((each) => each.doorman === doorman);
}

function balancers({ balancers: cases }: Comparison): Sheet {
  return {
    title: "Balancers",
    lead: "What callers wait for, in milliseconds, at eight servers of 10 ms " +
      "that are busy for 0.7 of the time, and what the first of them gets. A " +
      "fair share is 12.5 %. Nobody gives up unless it is said; a try that " +
      "fails is followed by one more.",
    tables: cases.map(({ name, policies }) => ({
      caption: capitalized(name),
      headings: [
        ...["balancer", "share of first", "mean", "p50", "p99"],
        ...["failed tries", "failed calls"],
      ],
      rows: policies.map(balancerRow),
    })),
  };
}

function balancerRow(each: Balancing): string[] {
  return [
    each.policy,
    percent(each.firstShare, 2),
    figure(each.meanMs),
    figure(each.p50Ms),
    figure(each.p99Ms),
    whole(each.failedTries),
    whole(each.failed),
  ];
}

function caches({ caches: all }: Comparison): Sheet {
  const headings = ["reads", "room for", ...EVICTION_NAMES];
  return {
    title: "Caches",
    lead: "Reads that the cache answers. There are 10,000 products and " +
      "600,000 reads, of which a tenth only fills the cache; the order lines " +
      "are those of a real shop, from the first on.",
    tables: [{
      caption: "Hit ratios",
      headings,
      rows: all.map(({ reads, entries, hitRatios }) => [
        reads,
        whole(entries),
        ...EVICTION_NAMES.map((policy) => percent(hitRatios[policy])),
      ]),
    }],
  };
}

function percent(ratio: number, digits = 1): string {
  return `${(ratio * 100).toFixed(digits)} %`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** As wide as a terminal. */
const WIDTH = 78;

/** The sheets as text. */
export function textOf(sheets: readonly Sheet[]): string {
  return sheets.flatMap(({ title, lead, tables }) => [
    title.toUpperCase(),
    ...wrapped(lead),
    ...tables.flatMap((table) => ["", table.caption, ...linesOf(table)]),
    "",
  ]).join("\n");
}

function wrapped(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

/** Names stand left, figures right. */
function linesOf({ headings, rows }: SheetTable): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => row[column]!.length))
  );
  return all.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    ).join("  ")
  );
}
