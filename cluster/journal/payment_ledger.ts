/**
 * `payments.sqlite`: the sandbox payment provider's own books. A provider is
 * another company: it decides once for each attempt id and says the same ever
 * after, whatever happens to the shop.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ChargeState } from "../../actors/payment.ts";
import { type FileKind, openOrCreate } from "./database.ts";
import { readIdentity } from "./data_folder.ts";

/** The books of the sandbox provider. */
export const PAYMENTS_FILE: FileKind = {
  what: "a payment ledger",
  applicationId: "DbPa",
  format: 1,
  schema: `
    CREATE TABLE attempts (
      attempt_id TEXT PRIMARY KEY,
      state TEXT NOT NULL
        CHECK (state IN ('captured', 'declined', 'none', 'refunded')),
      amount_cents INTEGER NOT NULL,
      currency TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
};

/** Money that moved, in minor units, over all attempts of a currency. */
export interface LedgerTotals {
  readonly currency: string;
  /** Captured at some time, refunded since or not. */
  readonly capturedCents: number;
  readonly refundedCents: number;
}

/**
 * The books of a sandbox provider, wherever they are kept. Every call is
 * durable when it returns or resolves.
 */
export interface PaymentLedgerPort {
  /**
   * Charges as `decide` says unless the attempt was decided before; answers
   * what was decided first. `none` means that `status` has ruled it out.
   * Throws `RangeError` for the same id with another amount.
   */
  charge(
    attemptId: string,
    amountCents: number,
    currency: string,
    decide: "captured" | "declined",
  ): ChargeState | Promise<ChargeState>;
  /** What became of an attempt. After `none`, a charge of it stays `none`. */
  status(attemptId: string): ChargeState | Promise<ChargeState>;
  /** Gives the money back, once. False when none was captured. */
  refund(attemptId: string): boolean | Promise<boolean>;
  /** What moved in all, by currency. */
  totals(): readonly LedgerTotals[] | Promise<readonly LedgerTotals[]>;
  /** Ends all use. */
  close(): void | Promise<void>;
}

/** The books in a data folder. */
export class PaymentLedger implements PaymentLedgerPort {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #read: StatementSync;
  readonly #refund: StatementSync;

  /** Opens the ledger of a data folder. Throws `StoreError`. */
  constructor(folder: string) {
    const { storeId } = readIdentity(folder);
    this.#database = openOrCreate(`${folder}/payments.sqlite`, PAYMENTS_FILE, {
      storeId,
    });
    this.#insert = this.#database.prepare(
      "INSERT INTO attempts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#read = this.#database.prepare(
      "SELECT state, amount_cents, currency FROM attempts WHERE attempt_id = ?",
    );
    this.#refund = this.#database.prepare(`
      UPDATE attempts SET state = 'refunded'
      WHERE attempt_id = ? AND state IN ('captured', 'refunded')`);
  }

  charge(
    attemptId: string,
    amountCents: number,
    currency: string,
    decide: "captured" | "declined",
  ): ChargeState {
    this.#insert.run(attemptId, decide, amountCents, currency);
    const row = this.#read.get(attemptId)!;
    checkAmount(attemptId, row, { amountCents, currency });
    return stateOf(row.state);
  }

  status(attemptId: string): ChargeState {
    this.#insert.run(attemptId, "none", 0, "");
    return stateOf(this.#read.get(attemptId)!.state);
  }

  refund(attemptId: string): boolean {
    return Number(this.#refund.run(attemptId).changes) > 0;
  }

  totals(): readonly LedgerTotals[] {
    return this.#database.prepare(`
      SELECT currency,
        sum(amount_cents) AS captured,
        sum(iif(state = 'refunded', amount_cents, 0)) AS refunded
      FROM attempts WHERE state IN ('captured', 'refunded')
      GROUP BY currency ORDER BY currency`).all().map((row) => ({
      currency: String(row.currency),
      capturedCents: Number(row.captured),
      refundedCents: Number(row.refunded),
    }));
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * Throws `RangeError` when an attempt, as its row has it, was made with another
 * amount.
 */
export function checkAmount(
  attemptId: string,
  row: Readonly<Record<string, unknown>>,
  { amountCents, currency }: { amountCents: number; currency: string },
): void {
  const isSame = Number(row.amount_cents) === amountCents &&
    row.currency === currency;
  if (row.state === "none" || isSame) return;
  throw new RangeError(
    `Cannot charge attempt "${attemptId}" as it was made with ` +
      `${row.amount_cents} ${row.currency}: current value is ` +
      `${amountCents} ${currency}`,
  );
}

/** How a charge ended, by its row's state; a refund does not change that. */
export function stateOf(state: unknown): ChargeState {
  return state === "refunded" ? "captured" : state as ChargeState;
}
