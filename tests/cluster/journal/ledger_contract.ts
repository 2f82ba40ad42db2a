/**
 * What the books of the sandbox provider promise, whatever keeps them: a table
 * of claims, each run on empty books.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { PaymentLedgerPort } from "../../../cluster/journal/payment_ledger.ts";

/** Empty books, and the same again after a restart. */
export interface LedgerStand {
  readonly ledger: PaymentLedgerPort;
  reopen(): Promise<PaymentLedgerPort>;
}

/** One promise and how to see it kept. */
export interface LedgerClaim {
  readonly name: string;
  readonly holds: (stand: LedgerStand) => Promise<void>;
}

/** The claims. */
export const ledgerContract: readonly LedgerClaim[] = [
  {
    name: "a charge is decided once and a restart does not change it",
    async holds({ ledger, reopen }) {
      const charge = (books: PaymentLedgerPort, decide: Decision) =>
        books.charge("a1", 500, "GBP", decide);
      assert.equal(await charge(ledger, "captured"), "captured");
      assert.equal(await charge(ledger, "declined"), "captured");
      const again = await reopen();
      assert.equal(await charge(again, "declined"), "captured");
      assert.equal(await again.status("a1"), "captured");
      assert.deepEqual(await again.totals(), [
        { currency: "GBP", capturedCents: 500, refundedCents: 0 },
      ]);
    },
  },
  {
    name: "a declined charge moves no money",
    async holds({ ledger }) {
      const charge = (decide: Decision) =>
        ledger.charge("a1", 500, "GBP", decide);
      assert.equal(await charge("declined"), "declined");
      assert.equal(await charge("captured"), "declined");
      assert.equal(await ledger.refund("a1"), false);
      assert.deepEqual(await ledger.totals(), []);
    },
  },
  {
    name: "after the answer none a late charge is refused",
    async holds({ ledger, reopen }) {
      assert.equal(await ledger.status("a1"), "none");
      assert.equal(await ledger.charge("a1", 500, "GBP", "captured"), "none");
      const again = await reopen();
      assert.equal(await again.charge("a1", 500, "GBP", "captured"), "none");
    },
  },
  {
    name: "money goes back once, and the charge still counts as captured",
    async holds({ ledger }) {
      await ledger.charge("a1", 500, "GBP", "captured");
      assert.equal(await ledger.refund("a1"), true);
      assert.equal(await ledger.refund("a1"), true);
      assert.equal(await ledger.status("a1"), "captured");
      const again = await ledger.charge("a1", 500, "GBP", "captured");
      assert.equal(again, "captured");
      assert.deepEqual(await ledger.totals(), [
        { currency: "GBP", capturedCents: 500, refundedCents: 500 },
      ]);
    },
  },
  {
    name: "an attempt that nobody made has nothing to give back",
    async holds({ ledger }) {
      assert.equal(await ledger.refund("a1"), false);
      const charged = await ledger.charge("a1", 1, "GBP", "captured");
      assert.equal(charged, "captured");
    },
  },
  {
    name: "an attempt id belongs to one amount",
    async holds({ ledger }) {
      await ledger.charge("a1", 500, "GBP", "captured");
      for (const [cents, currency] of [[501, "GBP"], [500, "EUR"]] as const) {
        const other = async () =>
          await ledger.charge("a1", cents, currency, "captured");
        await assert.rejects(other, RangeError);
      }
    },
  },
  {
    name: "of charges that race one decides, whatever they would",
    async holds({ ledger }) {
      const states = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          ledger.charge(
            "a1",
            500,
            "GBP",
            index % 2 === 0 ? "captured" : "declined",
          )),
      );
      assert.equal(new Set(states).size, 1);
      assert.equal(await ledger.status("a1"), states[0]);
    },
  },
];

type Decision = "captured" | "declined";
