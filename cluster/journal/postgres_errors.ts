/**
 * What PostgreSQL and its client say, as one line for a person.
 *
 * @module
 */
import { StoreError, type StoreFault } from "./database.ts";
import { codeOf, LateError, placeOf } from "./postgres_connection.ts";

/**
 * Names a database for messages, without its password. Throws `StoreError`
 * for what is not the URL of one.
 */
export function placeOrRefuse(url: string): string {
  try {
    const { protocol, hostname, pathname } = new URL(url);
    const isOne = /^postgres(ql)?:$/.test(protocol) && hostname !== "" &&
      pathname.length > 1;
    if (isOne) return placeOf(url);
  } catch {
    // Said below.
  }
  // What was found may hold a password, so it is not shown.
  throw new StoreError(
    "missing",
    "DATABASE_URL",
    "postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    "something else",
  );
}

/** What the server said, by its code: what it means and what was expected. */
const FAULTS: readonly (readonly [RegExp, StoreFault, string])[] = [
  [/^28/, "refused", "a user and password that the server accepts"],
  [/^3D/, "missing", "a database of that name"],
  [/^42501/, "unwritable", "the rights of an owner of the schema doorbuster"],
  [/^(42P01|42703|42P07|42710)/, "foreign", "a store's tables"],
  [/^(57014|55P03|40P01)/, "in-use", "an end of the migration under way"],
  [/^25006/, "unwritable", "a server that takes writes"],
  [/^53[12]/, "unwritable", "a server with room"],
  [/^(53|57|08)/, "unreachable", "a server that takes connections"],
];

/** One line for whatever went wrong; a mistake of ours stays what it is. */
export function storeErrorOf(error: unknown, place: string): unknown {
  if (error instanceof StoreError) return error;
  const found = String((error as Error)?.message ?? error)
    .replaceAll(/\s+/g, " ");
  const code = codeOf(error);
  if (code === null) {
    if (!(error instanceof LateError || isOfNetwork(error))) return error;
    const expected = "a server that answers";
    return new StoreError("unreachable", place, expected, found);
  }
  const known = FAULTS.find(([pattern]) => pattern.test(code));
  return known === undefined
    ? error
    : new StoreError(known[1], place, known[2], found);
}

/** Errors of sockets, names and the client carry a code in capitals. */
function isOfNetwork(error: unknown): boolean {
  const { code } = Object(error);
  return typeof code === "string" && /^[A-Z][A-Z0-9_]+$/.test(code);
}
