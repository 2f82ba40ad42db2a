/** What the sandbox provider promises, on its real books. @module */
import { deepEqual, equal } from "node:assert/strict";
import type { Charge, PaymentMessage } from "../../../actors/payment.ts";
import { ok, rejected, unknown } from "../../../actors/runtime/outcome.ts";
import { SandboxPayment } from "../../../cluster/gateways/sandbox_payment.ts";
import { PaymentLedger } from "../../../cluster/journal/payment_ledger.ts";
import { granted } from "../../permission.ts";
import { ManualTime } from "./manual_time.ts";
import { withDataFolder } from "./store.ts";

interface Bench {
  readonly time: ManualTime;
  readonly ledger: PaymentLedger;
  pay(message: PaymentMessage): ReturnType<SandboxPayment["handle"]>;
}

function test(name: string, body: (bench: Bench) => void | Promise<void>) {
  const fn = () =>
    withDataFolder(async (folder) => {
      const time = new ManualTime();
      const ledger = new PaymentLedger(folder);
      const provider = new SandboxPayment(ledger, time);
      const pay = (message: PaymentMessage) => provider.handle(message);
      await body({ time, ledger, pay });
      ledger.close();
    });
  Deno.test({ name, ignore: !granted("read", "write"), fn });
}

function charge(method: string, attemptId = "a1"): Charge {
  const amount = { amountCents: 995, currency: "GBP" };
  return { kind: "charge", attemptId, method, ...amount };
}

const STATUS = { kind: "charge_status", attemptId: "a1" } as const;
const REFUND = { kind: "refund", attemptId: "a1" } as const;

test("the method says whether a charge is captured or declined", ({ pay }) => {
  deepEqual(pay(charge("sandbox")), ok({ state: "captured" }));
  deepEqual(pay(charge("sandbox_declined", "a2")), ok({ state: "declined" }));
});

// G11
test("an attempt is charged once, and keeps its first answer", ({ pay }) => {
  pay(charge("sandbox_declined"));
  deepEqual(pay(charge("sandbox")), ok({ state: "declined" }));
  deepEqual(pay(STATUS), ok({ state: "declined" }));
});

test("after the answer none an attempt is not charged any more", ({ pay }) => {
  deepEqual(pay(STATUS), ok({ state: "none" }));
  deepEqual(pay(charge("sandbox")), ok({ state: "none" }));
});

test("an unknown method is refused and charges nothing", ({ pay, ledger }) => {
  const detail = "method must be sandbox, sandbox_declined or sandbox_slow";
  deepEqual(pay(charge("gold")), rejected("invalid-input", { detail }));
  deepEqual(ledger.totals(), []);
});

test("a slow charge is captured after five seconds", async ({ pay, time }) => {
  const outcome = pay(charge("sandbox_slow"));
  time.advance(4_999);
  deepEqual(pay(STATUS), unknown(1_000));
  time.advance(1);
  deepEqual(await outcome, ok({ state: "captured" }));
  deepEqual(pay(STATUS), ok({ state: "captured" }));
});

test("a slow charge asked for twice is one charge", async ({ pay, time }) => {
  const first = pay(charge("sandbox_slow"));
  equal(pay(charge("sandbox_slow")), first);
  equal(time.pending, 1);
  time.advance(5_000);
  await first;
});

test("a slow charge that the books refuse ends all the same", async (bench) => {
  const { pay, time } = bench;
  const outcome = Promise.resolve(pay(charge("sandbox_slow")));
  const other = { ...charge("sandbox"), amountCents: 1 };
  pay(other);
  time.advance(5_000);
  equal(await outcome.catch((error) => error.name), "RangeError");
  deepEqual(pay(STATUS), ok({ state: "captured" }));
});

test("captured money is given back once", ({ pay, ledger }) => {
  pay(charge("sandbox"));
  deepEqual([pay(REFUND), pay(REFUND)], [ok(null), ok(null)]);
  equal(ledger.totals()[0]?.refundedCents, 995);
});

test("money that was never captured is not given back", ({ pay }) => {
  pay(charge("sandbox_declined"));
  const detail = "no payment was captured";
  deepEqual(pay(REFUND), rejected("invalid-input", { detail }));
});
