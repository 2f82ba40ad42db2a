/**
 * Which pool a request's path goes to: that of the longest prefix, as nginx
 * chooses a `location`. A prefix is of text, not of segments: with `/api` and
 * `/` there, `/apiary` goes to `/api`, since that is what a file of such rules
 * means elsewhere. Whoever wants the segment alone writes `/api/`.
 *
 * @module
 */

/** See the module. `Target` is what a prefix leads to. */
export class PathPools<Target> {
  /** The longest prefix first. */
  readonly #prefixes: readonly (readonly [prefix: string, target: Target])[];

  /**
   * Takes what each prefix leads to, in any order.
   *
   * @throws {RangeError} For a prefix that does not begin with a slash, or
   * comes twice.
   */
  constructor(prefixes: readonly (readonly [string, Target])[]) {
    const seen = new Set<string>();
    for (const [prefix] of prefixes) {
      if (prefix.startsWith("/") && !seen.has(prefix)) seen.add(prefix);
      else {
        throw new RangeError(
          `Cannot route paths as each prefix must begin with "/" and come ` +
            `once: current value is "${prefix}"`,
        );
      }
    }
    this.#prefixes = prefixes.toSorted(([left], [right]) =>
      right.length - left.length
    );
  }

  /** What the path leads to; null when no prefix fits. */
  route(path: string): Target | null {
    for (const [prefix, target] of this.#prefixes) {
      if (path.startsWith(prefix)) return target;
    }
    return null;
  }
}
