/**
 * The topology section of a config: which actors there are, where they run and
 * which of them keeps the stock of a product.
 *
 * @module
 */
import { z } from "zod";
import type { RangeMap } from "../actors/placement.ts";
import { duration, integer, section, size } from "./config_rules.ts";

/**
 * Partitions of a kind: enough to spread over any machine, few enough that
 * each is still worth a supervisor and a journal cursor.
 */
const partitionCount = integer(1, 4096);

/** A person writes them: four for each of the 64 workers that there can be. */
const RANGES_MAX = 256;

const border = z.string({ error: "a SKU" })
  .max(64, { error: "a SKU of at most 64 characters" });

/** The SKUs from `from` to before `to`, by code unit, and who keeps them. */
const stockRange = section({
  // Empty: the lowest.
  from: border.default(""),
  // Null: there is none above.
  to: border.nullable().default(null),
  partition: integer(0, 4095),
});

/** Which actors there are and where they run. */
export const topology = section({
  /**
   * paired: storefront partitions and inventory shards share shop workers.
   * spread: every actor has a worker of its own. inline: all in one thread.
   */
  placement: z.enum(["paired", "spread", "inline"], {
    error: '"paired", "spread" or "inline"',
  }).default("paired"),
  // A worker takes about 13 MB: 64 are what a large machine has cores for.
  shopWorkers: integer(1, 64).default(2),
  cacheNodes: integer(1, 64).default(2),
  // Threads that only read the catalog. 0: each cache node reads it itself,
  // which is the least work while a read is one look into a local index.
  catalogReaders: integer(0, 64).default(0),
  partitions: section({
    storefront: partitionCount.default(16),
    inventory: partitionCount.default(16),
    accounts: partitionCount.default(4),
  }).prefault({}),
  // Which inventory partition keeps a SKU; as the counts, of a new store only.
  stock: section({
    router: z.enum(["hash", "range"], { error: '"hash" or "range"' })
      .default("hash"),
    ranges: z.array(stockRange, { error: "an array of ranges" })
      .max(RANGES_MAX, { error: `at most ${RANGES_MAX} ranges` }).default([]),
  }).prefault({}),
  // 128 keep the shares of 8 nodes within 8 % of the mean.
  virtualNodes: integer(1, 4096).default(128),
  restart: section({
    maxRestarts: integer(0, 1000).default(5),
    period: duration("1ms", "1h").default("10s"),
    backoffMin: duration("1ms", "1m").default("100ms"),
    backoffMax: duration("1ms", "10m").default("5s"),
  }).prefault({}),
  // 16 × 250 ms: a hang is noticed after 4 s. A pause of the collector takes
  // milliseconds, but a disk that syncs late or a core that others have kept a
  // sound worker silent for over 2 s, and replacing it cost more than waiting.
  heartbeat: section({
    every: duration("10ms", "1m").default("250ms"),
    missed: integer(1, 1000).default(16),
  }).prefault({}),
  // What may live long in the heap of one worker. Null is what V8 allows: a
  // quarter of the machine's memory and at most 4 GB. A new worker has 8 MB.
  workerMemoryLimit: size("64MB", "64GB").nullable().default(null),
}).superRefine(({ partitions, stock }, context) => {
  for (const { path, message } of misfits(stock, partitions.inventory)) {
    context.addIssue({
      code: "custom",
      path: ["stock", "ranges", ...path],
      message,
    });
  }
});

type Stock = z.output<typeof topology>["stock"];
type StockRange = Stock["ranges"][number];

/** Something that is not as it should be, inside the list of ranges. */
interface Misfit {
  readonly path: readonly (string | number)[];
  /** What was expected. */
  readonly message: string;
}

/** The ranges in their order; null: stock is shared out by hash. */
export function rangesOf({ router, ranges }: Stock): RangeMap | null {
  if (router === "hash") return null;
  const sorted = inOrder(ranges);
  return {
    borders: sorted.map(({ range }) => range.from),
    partitions: sorted.map(({ range }) => range.partition),
  };
}

/** Why a list of ranges is no map in which every SKU has its partition. */
function misfits({ router, ranges }: Stock, partitions: number): Misfit[] {
  if (router === "hash") {
    const message = 'none, as the router is "hash"';
    return ranges.length === 0 ? [] : [{ path: [], message }];
  }
  const ofOne = ranges.flatMap((_, index) =>
    misfitOfRange(ranges, index, partitions) ?? []
  );
  if (ofOne.length > 0) return ofOne;
  if (ranges.length === partitions) return misfitsOfBorders(ranges);
  const message = `${partitions} ranges, one for each inventory partition`;
  return [{ path: [], message }];
}

function misfitOfRange(
  ranges: readonly StockRange[],
  index: number,
  partitions: number,
): Misfit | null {
  const { from, to, partition } = ranges[index]!;
  if (partition >= partitions) {
    const message = `an inventory partition, from 0 to ${partitions - 1}`;
    return { path: [index, "partition"], message };
  }
  const same = ranges.findIndex((range) => range.partition === partition);
  if (same < index) {
    const message = `another partition than that of ranges.${same}`;
    return { path: [index, "partition"], message };
  }
  if (to === null || from < to) return null;
  return {
    path: [index, "to"],
    message: `a SKU above ${show(from)}, its from`,
  };
}

/** What two ranges claim, and what none does. */
function misfitsOfBorders(ranges: readonly StockRange[]): Misfit[] {
  const found: Misfit[] = [];
  const sorted = inOrder(ranges);
  const [first] = sorted;
  if (first !== undefined && first.range.from !== "") {
    const message = `"", as no range has the SKUs below that`;
    found.push({ path: [first.index, "from"], message });
  }
  for (const [place, { index, range }] of sorted.entries()) {
    const next = sorted[place + 1];
    if (next === undefined) {
      if (range.to === null) break;
      const message = "null, as no range has the SKUs from there on";
      found.push({ path: [index, "to"], message });
    } else if (range.to === null || next.range.from < range.to) {
      const message = `a range that does not overlap ranges.${index}, ` +
        spanOf(range);
      found.push({ path: [next.index], message });
    } else if (next.range.from > range.to) {
      const message = `${show(range.to)}, as no range has the SKUs from ` +
        `there, where ranges.${index} ends`;
      found.push({ path: [next.index, "from"], message });
    }
  }
  return found;
}

function inOrder(ranges: readonly StockRange[]) {
  return ranges.map((range, index) => ({ range, index })).sort((one, other) =>
    one.range.from < other.range.from
      ? -1
      : Number(one.range.from > other.range.from)
  );
}

function spanOf({ from, to }: StockRange): string {
  return `from ${show(from)} ${to === null ? "on" : `to before ${show(to)}`}`;
}

function show(sku: string): string {
  return JSON.stringify(sku);
}
