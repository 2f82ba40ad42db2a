/**
 * The sandbox payment provider's books in PostgreSQL, for all processes of a
 * shop. As in `payments.sqlite` an attempt is decided once; every call may be
 * made again, which is how one finds out what became of a call that failed.
 *
 * @module
 */
import type { ChargeState } from "../../actors/payment.ts";
import {
  checkAmount,
  type LedgerTotals,
  type PaymentLedgerPort,
  stateOf,
} from "./payment_ledger.ts";
import {
  type PostgresAccess,
  PostgresConnections,
  rowsOf,
} from "./postgres_connection.ts";

// Each charge waits for a sync of the server's disk; some share one.
const CONNECTIONS = 4;

// What was decided first stays; writing it again gives it back.
const INSERT = `
  INSERT INTO doorbuster.attempts AS attempt VALUES ($1, $2, $3, $4)
  ON CONFLICT (attempt_id) DO UPDATE SET state = attempt.state
  RETURNING state, amount_cents, currency`;

/**
 * The books. Every call is durable when it resolves, and rejects when the
 * server does not take it or does not answer.
 */
export class PostgresLedger implements PaymentLedgerPort {
  readonly #connections: PostgresConnections;

  /** Connects when it is first used. */
  constructor(access: PostgresAccess) {
    this.#connections = new PostgresConnections(access, "ledger", CONNECTIONS);
  }

  async charge(
    attemptId: string,
    amountCents: number,
    currency: string,
    decide: "captured" | "declined",
  ): Promise<ChargeState> {
    const values = [attemptId, decide, amountCents, currency];
    const [row] = rowsOf(await this.#connections.run(INSERT, values));
    checkAmount(attemptId, row!, { amountCents, currency });
    return stateOf(row!.state);
  }

  async status(attemptId: string): Promise<ChargeState> {
    const values = [attemptId, "none", 0, ""];
    const [row] = rowsOf(await this.#connections.run(INSERT, values));
    return stateOf(row!.state);
  }

  async refund(attemptId: string): Promise<boolean> {
    const rows = rowsOf(
      await this.#connections.run(
        `UPDATE doorbuster.attempts SET state = 'refunded'
         WHERE attempt_id = $1 AND state IN ('captured', 'refunded')
         RETURNING 1`,
        [attemptId],
      ),
    );
    return rows.length > 0;
  }

  async totals(): Promise<readonly LedgerTotals[]> {
    const answer = await this.#connections.run(`
      SELECT currency, sum(amount_cents) AS captured,
        sum(amount_cents) FILTER (WHERE state = 'refunded') AS refunded
      FROM doorbuster.attempts WHERE state IN ('captured', 'refunded')
      GROUP BY currency ORDER BY currency COLLATE "C"`);
    return rowsOf(answer).map((row) => ({
      currency: String(row.currency),
      capturedCents: Number(row.captured),
      refundedCents: Number(row.refunded),
    }));
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }
}
