/**
 * `deno task journal ORDER|SKU`: prints the history of an order or a product.
 * It only reads, so it can run beside the shop.
 *
 * @module
 */
import { onlyOne, parseOptions, runCommand, UsageError } from "./command.ts";
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

// Longer lists show only what the question was about.
const MAX_LIST_ITEMS = 3;

interface Usage {
  readonly id: string;
  readonly isJson: boolean;
}

function readUsage(args: string[]): Usage | null {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean" } },
  }, "ORDER|SKU [--json]");
  if (values.help) return null;
  return {
    id: onlyOne(positionals, "ORDER|SKU"),
    isJson: values.json ?? false,
  };
}

async function history({ id, isJson }: Usage): Promise<readonly string[]> {
  const { place, rows } = await openRows();
  const entries = await readHistory(rows, id);
  if (entries.length === 0) {
    throw new UsageError(
      `Expected the id of an order or a SKU, found ${JSON.stringify(id)}, ` +
        `which no event in "${place}" names`,
    );
  }
  return entries.map((each) => isJson ? jsonOf(each) : lineOf(each, id));
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

if (import.meta.main) {
  const command = { help: HELP, read: readUsage, run: history };
  Deno.exit(await runCommand(command, Deno.args));
}
