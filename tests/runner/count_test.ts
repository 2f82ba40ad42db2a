import assert from "node:assert/strict";
import { addUp, countReport, countStep, lastLine } from "./count.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.012">
    <testsuite name="./tests/a_test.ts" tests="4" disabled="1" failures="1">
        <testcase name="a &lt;failure&gt; is a word here" line="2" col="6">
        </testcase>
        <testcase name="b" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="c" line="4" col="6">
            <failure message="no">Error: &lt;testcase &lt;skipped</failure>
        </testcase>
        <testcase name="a &gt; step" line="2" col="52">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("countReport() counts cases by how they ended, not by their words", () => {
  assert.deepEqual(countReport(REPORT), { passed: 2, failed: 1, skipped: 1 });
});

Deno.test("countReport() of an empty report is zero", () => {
  assert.deepEqual(countReport(""), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("countStep() counts a tool as one test", () => {
  assert.deepEqual(countStep(true, null), { passed: 1, failed: 0, skipped: 0 });
  assert.deepEqual(countStep(false, null), {
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});

Deno.test("countStep() counts a failure that the report does not know", () => {
  assert.equal(countStep(false, "").failed, 1);
  assert.equal(countStep(false, REPORT).failed, 1);
});

Deno.test("addUp() turns a skip into a failure where all must run", () => {
  const counts = [
    { passed: 1, failed: 0, skipped: 2 },
    { passed: 3, failed: 1, skipped: 0 },
  ];
  assert.deepEqual(addUp(counts, false), { passed: 4, failed: 1, skipped: 2 });
  assert.deepEqual(addUp(counts, true), { passed: 4, failed: 3, skipped: 0 });
});

Deno.test("lastLine() names skips only when there are some", () => {
  const count = { passed: 12, failed: 0, skipped: 0 };
  assert.equal(lastLine(count), "12 passed, 0 failed");
  assert.equal(
    lastLine({ ...count, skipped: 2 }),
    "12 passed, 0 failed, 2 skipped",
  );
});
