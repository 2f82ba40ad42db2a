/** Limiters and breakers, watched: what is legal, and what is not. */
import assert from "node:assert/strict";
import type { BreakerState } from "../../../actors/runtime/circuit_breaker.ts";
import type { LimiterPolicy } from "../../../cluster/limiters/limiter.ts";
import { BreakerLegal } from "../../../sim/checkers.ts";
import { breakerReport, CONTEXT, judge, Story, wrong } from "./story.ts";

/** Requests of a user at a time, all let in or all refused. */
function come(
  story: Story,
  client: string,
  [count, atMs]: readonly [count: number, atMs: number],
  admitted = true,
): Story {
  for (let number = 0; number < count; number++) {
    story.comes(client, admitted, atMs * 1_000);
  }
  return story;
}

Deno.test("limiter.legal accepts what a bucket lets pass, and refusals of an empty one", () => {
  const story = come(new Story(), "ann", [5, 0]);
  come(story, "ann", [1, 999], false);
  come(story, "ann", [1, 1_000]);
  come(story, "ann", [3, 4_000]);
  const checker = judge("limiter.legal", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 10);
});

Deno.test("limiter.legal counts nobody who was given back what he took, less what has flowed in since", () => {
  const story = come(new Story(), "ann", [5, 0]).gaveBack("ann", 0, 0);
  come(story, "ann", [1, 0]);
  come(story, "ann", [1, 0], false);
  assert.equal(judge("limiter.legal", story).violation, null);
  const late = come(new Story(), "ann", [5, 0]).gaveBack("ann", 0, 1_000_000);
  come(late, "ann", [1, 1_000]);
  assert.equal(judge("limiter.legal", late).violation, null);
  assert.equal(
    wrong("limiter.legal", come(late, "ann", [1, 1_000])),
    "user ann",
  );
  // Of the window of six a second one is free again, of the bucket none.
  const given = come(new Story(), "ann", [5, 0]).gaveBack("ann", 0, 999_000);
  come(come(given, "bob", [2, 999]), "cid", [1, 999]);
  assert.equal(wrong("limiter.legal", given), "overall");
});

Deno.test("limiter.legal rejects one request too many in a window", () => {
  const story = come(come(new Story(), "ann", [5, 0]), "ann", [1, 999]);
  assert.equal(wrong("limiter.legal", story), "user ann");
});

Deno.test("limiter.legal rejects two windows' worth around an edge", () => {
  // Each user is within his limit; everybody together is not.
  const story = come(new Story(), "ann", [3, 990]);
  come(story, "bob", [3, 995]);
  come(story, "cid", [3, 1_005]);
  assert.equal(wrong("limiter.legal", story), "overall");
});

Deno.test("limiter.legal holds a sliding window to its word, not only to its rate", () => {
  const story = come(new Story(), "ann", [3, 0]);
  come(story, "bob", [3, 500]);
  come(story, "cid", [3, 1_001]);
  assert.equal(judge("limiter.legal", story).violation, null);
  // Seven within a second; burst and rate would allow as many as twelve.
  assert.equal(
    wrong("limiter.legal", come(story, "dan", [4, 1_499])),
    "overall",
  );
});

Deno.test("limiter.legal rejects the refusal of who has something left", () => {
  const story = come(new Story(), "ann", [3, 0]);
  come(story, "ann", [1, 0], false);
  assert.equal(wrong("limiter.legal", story), "user ann");
});

for (const initialTokens of [5, 0]) {
  Deno.test(`limiter.legal knows who has used his limit while others come and go, who begin with ${initialTokens}`, () => {
    const ID = "limiter.legal";
    const admission = CONTEXT.admission!;
    const user = { ...admission.user, initialTokens } as LimiterPolicy;
    const limits = { ...admission, user, overall: null };
    const context = { ...CONTEXT, admission: limits };
    const isLetIn = initialTokens > 0;
    const story = come(new Story(), "ann", [1, 1], isLetIn);
    const others = (atMs: number) => {
      for (let other = 0; other < 100; other++) {
        come(story, `u${atMs + other}`, [1, atMs + other], isLetIn);
      }
    };
    others(6_000);
    come(story, "ann", [5, 6_200]);
    others(6_300);
    assert.equal(wrong(ID, story, context), null);
    come(story, "ann", [1, 7_199]);
    assert.equal(wrong(ID, story, context), "user ann");
  });
}

/** A breaker's changes, each with the calls in its window. */
function changes(
  ...steps: readonly (readonly [BreakerState, BreakerState, number?])[]
): Story {
  const story = new Story();
  for (const [from, to, calls] of steps) story.breaks(from, to, calls);
  return story;
}

Deno.test("breaker.legal accepts a breaker that opens, probes, relapses and closes", () => {
  const story = changes(
    ["closed", "open", 10],
    ["open", "half_open"],
    ["half_open", "open"],
    ["open", "half_open"],
    ["half_open", "closed"],
  );
  const checker = judge("breaker.legal", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 5);
});

Deno.test("breaker.legal rejects steps that there are not, and ones from elsewhere", () => {
  const bad = [
    changes(["closed", "half_open"]),
    changes(["closed", "open"], ["open", "closed"]),
    changes(["closed", "open"], ["half_open", "closed"]),
    changes(["half_open", "open"]),
  ];
  for (const story of bad) {
    assert.equal(wrong("breaker.legal", story), "payment");
  }
});

Deno.test("breaker.legal rejects opening after too few calls", () => {
  const story = changes(["closed", "open", 9]);
  assert.equal(wrong("breaker.legal", story), "payment");
});

/** What is said of a breaker that opened at 0 and is looked at in the end. */
function leftOpen(atSeconds: number, retryAfterMs: number): string | null {
  const checker = new BreakerLegal(CONTEXT.breaker);
  for (const each of changes(["closed", "open"]).observations) {
    checker.observe(each);
  }
  const now = { ...breakerReport("open"), retryAfterMs };
  checker.look(atSeconds * 1e6, "worker-0 1", "payment", now);
  return checker.violation === null ? null : checker.violation.key;
}

Deno.test("breaker.legal rejects a breaker that lets nothing pass when its pause is over", () => {
  assert.equal(leftOpen(60, 1_000), null);
  assert.equal(leftOpen(130, 0), null);
  assert.equal(leftOpen(130, 1_000), "payment");
});
