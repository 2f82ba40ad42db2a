/**
 * The rows of a store in PostgreSQL, archived ones too, for the history of an
 * order or a product.
 *
 * @module
 */
import type { HistoryRows } from "./history.ts";
import { postgresClient } from "./postgres_connection.ts";
import { placeOrRefuse, storeErrorOf } from "./postgres_errors.ts";
import { ROW_COLUMNS, rowOf } from "./postgres_events.ts";

/** Rows of some kilobytes, as many as of a file at a time. */
const CHUNK_ROWS = 256;
/** A person waits for it and can stop it. */
const READ_WITHIN_MS = 3_600_000;

/** Names the database, and reads it; throws `StoreError`. */
export function postgresRows(
  url: string,
): { readonly place: string; readonly rows: HistoryRows } {
  const place = placeOrRefuse(url);
  return {
    place,
    async *rows(text) {
      const client = postgresClient(url, "history", READ_WITHIN_MS);
      try {
        // In the order of the tables' keys, so that each partition's are
        // sorted, and in one statement: an archive moves none meanwhile.
        const chunks = client.unsafe(
          `SELECT partition, ${ROW_COLUMNS} FROM ${await tablesOf(client)}
           WHERE $1::text IS NULL OR strpos(events, $1::text) > 0
           ORDER BY partition, first_sequence`,
          [text],
        ).cursor(CHUNK_ROWS);
        for await (const chunk of chunks) {
          for (const cells of chunk) {
            const partition = String(cells.partition);
            yield { row: rowOf(partition, cells), path: place };
          }
        }
      } catch (error) {
        throw storeErrorOf(error, place);
      } finally {
        await client.end({ timeout: 0 });
      }
    },
  };
}

/** A store that no release since the archive has opened has none. */
async function tablesOf(
  client: ReturnType<typeof postgresClient>,
): Promise<string> {
  const [found] = await client`
    SELECT to_regclass('doorbuster.archived') IS NOT NULL AS has_archive`;
  if (!found?.has_archive) return "doorbuster.events";
  const columns = `SELECT partition, ${ROW_COLUMNS} FROM doorbuster`;
  return `(${columns}.archived UNION ALL ${columns}.events) AS event`;
}
