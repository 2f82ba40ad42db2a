/**
 * A server as a process of its own: started, waited for, looked at, stopped.
 * Every server of the benchmark prints `ready http://HOST:PORT` when it takes
 * requests. What it said on stderr is kept, for the case that it never does.
 *
 * @module
 */
import { BenchmarkError } from "../benchmark.ts";

/** What to start. */
export interface ChildOptions {
  /** How messages call it. */
  readonly name: string;
  /** Arguments of `deno`, or of `program`. */
  readonly args: readonly string[];
  /** Deno itself, unless told otherwise. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; here, unless told otherwise. */
  readonly cwd?: string;
  /** The first line that says that it is ready; its group is kept. */
  readonly ready?: RegExp;
}

/** Importing a million products takes the longest, some tens of seconds. */
const READY_WITHIN_MS = 180_000;

/** The shop's own promise is 10 s; whoever needs longer is killed. */
const STOPPED_WITHIN_MS = 15_000;

/** Enough of stderr to see why a server did not start. */
const KEPT_CHARACTERS = 4096;
const LAST_LINES = 3;

/** Linux counts time in this unit towards programs (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** See the module. */
export class Child {
  readonly #process: Deno.ChildProcess;
  /** All output has been read when these are done. */
  readonly #read: Promise<unknown>;
  #said = "";
  #ended = "";
  #announced: (text: string | null) => void = () => {};

  private constructor(options: ChildOptions) {
    this.#process = new Deno.Command(options.program ?? Deno.execPath(), {
      args: [...options.args],
      env: { NO_COLOR: "1", ...options.env },
      cwd: options.cwd ?? Deno.cwd(),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const ready = options.ready ?? /^ready (http\S+)$/m;
    this.#read = Promise.all([
      this.#readOutput(ready),
      this.#readErrors(),
      this.#process.status.then(({ code, signal }) => {
        this.#ended = signal === null ? `exit ${code}` : signal;
      }),
    ]);
  }

  /**
   * Starts a process and waits until it is ready.
   *
   * @returns The process, and what it announced (its URL).
   * @throws {BenchmarkError} When it ends or its time passes before that.
   */
  static async start(
    options: ChildOptions,
  ): Promise<{ child: Child; announced: string }> {
    const child = new Child(options);
    let deadline: ReturnType<typeof setTimeout> | undefined;
    const announced = await new Promise<string | null>((resolve) => {
      child.#announced = resolve;
      deadline = setTimeout(() => resolve(null), READY_WITHIN_MS);
    });
    clearTimeout(deadline);
    if (announced !== null) return { child, announced };
    await child.kill();
    throw new BenchmarkError(
      `${options.name} did not become ready: ${child.lastWords()}`,
    );
  }

  /** The end of what it said on stderr, in one line, and how it ended. */
  lastWords(): string {
    const lines = this.#said.trim().split("\n").slice(-LAST_LINES);
    return [...lines, ...this.#ended === "" ? [] : [this.#ended]].join(" / ");
  }

  /** Memory in use, as the kernel counts it (resident set). */
  memoryBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#process.pid}/status`);
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? NaN : Number(kilobytes) * 1024;
  }

  /** Processor time used so far by all its threads, in seconds. */
  cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#process.pid}/stat`);
    // Behind the name, which may hold spaces: the 14th and 15th fields of all.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Asks it to finish, and kills it when it does not. */
  async stop(): Promise<void> {
    const deadline = setTimeout(
      () => this.#signal("SIGKILL"),
      STOPPED_WITHIN_MS,
    );
    this.#signal("SIGTERM");
    await this.#process.status;
    clearTimeout(deadline);
    await this.#read;
  }

  /** Takes the process away at once. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#process.status;
    await this.#read;
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It ended by itself, which whoever waits for its status finds out.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #readOutput(ready: RegExp): Promise<void> {
    let text = "";
    const { stdout } = this.#process;
    for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
      text = (text + chunk).slice(-KEPT_CHARACTERS);
      // The line is whole when its end is there.
      const match = ready.exec(text.slice(0, text.lastIndexOf("\n") + 1));
      if (match !== null) this.#announced(match[1] ?? "");
    }
    this.#announced(null);
  }

  async #readErrors(): Promise<void> {
    const { stderr } = this.#process;
    for await (const chunk of stderr.pipeThrough(new TextDecoderStream())) {
      this.#said = (this.#said + chunk).slice(-KEPT_CHARACTERS);
    }
  }
}
