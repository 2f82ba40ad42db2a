/**
 * Admission: who is limited, all or none, and a table that forgets nobody who
 * would gain by it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AdmissionControl,
  type AdmissionPolicies,
  LIMITED_ROUTES,
} from "../../cluster/admission.ts";
import type { LimiterPolicy } from "../../cluster/limiters/limiter.ts";
import { LimitWorld, SHARING } from "./limiters/limit_world.ts";

function bucket(capacityTokens: number, refillPerSecond = 1): LimiterPolicy {
  return { kind: "token-bucket", capacityTokens, refillPerSecond };
}

const POLICIES: AdmissionPolicies = {
  ...{ user: bucket(2), address: bucket(3), overall: null, sku: null },
  ...{ routes: {}, costs: {}, reservePercent: 0 },
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
    ...{ retryAfterMs: 0, delayMs: 0, decidedMs: 0 },
  });
  control.admit("ann", "10.0.0.1", 0);
  assert.deepEqual(control.admit("ann", "10.0.0.1", 250), {
    admitted: false,
    policy: "user",
    capacity: 2,
    refillPerSecond: 1,
    remaining: 0,
    ...{ retryAfterMs: 750, delayMs: 0, decidedMs: 250 },
  });
});

Deno.test("AdmissionControl.admit() takes from both buckets or from none", () => {
  const overall = bucket(3);
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
  const control = new AdmissionControl(POLICIES, 0, { mostKeys: 4 });
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
  const control = new AdmissionControl(POLICIES, 0, { mostKeys: 1 });
  control.admit("ann", "", 0);
  const admitted = ["bob", "cay", "dan"].map((user) =>
    control.admit(user, "", 0).admitted
  );
  assert.deepEqual(admitted, [true, true, false]);
});

Deno.test("AdmissionControl makes room as buckets fill up again", () => {
  const control = new AdmissionControl(POLICIES, 0, { mostKeys: 100 });
  for (let number = 0; number < 10_000; number++) {
    // Each bucket is full again one second later, 10 newcomers after.
    const nowMs = number * 100;
    assert.equal(control.admit(`user-${number}`, "", nowMs).admitted, true);
  }
  assert.ok(control.clients <= 30, `${control.clients}`);
});

Deno.test("row 43: a user's limit of 5 in 5 s refuses his sixth request and nobody else's", () => {
  const user = { kind: "sliding-window", limit: 5, windowMs: 5_000 } as const;
  const control = new AdmissionControl({ ...POLICIES, user }, 0);
  const admitted = [0, 1, 2, 3, 4, 4.9].map((second) =>
    control.admit("ann", "", second * 1_000).admitted
  );
  assert.deepEqual(admitted, [true, true, true, true, true, false]);
  assert.equal(control.admit("bob", "", 4_900).admitted, true);
  assert.equal(control.admit("ann", "", 5_000).admitted, true);
});

Deno.test("AdmissionControl.admit() limits a route for everybody together, and no other", () => {
  const routes = { placeOrder: bucket(2) };
  const control = new AdmissionControl({ ...POLICIES, routes }, 0);
  const admit = (user: string, route: string) =>
    control.admit(user, "", 0, route);
  assert.equal(admit("ann", "placeOrder").admitted, true);
  assert.equal(admit("bob", "placeOrder").admitted, true);
  const refused = admit("cay", "placeOrder");
  assert.deepEqual([refused.admitted, refused.policy], [false, "placeOrder"]);
  assert.equal(refused.retryAfterMs, 1_000);
  // She has spent nothing, and other routes have no limit.
  assert.equal(admit("cay", "readOrder").admitted, true);
  assert.equal(admit("cay", "readOrder").admitted, true);
});

Deno.test("AdmissionControl.admit() takes a route's cost from the client and from everybody", () => {
  const overall = bucket(6);
  const costs = { searchProducts: 2 };
  const user = bucket(3);
  const control = new AdmissionControl(
    { ...POLICIES, user, overall, costs },
    0,
  );
  const admit = (name: string, route: string) =>
    control.admit(name, "", 0, route);
  assert.equal(admit("ann", "searchProducts").remaining, 1);
  assert.equal(admit("ann", "searchProducts").admitted, false);
  assert.equal(admit("ann", "readOrder").remaining, 0);
  assert.equal(admit("bob", "searchProducts").admitted, true);
  // One of six is left: too little for two, enough for one.
  assert.equal(admit("cay", "searchProducts").policy, "overall");
  assert.equal(admit("cay", "readOrder").admitted, true);
});

Deno.test("AdmissionControl.admit() keeps part of the overall burst for paying and cancelling", () => {
  const overall = bucket(10);
  const user = bucket(100);
  const control = new AdmissionControl(
    { ...POLICIES, user, overall, reservePercent: 20 },
    0,
  );
  const admitted = (route: string) =>
    control.admit("ann", "", 0, route).admitted;
  const orders = Array.from({ length: 10 }, () => admitted("placeOrder"));
  assert.equal(orders.filter((passed) => passed).length, 8);
  assert.equal(control.admit("ann", "", 0, "placeOrder").retryAfterMs, 1_000);
  assert.deepEqual(
    ["payOrder", "readProduct", "cancelOrder", "payOrder"].map(admitted),
    [true, false, true, false],
  );
});

Deno.test("AdmissionControl.admit() tells a request in line how long it waits", () => {
  const overall = {
    ...{ kind: "leaky-queue", leakPerSecond: 5, maxWaitMs: 400 } as const,
  };
  const control = new AdmissionControl({ ...POLICIES, overall }, 0);
  const answers = ["ann", "bob", "cay", "dan"].map((user) =>
    control.admit(user, "", 0)
  );
  assert.deepEqual(
    answers.map(({ admitted, delayMs }) => admitted ? delayMs : null),
    [0, 200, 400, null],
  );
  assert.equal(answers[3]!.retryAfterMs, 200);
});

Deno.test("AdmissionControl.admitOrder() takes from all products of an order or from none", () => {
  const control = new AdmissionControl({ ...POLICIES, sku: bucket(1) }, 0);
  const order = (...skus: string[]) =>
    control.admitOrder(skus.map((sku) => ({ sku })), 0);
  assert.equal(order("heart"), 0);
  assert.equal(order("cake", "heart"), 1_000);
  assert.equal(order("cake"), 0);
  assert.equal(control.admitOrder([{ sku: "heart" }], 1_000), 0);
  const both = [{ sku: "cake" }, { sku: "heart" }];
  assert.equal(control.admitOrder(both, 2_000), 0);
  for (const line of both) {
    assert.equal(control.admitOrder([line], 2_000), 1_000);
  }
});

Deno.test("AdmissionControl.report() says of each limit what it allows and refused", () => {
  const overall = bucket(3);
  const routes = { signIn: bucket(1) };
  const control = new AdmissionControl({ ...POLICIES, overall, routes }, 0);
  for (const user of ["ann", "ann", "ann"]) control.admit(user, "", 0);
  const report = control.report(0);
  const told = report.map(({ name, burst, keys, refused, remaining }) => [
    ...[name, burst, keys, refused, remaining],
  ]);
  assert.deepEqual(told, [
    ["user", 2, 1, 1, null],
    ["address", 3, 0, 0, null],
    ["overall", 3, 1, 0, 1],
    ["signIn", 1, 1, 0, 1],
  ]);
});

// G26
Deno.test("AdmissionControl holds every limit in every window, whatever is asked of it", () => {
  const requests = fc.array(
    fc.record({
      afterMs: fc.nat(300),
      user: fc.constantFrom("ann", "bob"),
      route: fc.constantFrom(...LIMITED_ROUTES),
    }),
    { minLength: 1, maxLength: 80 },
  );
  const control = () =>
    new AdmissionControl({
      ...POLICIES,
      user: { kind: "sliding-window", limit: 4, windowMs: 1_000 },
      overall: bucket(6, 5),
      reservePercent: 20,
      routes: { placeOrder: bucket(2, 2) },
    }, 0);
  const limits = [
    { burst: 4, rate: 4, counts: "ann" },
    { burst: 4, rate: 4, counts: "bob" },
    { burst: 6, rate: 5, counts: null },
    { burst: 2, rate: 2, counts: "placeOrder" },
  ];
  fc.assert(
    fc.property(requests, (list) => {
      const door = control();
      let atMs = 0;
      const passed = list.map(({ afterMs, user, route }) => {
        atMs += afterMs;
        const { admitted } = door.admit(user, "", atMs, route);
        return { atMs, user, route, admitted };
      }).filter(({ admitted }) => admitted);
      for (const { burst, rate, counts } of limits) {
        const times = passed.filter(({ user, route }) =>
          counts === null || user === counts || route === counts
        ).map((each) => each.atMs);
        times.forEach((fromMs, from) => {
          times.slice(from).forEach((toMs, index) => {
            const most = burst + rate * (toMs - fromMs) / 1_000;
            assert.ok(index + 1 <= most, `${index + 1} of ${most}`);
          });
        });
      }
    }),
    { seed: 43, numRuns: 100 },
  );
});

Deno.test("AdmissionControl counts a user, an order's product and everybody together with other processes, and a limit of each process alone", () => {
  const world = new LimitWorld(2, SHARING);
  const policies: AdmissionPolicies = {
    ...{ ...POLICIES, user: bucket(8), overall: bucket(40), sku: bucket(4) },
    address: { ...bucket(3), scope: "process" },
  };
  const [here, there] = world.processes.map((shared) =>
    new AdmissionControl(policies, 0, { shared })
  );
  // One by one, so that each is told before the next comes.
  const passing = (ask: () => boolean) => {
    let passed = 0;
    for (let asked = 0; asked < 10; asked++) {
      if (ask()) passed++;
      for (const limits of world.processes) limits.tick(0);
      world.advanceTo(0);
    }
    return passed;
  };
  // A user whose name is a product's is somebody else.
  assert.equal(passing(() => here!.admit("heart", "", 0).admitted), 8);
  // The other one has not heard of her, and lets a portion pass.
  assert.equal(passing(() => there!.admit("heart", "", 0).admitted), 1);
  const order = (door: AdmissionControl) =>
    passing(() => door.admitOrder([{ sku: "heart" }], 0) === 0);
  assert.deepEqual([here!, there!].map(order), [4, 1]);
  for (const door of [here!, there!]) {
    assert.equal(passing(() => door.admit(null, "::1", 0).admitted), 3);
  }
  // Of the overall limit: 40 - 8 - 1 - 3 - 3, by who has told last.
  const overall = there!.report(0).find(({ name }) => name === "overall");
  assert.equal(overall!.remaining, 25);
});

Deno.test("AdmissionControl keeps what is reserved of a shared limit, and takes from all limits or from none while one waits for its store", () => {
  const world = new LimitWorld(
    ...[2, SHARING] as const,
    () => ({ thereMs: 5, backMs: 5 }),
  );
  const [shared] = world.processes;
  const policies = {
    ...{ ...POLICIES, user: bucket(100), overall: bucket(40) },
    reservePercent: 50,
  };
  const door = new AdmissionControl(policies, 0, { shared: shared! });
  const ask = (route: string, times: number) =>
    Array.from({ length: times }, () => door.admit("ann", "", 0, route))
      .filter(({ admitted }) => admitted).length;
  // A quarter of the burst may be untold: ten, whoever asks.
  assert.equal(ask("placeOrder", 15), 10);
  assert.equal(ask("payOrder", 1), 0);
  const refused = door.admit("ann", "", 0, "payOrder");
  assert.deepEqual([refused.policy, refused.retryAfterMs], ["overall", 1]);
  world.advanceTo(100);
  assert.equal(shared!.taken, 2 * 10);
  // Twenty are kept for paying, ten are left for others.
  for (let round = 0; round < 4; round++) {
    ask("placeOrder", 5);
    world.advanceTo(world.nowMs + 100);
  }
  assert.equal(shared!.taken, 2 * 20);
  assert.equal(ask("payOrder", 1), 1);
});

Deno.test("AdmissionControl.metrics() has the counters of shared limits where there are some", () => {
  const names = (control: AdmissionControl) =>
    control.metrics(0).map(({ name }) => name);
  const alone = new AdmissionControl(POLICIES, 0);
  assert.ok(names(alone).every((name) => name.startsWith("admission_")));
  const [shared] = new LimitWorld(1, SHARING).processes;
  const together = new AdmissionControl(POLICIES, 0, { shared: shared! });
  const added = names(together).filter((name) => !names(alone).includes(name));
  assert.deepEqual(added, [
    "shared_limits_messages_total",
    "shared_limits_failed_total",
    "shared_limits_tellings_total",
    "shared_limits_tokens_total",
    "shared_limits_held_total",
    "shared_limits_away_total",
    "shared_limits_away",
  ]);
});
