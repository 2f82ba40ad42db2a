/**
 * One step of the test command: a Deno command, run to its end or to its
 * deadline, with progress on a terminal and with everything that it printed
 * kept for the case that it fails.
 *
 * @module
 */
import { type Count, countStep } from "./count.ts";

/** A Deno command and how its result is counted. */
export interface Step {
  readonly name: string;
  /** What stands behind `deno`. */
  readonly command: readonly string[];
  /** A test run, counted by its report; otherwise a tool, counted as one. */
  readonly report: boolean;
}

/** How a step ended. */
export interface StepResult {
  readonly count: Count;
  /** What it printed, when it failed; else empty. */
  readonly complaint: string;
}

/** The whole suite has 12 minutes; a step that takes 8 of them is stuck. */
const DEADLINE_MS = 480_000;

/** A finished test in the output of `deno test`. */
const FINISHED = /\.\.\. .*?(ok|FAILED|ignored)/g;

/** Runs a step. A deadline that passes is a failure of the step. */
export async function runStep(step: Step): Promise<StepResult> {
  const reportPath = step.report ? await Deno.makeTempFile() : null;
  try {
    const child = spawn(step, reportPath);
    const progress = new Progress(step.name);
    const [printed, complaints, status] = await Promise.all([
      collect(child.stdout, progress),
      collect(child.stderr, progress),
      child.status,
    ]);
    progress.end(status.success);
    const report = reportPath && await Deno.readTextFile(reportPath);
    const how = status.signal === null ? "failed" : `ended by ${status.signal}`;
    return {
      count: countStep(status.success, report),
      complaint: status.success
        ? ""
        : `--- ${step.name} ${how}: deno ${step.command.join(" ")}\n` +
          fromErrors(printed + complaints),
    };
  } finally {
    if (reportPath !== null) await Deno.remove(reportPath);
  }
}

function spawn(step: Step, reportPath: string | null): Deno.ChildProcess {
  const report = reportPath === null ? [] : [`--junit-path=${reportPath}`];
  return new Deno.Command(Deno.execPath(), {
    args: [...step.command, ...report],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  progress: Progress,
): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    progress.saw(chunk);
  }
  return text;
}

/** Leaves out the tests that passed before the list of errors. */
function fromErrors(printed: string): string {
  return printed.slice(Math.max(0, printed.indexOf("\n ERRORS ")));
}

/** One line that a terminal overwrites. A pipe sees nothing of it. */
class Progress {
  readonly #name: string;
  readonly #startedAtMs = performance.now();
  readonly #isShown = Deno.stdout.isTerminal();
  #finished = 0;

  constructor(name: string) {
    this.#name = name;
    this.#show("…");
  }

  saw(chunk: string): void {
    this.#finished += chunk.match(FINISHED)?.length ?? 0;
    this.#show("…");
  }

  end(succeeded: boolean): void {
    this.#show(succeeded ? "ok\n" : "FAILED\n");
  }

  #show(state: string): void {
    if (!this.#isShown) return;
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    const rate = this.#finished === 0
      ? ""
      : `${this.#finished} tests, ${(this.#finished / seconds).toFixed(0)}/s, `;
    const line = `${this.#name}: ${rate}${seconds.toFixed(1)} s ${state}`;
    Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
  }
}
