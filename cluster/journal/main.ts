/**
 * `deno task journal ORDER|SKU`: prints the history of an order or a product.
 * It only reads, so it can run beside the shop.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { StoreError } from "./database.ts";
import {
  folderRows,
  type HistoryEntry,
  type HistoryRows,
  names,
  readHistory,
} from "./history.ts";

const HELP = `Prints the history of an order or a product from the journal.

Usage: deno task journal ORDER|SKU [--json]

  --json   one JSON object on each line, with every field
  --help   this text

Each line: time, partition, epoch:sequence, event, fields. The journal is in
the database of DATABASE_URL where that is set, else in the data folder, which
is DATA_DIR, by default ./data. A shop may be running on it.

Exit code 0, or 2 when nothing was found or something is wrong.`;

/** A mistake in how the command was called; the message is one line. */
class UsageError extends Error {}

// Longer lists show only what the question was about.
const MAX_LIST_ITEMS = 3;

async function main(args: string[]): Promise<number> {
  try {
    const { id, json } = readArguments(args);
    if (id === null) return print([HELP]);
    const { place, rows } = await openRows();
    const entries = await readHistory(rows, id);
    if (entries.length === 0) {
      const shown = JSON.stringify(id);
      throw new UsageError(
        `Expected the id of an order or a SKU, found ${shown}, ` +
          `which no event in "${place}" names`,
      );
    }
    return print(entries.map((each) => json ? jsonOf(each) : lineOf(each, id)));
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StoreError)) {
      throw error;
    }
    write(Deno.stderr, `${error.message}\n`);
    return 2;
  }
}

/** Where the journal is. The client of a database is loaded only for one. */
async function openRows(): Promise<{ place: string; rows: HistoryRows }> {
  const url = Deno.env.get("DATABASE_URL") || null;
  if (url === null) {
    const place = Deno.env.get("DATA_DIR") || "./data";
    return { place, rows: folderRows(place) };
  }
  const { postgresRows } = await import("./postgres_history.ts");
  return postgresRows(url);
}

/** `id` is null when help is wanted. */
function readArguments(args: string[]): { id: string | null; json: boolean } {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: "boolean" }, help: { type: "boolean" } },
    });
  } catch (error) {
    const because = (error as Error).message.split(/[.\n]/)[0];
    throw new UsageError(`Expected ORDER|SKU [--json], found: ${because}`);
  }
  const { values, positionals } = parsed;
  const [id, ...more] = positionals;
  if (values.help) return { id: null, json: false };
  if (id === undefined || id === "" || more.length > 0) {
    const found = positionals.length === 0
      ? "nothing"
      : JSON.stringify(positionals.join(" "));
    throw new UsageError(`Expected one ORDER|SKU, found ${found} (see --help)`);
  }
  return { id, json: values.json ?? false };
}

function jsonOf({ atMs, ...entry }: HistoryEntry): string {
  return JSON.stringify({ at: new Date(atMs).toISOString(), ...entry });
}

/** Fields that are a moment of wall time, not a length. */
const UNTIL = /[uU]ntilMs$/;

function lineOf(entry: HistoryEntry, id: string): string {
  const { kind, atMs: _, ...fields } = entry.event;
  const shown = Object.entries(fields).map(([name, value]) =>
    UNTIL.test(name) && typeof value === "number"
      ? `${name.slice(0, -2)}=${new Date(value).toISOString()}`
      : `${name}=${valueOf(value, id)}`
  );
  return [
    new Date(entry.atMs).toISOString(),
    entry.partition.padEnd(14),
    `${entry.epoch}:${entry.sequence}`.padEnd(8),
    kind.padEnd(17),
    ...shown,
  ].join(" ").trimEnd();
}

function valueOf(value: unknown, id: string): string {
  if (!Array.isArray(value) || value.length <= MAX_LIST_ITEMS) {
    return JSON.stringify(value);
  }
  const about = value.filter((item) => names(item, id));
  const rest = value.length - about.length;
  return `${JSON.stringify(about)} and ${rest} more`;
}

function print(lines: readonly string[]): number {
  for (const line of lines) {
    if (!write(Deno.stdout, `${line}\n`)) break;
  }
  return 0;
}

/** False when nobody reads any more, as behind `| head`. */
function write(to: typeof Deno.stdout, text: string): boolean {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(to.writeSync(rest));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
