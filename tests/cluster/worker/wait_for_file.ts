/**
 * Holds a thread until another one has written a file: how a test knows what
 * threads do at the same time, without a message that both would need.
 *
 * @module
 */

/** True when the file is there before the time is over. */
export function waitForFile(path: string, withinMs: number): boolean {
  const endMs = performance.now() + withinMs;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  while (!isThere(path)) {
    if (performance.now() >= endMs) return false;
    // The thread is held all the same: nothing else happens in it.
    Atomics.wait(nobody, 0, 0, 1);
  }
  return true;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
