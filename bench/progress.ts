/**
 * How far a long run is: steps done, steps each minute, time left. One line
 * that a terminal overwrites; a pipe sees nothing of it.
 *
 * @module
 */

/** See the module. */
export class Progress {
  readonly #isShown: boolean;
  readonly #startedAtMs = performance.now();
  #steps = 0;
  #done = 0;

  constructor(isShown: boolean = Deno.stderr.isTerminal()) {
    this.#isShown = isShown;
  }

  /** Adds steps to what there is to do. */
  plan(steps: number): void {
    this.#steps += steps;
  }

  /** A step is done. */
  step(what: string): void {
    this.#done++;
    this.#show(progressLine(
      this.#done,
      this.#steps,
      performance.now() - this.#startedAtMs,
      what,
    ));
  }

  /** Takes the line away again. */
  end(): void {
    this.#show("");
  }

  #show(line: string): void {
    if (!this.#isShown) return;
    Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
  }
}

/** The line after `done` of `steps` steps. */
export function progressLine(
  done: number,
  steps: number,
  elapsedMs: number,
  what: string,
): string {
  const perMinute = (done * 60_000) / elapsedMs;
  const leftSeconds = Math.ceil(((steps - done) / perMinute) * 60);
  const left = leftSeconds < 60
    ? `${leftSeconds} s`
    : `${Math.ceil(leftSeconds / 60)} min`;
  return `${done} of ${steps}, ${perMinute.toFixed(0)} a minute, ` +
    `${left} left: ${what}`;
}
