/**
 * Lets a test say what it needs, so that a plain `deno test` reports it as
 * ignored instead of failing it. A test that needs nothing does not use this.
 *
 * @module
 */

/** The kinds of permission that a test can ask about. */
export type PermissionName =
  | "read"
  | "write"
  | "net"
  | "run"
  | "env"
  | "ffi"
  | "sys";

/**
 * True when every named permission is granted without restriction and without
 * asking anyone. For a test: `ignore: !granted("read", "write")`.
 */
export function granted(...names: readonly PermissionName[]): boolean {
  return names.every((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );
}
