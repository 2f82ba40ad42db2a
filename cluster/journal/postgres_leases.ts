/**
 * Leases in PostgreSQL: one row for each name, which a unique index keeps
 * single. Whoever inserts it, or finds it free or over, has the lock; the
 * server's clock decides, and the row's lock makes the rest wait their turn.
 * The row stays when the lock is free, as it holds the fencing token. So names
 * should be few, or old rows removed: the next token of a name that has none is
 * the server's time, which is larger unless its clock was set back.
 *
 * @module
 */
import type {
  Extended,
  Freed,
  LeaseStore,
  Taken,
  Trouble,
  Wish,
  Woken,
} from "../lock/lease_store.ts";

/** A client of PostgreSQL, as far as it is used: `postgres` as it is. */
export interface PostgresClient {
  /** Runs a statement with its parameters. */
  unsafe(
    statement: string,
    parameters: (string | number)[],
  ): PromiseLike<ArrayLike<Readonly<Record<string, unknown>>>>;
  /** Hears what is notified in a channel; says when it does, each time. */
  listen(
    channel: string,
    heard: (message: string) => void,
    listening: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
}

/** How leases are kept. */
export interface PostgresLeasesOptions {
  /** The table, and the channel; `doorbuster_lock` unless told. */
  readonly table?: string;
  /** A statement without an answer after so long is unknown; 2 s unless told. */
  readonly answerWithinMs?: number;
  /** How often waiters ask that nobody woke; 200 ms unless told. */
  readonly retryEveryMs?: number;
}

const ANSWER_WITHIN_MS = 2_000;
/** Releases wake waiters; this is for a message that was lost. */
const RETRY_EVERY_MS = 200;
/** A name that needs no quotes. */
const TABLE = /^[a-z_][a-z0-9_]{0,62}$/;

/** See the module. */
export class PostgresLeases implements LeaseStore {
  readonly answerWithinMs: number;
  readonly retryEveryMs: number;
  readonly isFair = false;
  readonly #client: PostgresClient;
  readonly #table: string;

  /**
   * Keeps leases in a table, which {@linkcode PostgresLeases.create} makes.
   *
   * @throws {RangeError} When the table's name would need quotes.
   */
  constructor(client: PostgresClient, options: PostgresLeasesOptions = {}) {
    const { table = "doorbuster_lock" } = options;
    if (!TABLE.test(table)) {
      throw new RangeError(
        "Cannot keep leases in a table whose name needs quotes: " +
          `current value is "${table}"`,
      );
    }
    this.#client = client;
    this.#table = table;
    this.answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.retryEveryMs = options.retryEveryMs ?? RETRY_EVERY_MS;
  }

  /** Makes the table when it is not there. Rejects as the client does. */
  async create(): Promise<void> {
    await this.#client.unsafe(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (
         name text PRIMARY KEY,
         owner text,
         fence bigint NOT NULL,
         until timestamptz NOT NULL
       )`,
      [],
    );
  }

  async take({ name, owner, ttlMs }: Wish): Promise<Taken> {
    // The larger of one more than the last and the time, as in Redis: a backup
    // that was restored gives no token twice.
    const rows = await this.#run(
      `INSERT INTO ${this.#table} AS held (name, owner, fence, until)
       VALUES ($1, $2, ${NOW_US}, ${untilIn("$3")})
       ON CONFLICT (name) DO UPDATE SET
         owner = $2,
         until = ${untilIn("$3")},
         fence = CASE WHEN held.owner = $2 THEN held.fence
           ELSE greatest(held.fence + 1, ${NOW_US}) END
       WHERE held.owner IS NULL OR held.owner = $2
         OR held.until <= clock_timestamp()
       RETURNING fence`,
      [name, owner, ttlMs],
    );
    if ("kind" in rows) return rows;
    const [row] = rows;
    return row === undefined
      ? { kind: "held", leftMs: await this.#leftMs(name) }
      : { kind: "taken", fence: Number(row.fence) };
  }

  async extend(name: string, owner: string, ttlMs: number): Promise<Extended> {
    const rows = await this.#run(
      `UPDATE ${this.#table} SET until = ${untilIn("$3")}
       WHERE name = $1 AND owner = $2 AND until > clock_timestamp()
       RETURNING 1`,
      [name, owner, ttlMs],
    );
    if ("kind" in rows) return rows;
    return { kind: rows.length === 1 ? "extended" : "gone" };
  }

  async free(name: string, owner: string): Promise<Freed> {
    const rows = await this.#run(
      `WITH freed AS (
         UPDATE ${this.#table} SET owner = NULL
         WHERE name = $1 AND owner = $2
         RETURNING until > clock_timestamp() AS held
       )
       SELECT held, pg_notify('${this.#table}', $1) FROM freed`,
      [name, owner],
    );
    if ("kind" in rows) return rows;
    // Who waits elsewhere is not known here, so others are given their chance.
    return rows[0]?.held === true
      ? { kind: "freed", wanted: true }
      : { kind: "gone" };
  }

  watch(woken: Woken): () => Promise<void> {
    const listening = this.#client.listen(
      this.#table,
      (name) => woken(name, null),
      () => woken(null, null),
    ).catch(() => null);
    return async () => {
      const heard = await listening;
      await heard?.unlisten();
    };
  }

  async #leftMs(name: string): Promise<number> {
    const rows = await this.#run(
      `SELECT ceil(extract(epoch FROM until - clock_timestamp()) * 1000) AS ms
       FROM ${this.#table} WHERE name = $1 AND owner IS NOT NULL`,
      [name],
    );
    return "kind" in rows ? 0 : Math.max(0, Number(rows[0]?.ms ?? 0));
  }

  async #run(
    statement: string,
    parameters: (string | number)[],
  ): Promise<readonly Readonly<Record<string, unknown>>[] | Trouble> {
    try {
      return Array.from(await this.#client.unsafe(statement, parameters));
    } catch (error) {
      return { kind: wasRefused(error) ? "unavailable" : "unknown" };
    }
  }
}

const NOW_US = "floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

function untilIn(parameter: string): string {
  return `clock_timestamp() + ${parameter} * interval '1 millisecond'`;
}

/**
 * An error of the server has a code of five characters, and a statement that
 * ended in one had no effect; but not when the server broke off (57P01) or the
 * connection did (class 08).
 */
function wasRefused(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ECONNREFUSED") return true;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) &&
    !/^(08|57P)/.test(code);
}
