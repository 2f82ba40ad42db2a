/**
 * What the commands on a data folder share: how they are called and refuse to
 * be, and how they talk to a terminal. What is wrong with a call or a file is
 * one line on stderr and exit code 2.
 *
 * @module
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { StoreError } from "./database.ts";

/** A mistake in how a command was called; the message is one line. */
export class UsageError extends Error {}

/** A command: its help, how it reads its arguments, and what it does. */
export interface Command<Usage> {
  readonly help: string;
  /** Null: help is wanted. Throws a `UsageError`. */
  readonly read: (args: string[]) => Usage | null;
  /** Gives the lines to print. */
  readonly run: (usage: Usage) => Iterable<string> | Promise<Iterable<string>>;
}

/** Runs a command and gives its exit code. */
export async function runCommand<Usage>(
  { help, read, run }: Command<Usage>,
  args: string[],
): Promise<number> {
  try {
    const usage = read(args);
    for (const line of usage === null ? [help] : await run(usage)) {
      if (!write(Deno.stdout, `${line}\n`)) break;
    }
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StoreError)) {
      throw error;
    }
    write(Deno.stderr, `${error.message}\n`);
    return 2;
  }
}

/** `parseArgs`, whose refusals are a `UsageError` that says what was expected. */
export function parseOptions<const Config extends ParseArgsConfig>(
  config: Config,
  expected: string,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const because = (error as Error).message.split(/[.\n]/)[0];
    throw new UsageError(`Expected ${expected}, found: ${because}`);
  }
}

/** The one thing that a command takes. */
export function onlyOne(positionals: readonly string[], what: string): string {
  const [only] = positionals;
  if (only !== undefined && only !== "" && positionals.length === 1) {
    return only;
  }
  const found = positionals.length === 0
    ? "nothing"
    : JSON.stringify(positionals.join(" "));
  throw new UsageError(`Expected one ${what}, found ${found} (see --help)`);
}

/** The folder that a command takes, and nothing else; null: help is wanted. */
export function readFolder(args: string[]): { folder: string } | null {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean" } },
  }, "FOLDER");
  return values.help ? null : { folder: onlyOne(positionals, "FOLDER") };
}

/** Refuses to look at files when the store is in PostgreSQL. */
export function refusePostgres(databaseUrl: string | undefined, use: string) {
  if (!databaseUrl) return;
  throw new UsageError(
    `DATABASE_URL: expected none, as this command is for a store in files; ` +
      `for PostgreSQL use ${use} (docs/OPERATIONS.md)`,
  );
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

/**
 * How far a copy is, as one line that a terminal overwrites; a pipe sees
 * nothing of it.
 */
export function copyProgress(
  nowMs: () => number,
): (doneBytes: number, totalBytes: number) => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const startedMs = nowMs();
  return (doneBytes, totalBytes) => {
    const bytesPerMs = doneBytes / Math.max(nowMs() - startedMs, 1);
    const leftMs = (totalBytes - doneBytes) / Math.max(bytesPerMs, 1);
    const isDone = doneBytes >= totalBytes;
    const line = `${megabytes(doneBytes)} of ${megabytes(totalBytes)}, ` +
      `${megabytes(bytesPerMs * 1000)} a second, ` +
      `${Math.ceil(leftMs / 1000)} s left`;
    write(Deno.stderr, `\r\x1b[K${isDone ? "" : line}`);
  };
}

/** The same for steps of one kind, such as "partitions". */
export function stepProgress(
  what: string,
): (done: number, total: number) => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  return (done, total) => {
    const line = done >= total ? "" : `${done} of ${total} ${what}`;
    write(Deno.stderr, `\r\x1b[K${line}`);
  };
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
