/** A client that is refused holds back by itself. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  AdaptiveThrottle,
  throttleProbability,
} from "../../../cluster/pool/adaptive_throttle.ts";

const POLICY = { multiplierPercent: 200, windowMs: 120_000 };

function throttle(): AdaptiveThrottle {
  return new AdaptiveThrottle(POLICY, new SeededRandom(1, "throttle"));
}

Deno.test("row 46: of 1,000 requests with 300 accepted the next is refused with probability 0.3996", () => {
  const probability = throttleProbability(1_000, 300, 2);
  assert.equal(probability.toFixed(4), "0.3996");
  assert.equal(throttleProbability(1_000, 500, 2), 0);
  assert.equal(throttleProbability(0, 0, 2), 0);
});

Deno.test("row 46: a throttle that counts 1,000 requests and 300 accepted ones says the same", () => {
  const client = throttle();
  let wanted = 0;
  // Below twice the accepted none is refused; the rest counts as it comes.
  for (; wanted < 1_000; wanted++) {
    client.admits(0);
    if (wanted < 300) client.noteAccepted(0);
  }
  assert.equal(client.probability(0).toFixed(4), "0.3996");
});

Deno.test("a client whose calls are all accepted refuses none", () => {
  const client = throttle();
  for (let call = 0; call < 10_000; call++) {
    assert.equal(client.admits(call), true);
    client.noteAccepted(call);
  }
});

Deno.test("a server that accepts 100 a second of 1,000 is sent about twice what it accepts", () => {
  const client = throttle();
  let sent = 0;
  let accepted = 0;
  for (let second = 0; second < 300; second++) {
    let room = 100;
    for (let call = 0; call < 1_000; call++) {
      const nowMs = second * 1_000 + call;
      if (!client.admits(nowMs)) continue;
      // Past the first window, when it has learnt.
      if (second >= 120) sent++;
      if (room-- <= 0) continue;
      client.noteAccepted(nowMs);
      if (second >= 120) accepted++;
    }
  }
  const ratio = sent / accepted;
  assert.ok(ratio > 1.8 && ratio < 2.2, `sent ${ratio} of each accepted`);
});

Deno.test("what is older than the window counts no more", () => {
  const client = throttle();
  for (let call = 0; call < 1_000; call++) client.admits(5);
  assert.ok(client.probability(119_999) > 0.99);
  assert.equal(client.probability(120_000), 0);
  // Also when nobody asked for long.
  for (let call = 0; call < 1_000; call++) client.admits(130_000);
  assert.equal(client.probability(9_000_000), 0);
});
