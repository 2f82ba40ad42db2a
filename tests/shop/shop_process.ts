/**
 * A shop as its operator runs it: the process of `deno task serve`, on a free
 * port and a folder of its own, killed or stopped by real signals. It never
 * outlives the test that started it.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** The programs of a loaded machine start slowly; 100,000 products take 10 s. */
const READY_WITHIN_MS = 90_000;
/** A line in the log that does not come in this time never will. */
const LINE_WITHIN_MS = 30_000;

/** One line of the log, as the shop writes it. */
export interface LogLine {
  readonly level: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

/** Where a shop keeps its things, and what it is told. */
export interface ShopSettings {
  readonly dataFolder: string;
  /** A JSON file of products. */
  readonly catalog: string;
  readonly sessionSecret: string;
  readonly adminToken: string;
  /** A config file; the defaults without one. */
  readonly config?: string;
  /** Starts `deno task serve` itself, which then forwards signals. */
  readonly throughTask?: boolean;
  /** Variables besides. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A running shop. */
export class ShopProcess implements AsyncDisposable {
  /** Where it answers; rejects when it ends before it is ready. */
  readonly url: Promise<string>;
  /** How it ended, once all that it wrote is read. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #written: string[] = [];
  readonly #logged: LogLine[] = [];
  readonly #watchers = new Set<(line: LogLine) => void>();
  #running = true;

  constructor(settings: ShopSettings) {
    this.#child = commandOf(settings).spawn();
    const ready = Promise.withResolvers<string>();
    // Who kills a shop before it is ready does not ask for its address.
    ready.promise.catch(() => {});
    this.url = within(READY_WITHIN_MS, "the shop to be ready", ready.promise);
    this.url.catch(() => {});
    const read = Promise.all([
      this.#read(this.#child.stdout, (line) => {
        if (line.startsWith("ready ")) ready.resolve(line.slice(6));
      }),
      this.#read(this.#child.stderr, (line) => this.#note(line)),
    ]);
    this.ended = this.#child.status.then(async (status) => {
      await read;
      this.#running = false;
      const how = status.signal ?? `exit code ${status.code}`;
      ready.reject(new Error(`The shop ended, ${how}:\n${this.written}`));
      return status;
    });
  }

  /** All that it wrote, on stdout and stderr. */
  get written(): string {
    return this.#written.join("\n");
  }

  /** False once it has ended and all that it wrote is read. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** The log so far. */
  get logged(): readonly LogLine[] {
    return this.#logged;
  }

  /** The first line of the log, written or to come, that `matches`. */
  line(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const known = this.#logged.find(matches);
    if (known !== undefined) return Promise.resolve(known);
    const { promise, resolve } = Promise.withResolvers<LogLine>();
    const watch = (line: LogLine) => {
      if (!matches(line)) return;
      this.#watchers.delete(watch);
      resolve(line);
    };
    this.#watchers.add(watch);
    return within(LINE_WITHIN_MS, `a log line that ${matches}`, promise);
  }

  /** Sends a signal; returns at once. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#running) this.signal("SIGKILL");
    await this.ended;
  }

  /** Ends it as an operator would; resolves with how it went. */
  stop(): Promise<Deno.CommandStatus> {
    this.signal("SIGTERM");
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    take: (line: string) => void,
  ): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.#written.push(...lines);
      lines.forEach(take);
    }
  }

  #note(text: string): void {
    // What is no JSON is a message of Deno, or the one line of a refusal.
    if (!text.startsWith("{")) return;
    const line = JSON.parse(text) as LogLine;
    this.#logged.push(line);
    for (const watch of this.#watchers) watch(line);
  }
}

/** The serve task's own command, with its permissions and no others. */
function commandOf(settings: ShopSettings): Deno.Command {
  const { serve } = manifest.tasks;
  const args = settings.throughTask
    ? ["task", "--quiet", "serve"]
    : serve.command.split(" ").slice(1);
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      DATA_DIR: settings.dataFolder,
      CATALOG: settings.catalog,
      SESSION_SECRET: settings.sessionSecret,
      ADMIN_TOKEN: settings.adminToken,
      SHOP_CONFIG: settings.config ?? "",
      REDIS_URL: "",
      DATABASE_URL: "",
      ...settings.environment,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Rejects when `what` did not come in time. */
export async function within<Value>(
  limitMs: number,
  what: string,
  promise: Promise<Value>,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${limitMs} ms for ${what}`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
