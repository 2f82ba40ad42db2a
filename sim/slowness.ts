/**
 * How many times slower something is than it should be. Faults that overlap
 * make it slower together, each until its own end.
 *
 * @module
 */

/** The slowness of one thread or gateway. See the module's text. */
export class Slowness {
  /** 1 while nothing makes it slower. */
  factor = 1;
  readonly #factors: number[] = [];

  /** Makes it so many times slower until what this gives is called, once. */
  begin(factor: number): () => void {
    this.#factors.push(factor);
    this.#multiply();
    return () => {
      this.#factors.splice(this.#factors.indexOf(factor), 1);
      this.#multiply();
    };
  }

  /** Anew, since a division would leave a rest of its rounding. */
  #multiply(): void {
    this.factor = this.#factors.reduce((product, each) => product * each, 1);
  }
}
