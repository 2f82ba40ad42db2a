import assert from "node:assert/strict";
import { PaymentLedger } from "../../../cluster/journal/payment_ledger.ts";
import { granted } from "../../permission.ts";
import { TemporaryShop } from "./shop_folder.ts";

/** A ledger of a fresh store, and again after a restart. */
async function withLedger(
  use: (ledger: PaymentLedger, reopen: () => PaymentLedger) => void,
) {
  using shop = await TemporaryShop.open();
  let ledger = new PaymentLedger(shop.path);
  try {
    use(ledger, () => {
      ledger.close();
      return ledger = new PaymentLedger(shop.path);
    });
  } finally {
    ledger.close();
  }
}

function test(name: string, use: Parameters<typeof withLedger>[0]) {
  const ignore = !granted("read", "write");
  Deno.test({ name, ignore, fn: () => withLedger(use) });
}

test(
  "a charge is decided once and a restart does not change it",
  (ledger, reopen) => {
    assert.equal(ledger.charge("a1", 500, "GBP", "captured"), "captured");
    assert.equal(ledger.charge("a1", 500, "GBP", "declined"), "captured");
    const again = reopen();
    assert.equal(again.charge("a1", 500, "GBP", "declined"), "captured");
    assert.equal(again.status("a1"), "captured");
    assert.deepEqual(again.totals(), [
      { currency: "GBP", capturedCents: 500, refundedCents: 0 },
    ]);
  },
);

test("a declined charge moves no money", (ledger) => {
  assert.equal(ledger.charge("a1", 500, "GBP", "declined"), "declined");
  assert.equal(ledger.charge("a1", 500, "GBP", "captured"), "declined");
  assert.equal(ledger.refund("a1"), false);
  assert.deepEqual(ledger.totals(), []);
});

test("after the answer none a late charge is refused", (ledger, reopen) => {
  assert.equal(ledger.status("a1"), "none");
  assert.equal(ledger.charge("a1", 500, "GBP", "captured"), "none");
  assert.equal(reopen().charge("a1", 500, "GBP", "captured"), "none");
});

test("money goes back once, and the charge still counts as captured", (ledger) => {
  ledger.charge("a1", 500, "GBP", "captured");
  assert.equal(ledger.refund("a1"), true);
  assert.equal(ledger.refund("a1"), true);
  assert.equal(ledger.status("a1"), "captured");
  assert.equal(ledger.charge("a1", 500, "GBP", "captured"), "captured");
  assert.deepEqual(ledger.totals(), [
    { currency: "GBP", capturedCents: 500, refundedCents: 500 },
  ]);
});

test("an attempt that nobody made has nothing to give back", (ledger) => {
  assert.equal(ledger.refund("a1"), false);
  assert.equal(ledger.charge("a1", 1, "GBP", "captured"), "captured");
});

test("an attempt id belongs to one amount", (ledger) => {
  ledger.charge("a1", 500, "GBP", "captured");
  assert.throws(() => ledger.charge("a1", 501, "GBP", "captured"), RangeError);
  assert.throws(() => ledger.charge("a1", 500, "EUR", "captured"), RangeError);
});
