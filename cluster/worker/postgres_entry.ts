/**
 * Where a worker thread of a shop in PostgreSQL begins: it has loaded the
 * database's client before it takes its plan, as a thread that loads cannot be
 * stopped (`thread.ts`).
 *
 * @module
 */
import "./postgres_storage.ts";
import "./entry.ts";
