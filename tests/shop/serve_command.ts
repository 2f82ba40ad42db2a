/**
 * `deno task serve` as the person at the keyboard has it: the task's own
 * command with its own permissions, any environment, and what it wrote to
 * stdout and stderr kept apart.
 *
 * @module
 */
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { within } from "./shop_process.ts";

/** The tasks that an operator runs. */
export type Task = "serve" | "journal" | "backup" | "restore" | "archive";

/** The folder in which the commands run. */
export const ROOT = new URL("../../", import.meta.url);

/** The variables that the contract names. */
export type Environment = Partial<
  Record<
    | "HOST"
    | "PORT"
    | "DATA_DIR"
    | "CATALOG"
    | "SESSION_SECRET"
    | "ADMIN_TOKEN"
    | "REDIS_URL"
    | "DATABASE_URL"
    | "SHOP_CONFIG",
    string
  >
>;

/** How a command ended and what it wrote. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that waits ten seconds for a lock needs more on a busy machine. */
const ENDS_WITHIN_MS = 60_000;

/** An empty variable counts as unset, so nothing is inherited. */
const UNSET: Environment = {
  HOST: "",
  PORT: "0",
  CATALOG: "",
  SESSION_SECRET: "",
  ADMIN_TOKEN: "",
  REDIS_URL: "",
  DATABASE_URL: "",
  SHOP_CONFIG: "",
};

/** The words behind `deno` in a task, with `args` behind them. */
export function commandOf(
  task: Task,
  args: readonly string[] = [],
): string[] {
  return [...manifest.tasks[task].command.split(" ").slice(1), ...args];
}

/** A process of the shop that is running. */
export class Serving implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Text;
  readonly #stderr: Text;
  /** Resolves when it has ended and all that it wrote is read. */
  readonly ended: Promise<Ran>;

  /** Starts `command`, by default the serve task's own. */
  constructor(
    environment: Environment,
    command: readonly string[] = [Deno.execPath(), ...commandOf("serve")],
  ) {
    const [program, ...args] = command;
    this.#child = new Deno.Command(program!, {
      args,
      cwd: ROOT,
      env: { ...UNSET, ...environment, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Text(this.#child.stdout);
    this.#stderr = new Text(this.#child.stderr);
    this.ended = this.#end();
  }

  /** Its number among processes. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it has written to stdout so far. */
  get stdout(): string {
    return this.#stdout.read;
  }

  /** What it has written to stderr so far. */
  get stderr(): string {
    return this.#stderr.read;
  }

  /** The address that it prints; `nth` counts lives behind one stdout. */
  async ready(nth = 1): Promise<string> {
    const line = new RegExp(`(?:^ready [^]*?){${nth - 1}}^ready (\\S+)$`, "m");
    const found = await within(
      ENDS_WITHIN_MS,
      "the shop to be ready",
      this.#stdout.until((text) => line.exec(text)),
    );
    if (found !== null) return found[1]!;
    throw new Error(`The shop ended:\n${this.stdout}${this.stderr}`);
  }

  /** Resolves when stderr has a whole line that says `words`. */
  async logs(words: string): Promise<void> {
    const found = await within(
      ENDS_WITHIN_MS,
      `the log to say "${words}"`,
      this.#stderr.until((text) => isWhole(text, words) || null),
    );
    assert(found, `The shop ended:\n${this.stdout}${this.stderr}`);
  }

  /** Sends a signal; resolves with how it ended. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<Ran> {
    this.#child.kill(signal);
    return within(ENDS_WITHIN_MS, "the shop to end", this.ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.ended;
  }

  async #end(): Promise<Ran> {
    const { code } = await this.#child.status;
    await Promise.all([this.#stdout.ended, this.#stderr.ended]);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}

function isWhole(text: string, words: string): boolean {
  const at = text.indexOf(words);
  return at >= 0 && text.includes("\n", at);
}

/** Runs a task of the shop to its end. */
export async function run(
  environment: Environment,
  args: readonly string[] = [],
  task: Task = "serve",
): Promise<Ran> {
  const command = [Deno.execPath(), ...commandOf(task, args)];
  await using process = new Serving(environment, command);
  return await within(ENDS_WITHIN_MS, "the command to end", process.ended);
}

/** Requires exit code 2 and one line on stderr, and gives the line. */
export function refusal({ code, stdout, stderr }: Ran): string {
  assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, stderr);
  const [line, ...more] = stderr.split("\n");
  assert.deepEqual(more, [""]);
  return line!;
}

/** What a stream has brought, and who waits for something in it. */
class Text {
  read = "";
  readonly ended: Promise<void>;
  #isEnded = false;
  readonly #watchers = new Set<() => void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#readAll(stream);
  }

  /** What `find` first finds; null when the stream ends without it. */
  async until<Found>(
    find: (text: string) => Found | null,
  ): Promise<Found | null> {
    for (;;) {
      const found = find(this.read);
      if (found !== null || this.#isEnded) return found;
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  async #readAll(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.read += text;
      this.#wake();
    }
    this.#isEnded = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}
