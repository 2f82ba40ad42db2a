/**
 * One connection to PostgreSQL, and what its errors mean for a caller: nothing
 * happened, or nobody knows. Statements go out in the order of the calls, and
 * their answers come back in that order.
 *
 * A connection that is cut, or that does not answer in time, is given up as a
 * whole; the next statement opens another. Nothing is ever sent twice. The
 * client cannot tell a statement that was sent from one that still waited, so
 * a connection is made and greeted first: what fails before is unavailable,
 * what fails after is unknown.
 *
 * @module
 */
import postgres from "postgres";
import type { Timers } from "../gateways/gateway.ts";

/** A row by column; `bigint` columns come as text. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** How a statement ended. */
export type PostgresAnswer =
  /** `count`: rows that were read or written. */
  | {
    readonly kind: "ok";
    readonly rows: readonly PostgresRow[];
    readonly count: number;
  }
  /** It was never sent, or the server refused it: nothing happened. */
  | { readonly kind: "unavailable"; readonly cause: unknown }
  /** The connection failed: it may have been run. */
  | { readonly kind: "unknown"; readonly cause: unknown };

/** Where to connect to and by what. */
export interface PostgresAccess {
  /** As libpq and others write it: `postgres://USER:PASSWORD@HOST/DATABASE`. */
  readonly url: string;
  readonly timers: Timers;
}

/** A value that goes with a statement; the server casts it as that says. */
export type PostgresValue = string | number | boolean | Uint8Array | null;

/**
 * A statement gives up by itself before its caller does (`ANSWER_WITHIN_MS`),
 * so that a server that is merely slow says that nothing happened.
 */
const STATEMENT_WITHIN_MS = 4_000;
/** As long as a store file is waited for (`BUSY_TIMEOUT_MS`). */
const ANSWER_WITHIN_MS = 5_000;
const CONNECT_WITHIN_MS = 5_000;

/**
 * Answered means on the server's disk, whatever a role or database is set to;
 * what standbys must have is the administrator's to say.
 */
const GREETING = `
  SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') = 'off'`;

/** Opens a client for one connection, which connects with its first statement. */
export function postgresClient(
  url: string,
  name: string,
  statementWithinMs: number,
  onclose: () => void = () => {},
) {
  return postgres(url, {
    max: 1,
    max_lifetime: null,
    connect_timeout: CONNECT_WITHIN_MS / 1_000,
    // Only needed for arrays, which no statement of ours takes.
    fetch_types: false,
    onnotice: () => {},
    onclose,
    connection: {
      application_name: `doorbuster ${name}`,
      statement_timeout: statementWithinMs,
      // A process that was stopped within a transaction keeps its locks.
      idle_in_transaction_session_timeout: statementWithinMs,
      // The fence looks again at a row that another has changed meanwhile,
      // which only this level does.
      default_transaction_isolation: "read committed",
    },
  });
}

type Client = ReturnType<typeof postgresClient>;

/** See the module. */
export class PostgresConnection {
  readonly #access: PostgresAccess;
  readonly #name: string;
  #client: Client | null = null;
  /** Ends when all statements so far have ended. */
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Connections that failed so far. */
  #failures = 0;
  #number = 0;
  #isClosed = false;

  /** Connects with the first statement; `name` is what the server shows. */
  constructor(access: PostgresAccess, name: string) {
    this.#access = access;
    this.#name = name;
  }

  /** Statements that wait or are under way. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Which connection this is, from 1; 0: there was none yet. */
  get number(): number {
    return this.#number;
  }

  /**
   * Runs one statement, in a transaction of its own, when those before it have
   * ended; if the connection fails meanwhile, not at all. The server keeps its
   * plan, unless `isPlanned` says that the values decide which is good. Throws
   * what the server says of a mistake of ours: wrong syntax, a broken
   * constraint. How many wait is for callers to bound: a domain appends once at
   * a time, a gateway has its concurrency.
   */
  async run(
    statement: string,
    values: readonly PostgresValue[] = [],
    { isPlanned = false } = {},
  ): Promise<PostgresAnswer> {
    if (this.#isClosed) return unavailable(new Error("It was closed"));
    const failures = this.#failures;
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    this.#waiting++;
    await before;
    try {
      return failures === this.#failures
        ? await this.#send(statement, values, !isPlanned)
        : unavailable(new Error("The connection failed before"));
    } finally {
      this.#waiting--;
      resolve();
    }
  }

  /** Ends the connection when what was given to it has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
    await this.#end();
  }

  async #send(
    statement: string,
    values: readonly PostgresValue[],
    prepare: boolean,
  ): Promise<PostgresAnswer> {
    try {
      this.#client ??= await this.#open();
    } catch (cause) {
      this.#failures++;
      return unavailable(cause);
    }
    try {
      const rows = await within(
        this.#client.unsafe(statement, [...values], { prepare }),
        ANSWER_WITHIN_MS,
        this.#access.timers,
      );
      return { kind: "ok", rows, count: rows.count };
    } catch (cause) {
      const meaning = meaningOf(cause);
      if (meaning === "mistake") throw cause;
      if (meaning === "refused") return unavailable(cause);
      // Late or cut. A late answer must not be taken for the next one's.
      this.#failures++;
      await this.#end();
      return { kind: "unknown", cause };
    }
  }

  async #open(): Promise<Client> {
    const { timers } = this.#access;
    const client = postgresClient(
      this.#access.url,
      this.#name,
      STATEMENT_WITHIN_MS,
      () => {
        if (this.#client === client) this.#client = null;
      },
    );
    try {
      await within(client.unsafe(GREETING), CONNECT_WITHIN_MS, timers);
      this.#number++;
      return client;
    } catch (cause) {
      await client.end({ timeout: 0 });
      throw cause;
    }
  }

  async #end(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end({ timeout: 0 });
  }
}

/** Some connections that share their work. Statements have no order. */
export class PostgresConnections {
  readonly #members: readonly PostgresConnection[];

  /** Each connects with its first statement. */
  constructor(access: PostgresAccess, name: string, count: number) {
    this.#members = Array.from(
      { length: count },
      () => new PostgresConnection(access, name),
    );
  }

  /** Runs a statement on the connection with the least to do, as that does. */
  run(
    statement: string,
    values: readonly PostgresValue[] = [],
  ): Promise<PostgresAnswer> {
    const least = this.#members.reduce((a, b) => b.waiting < a.waiting ? b : a);
    return least.run(statement, values);
  }

  /** Ends all, when what is under way has ended. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map((each) => each.close()));
  }
}

/** The rows of an answer; throws why there are none. */
export function rowsOf(answer: PostgresAnswer): readonly PostgresRow[] {
  if (answer.kind === "ok") return answer.rows;
  throw answer.cause;
}

/** Rejects when `work` takes longer; what it waits for goes on. */
export function within<Result>(
  work: PromiseLike<Result>,
  limitMs: number,
  timers: Timers,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new LateError(`No answer within ${limitMs} ms`));
    const timer = timers.set(late, limitMs);
    work.then((result) => {
      timers.clear(timer);
      resolve(result);
    }, (error) => {
      timers.clear(timer);
      reject(error);
    });
  });
}

/** The server did not answer in time. */
export class LateError extends Error {}

function unavailable(cause: unknown): PostgresAnswer {
  return { kind: "unavailable", cause };
}

/** What an error of a statement says about it. */
type Meaning =
  /** The server refused it, so it had no effect. */
  | "refused"
  /** As above, and it always will. */
  | "mistake"
  /** The connection failed or was broken off. */
  | "lost";

/**
 * An error of the server has a code of five characters, and a statement that
 * ended in one had no effect; but not when the server broke off (57P01) or the
 * connection did (class 08). Codes: postgresql.org/docs, appendix A.
 */
function meaningOf(error: unknown): Meaning {
  const code = codeOf(error);
  if (code === null || /^(08|57P)/.test(code)) return "lost";
  // Rights and tables that are gone can come back.
  if (code === "42501" || code === "42P01") return "refused";
  return /^(22|23|42)/.test(code) ? "mistake" : "refused";
}

/** The server's code; null for an error that it did not send. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof postgres.PostgresError)) return null;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** The URL for messages: without its password and settings. */
export function placeOf(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username}${username && "@"}${host}${pathname}`;
}
