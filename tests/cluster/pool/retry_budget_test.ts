/** Retries add their share to the load and no more. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { RetryBudget } from "../../../cluster/pool/retry_budget.ts";

Deno.test("I27 in any stretch retries stay within the reserve and their share of its first tries", () => {
  fc.assert(fc.property(
    fc.record({
      budgetPerMillion: fc.integer({ min: 0, max: 1_000_000 }),
      reserveRetries: fc.integer({ min: 0, max: 20 }),
    }),
    fc.array(fc.boolean(), { maxLength: 300 }),
    (policy, history) => {
      const budget = new RetryBudget(policy);
      const { budgetPerMillion, reserveRetries } = policy;
      // Retries so far less what first tries have paid; where it is lowest a
      // stretch begins that ends here.
      let balance = 0;
      let lowest = 0;
      for (const isRetry of history) {
        if (!isRetry) {
          budget.noteFirstTry();
          balance -= budgetPerMillion / 1_000_000;
        } else if (budget.tryRetry()) balance += 1;
        lowest = Math.min(lowest, balance);
        assert.ok(balance - lowest <= reserveRetries + 1e-6);
      }
    },
  ));
});

Deno.test("I27 a storm in which every call fails makes a fifth more calls with a budget of 20 %", () => {
  const budget = new RetryBudget({
    budgetPerMillion: 200_000,
    reserveRetries: 10,
  });
  let attempts = 0;
  for (let call = 0; call < 10_000; call++) {
    budget.noteFirstTry();
    attempts++;
    // Each wants to be tried nine times more.
    for (let retry = 0; retry < 9 && budget.tryRetry(); retry++) attempts++;
  }
  assert.ok(attempts <= 10_000 * 1.2 + 10, `${attempts} attempts`);
  assert.ok(attempts >= 10_000 * 1.2 - 1, `${attempts} attempts`);
});

Deno.test("an hour of calm does not pay for a storm", () => {
  const budget = new RetryBudget({
    budgetPerMillion: 100_000,
    reserveRetries: 10,
  });
  for (let call = 0; call < 1_000_000; call++) budget.noteFirstTry();
  let retries = 0;
  while (retries < 1_000 && budget.tryRetry()) retries++;
  assert.equal(retries, 10);
});

Deno.test("a budget of nothing allows no retry", () => {
  const budget = new RetryBudget({ budgetPerMillion: 0, reserveRetries: 0 });
  for (let call = 0; call < 100; call++) budget.noteFirstTry();
  assert.equal(budget.tryRetry(), false);
});
