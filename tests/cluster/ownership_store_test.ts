/** The model of a store that the tests of ownership rest on. */
import type { OwnershipPort } from "../../cluster/ownership_port.ts";
import { checkRule, RULE_NAMES } from "./ownership_port_contract.ts";
import { OwnershipStore } from "../../sim/ownership_store.ts";

const HOUR_MS = 3_600_000;

for (const rule of RULE_NAMES) {
  Deno.test(`the model of a store of leases keeps the rule: ${rule}`, async () => {
    let nowMs = 1_000;
    // Each look at the clock takes a millisecond.
    const store = new OwnershipStore(() => nowMs++);
    const port: OwnershipPort = {
      beat: (beat, done) => done(store.beat(beat)),
      take: (lease, done) => done(store.take(lease)),
      free: (lease, done) => done(store.free(lease)),
      leave(process, done) {
        store.leave(process);
        done();
      },
    };
    await checkRule(rule, {
      port,
      age() {
        nowMs += HOUR_MS;
        return Promise.resolve();
      },
      lose() {
        store.restart("lost");
        return Promise.resolve();
      },
    });
  });
}
