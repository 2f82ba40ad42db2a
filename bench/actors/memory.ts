/**
 * The memory of this process.
 *
 * @module
 */

/** With `--v8-flags=--expose-gc`. */
const { gc } = globalThis as { gc?: () => void };

/** Resident memory, as the kernel counts it, after the garbage is gone. */
export function residentBytes(): number {
  gc?.();
  return Deno.memoryUsage().rss;
}
