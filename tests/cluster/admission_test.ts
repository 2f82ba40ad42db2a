/**
 * Admission: who is limited, all or none, and a table that forgets nobody who
 * would gain by it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AdmissionControl } from "../../cluster/admission.ts";

const POLICIES = {
  user: { capacityTokens: 2, refillPerSecond: 1 },
  address: { capacityTokens: 3, refillPerSecond: 1 },
  overall: null,
};

Deno.test("AdmissionControl.admit() limits each user by himself", () => {
  const control = new AdmissionControl(POLICIES, 0);
  const admitted = ["ann", "ann", "ann", "bob"].map((user) =>
    control.admit(user, "10.0.0.1", 0).admitted
  );
  assert.deepEqual(admitted, [true, true, false, true]);
});

Deno.test("AdmissionControl.admit() limits an address only where there is no user", () => {
  const control = new AdmissionControl(POLICIES, 0);
  for (let number = 0; number < 3; number++) {
    assert.equal(control.admit(null, "10.0.0.1", 0).admitted, true);
  }
  assert.equal(control.admit(null, "10.0.0.1", 0).admitted, false);
  assert.equal(control.admit("ann", "10.0.0.1", 0).admitted, true);
  assert.equal(control.admit(null, "10.0.0.2", 0).admitted, true);
});

Deno.test("AdmissionControl.admit() says what the rate limit headers need", () => {
  const control = new AdmissionControl(POLICIES, 0);
  assert.deepEqual(control.admit("ann", "10.0.0.1", 0), {
    admitted: true,
    policy: "user",
    capacity: 2,
    refillPerSecond: 1,
    remaining: 1,
    retryAfterMs: 0,
  });
  control.admit("ann", "10.0.0.1", 0);
  assert.deepEqual(control.admit("ann", "10.0.0.1", 250), {
    admitted: false,
    policy: "user",
    capacity: 2,
    refillPerSecond: 1,
    remaining: 0,
    retryAfterMs: 750,
  });
});

Deno.test("AdmissionControl.admit() takes from both buckets or from none", () => {
  const overall = { capacityTokens: 3, refillPerSecond: 1 };
  const control = new AdmissionControl({ ...POLICIES, overall }, 0);
  const admit = (user: string, nowMs: number) =>
    control.admit(user, "10.0.0.1", nowMs);
  for (const user of ["ann", "bob", "cay"]) {
    assert.equal(admit(user, 0).admitted, true);
  }
  // Overall is empty: ann keeps her last token.
  assert.equal(admit("ann", 0).policy, "overall");
  assert.equal(admit("ann", 500).admitted, false);
  assert.equal(admit("bob", 1000).admitted, true);
  assert.equal(admit("bob", 2000).admitted, true);
  assert.equal(admit("ann", 3000).admitted, true);
  // A user's refusal leaves the overall bucket as it is.
  const tight = new AdmissionControl({ ...POLICIES, overall }, 0);
  const policies = ["ann", "ann", "ann", "ann", "bob", "cay"].map((user) =>
    tight.admit(user, "10.0.0.1", 0).policy
  );
  const expected = ["user", "user", "user", "user", "user", "overall"];
  assert.deepEqual(policies, expected);
});

// G26
Deno.test("AdmissionControl forgets a client only when his bucket is full", () => {
  const control = new AdmissionControl(POLICIES, 0, 4);
  for (const user of ["ann", "ann", "bob", "cay", "dan"]) {
    assert.equal(control.admit(user, "", 0).admitted, true);
  }
  // A crowd of newcomers cannot push ann out and give her a fresh bucket.
  for (let number = 0; number < 50; number++) {
    control.admit(`newcomer-${number}`, "", 0);
  }
  assert.equal(control.clients, 4);
  assert.equal(control.admit("ann", "", 0).admitted, false);
});

Deno.test("AdmissionControl gives clients beyond its bound one bucket together", () => {
  const control = new AdmissionControl(POLICIES, 0, 1);
  control.admit("ann", "", 0);
  const admitted = ["bob", "cay", "dan"].map((user) =>
    control.admit(user, "", 0).admitted
  );
  assert.deepEqual(admitted, [true, true, false]);
});

Deno.test("AdmissionControl makes room as buckets fill up again", () => {
  const control = new AdmissionControl(POLICIES, 0, 100);
  for (let number = 0; number < 10_000; number++) {
    // Each bucket is full again one second later, 10 newcomers after.
    const nowMs = number * 100;
    assert.equal(control.admit(`user-${number}`, "", nowMs).admitted, true);
  }
  assert.ok(control.clients <= 30, `${control.clients}`);
});
