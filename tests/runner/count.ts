/**
 * Counts of tests: read out of JUnit reports, added up, and said in the last
 * line. A report is what `deno test --junit-path` writes: one `testcase` for
 * each test and each of its steps.
 *
 * @module
 */

/** How many tests ended in which way. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts the test cases of a JUnit report; all zeros for an empty one. */
export function countReport(report: string): Count {
  let passed = 0, failed = 0, skipped = 0;
  // Names and messages have their `<` escaped, so tags are tags.
  for (const testCase of report.split("<testcase ").slice(1)) {
    if (/<(failure|error)\b/.test(testCase)) failed++;
    else if (testCase.includes("<skipped")) skipped++;
    else passed++;
  }
  return { passed, failed, skipped };
}

/**
 * The count of a finished step. A tool is one test. A test run that failed
 * without a failed test (an error while loading, or after the last test) still
 * counts one failure, since its report does not know of it.
 */
export function countStep(succeeded: boolean, report: string | null): Count {
  const count = report === null
    ? { passed: succeeded ? 1 : 0, failed: 0, skipped: 0 }
    : countReport(report);
  return succeeded ? count : { ...count, failed: Math.max(1, count.failed) };
}

/** Adds counts up. When `mustRunAll`, what was skipped has failed. */
export function addUp(counts: readonly Count[], mustRunAll: boolean): Count {
  let passed = 0, failed = 0, skipped = 0;
  for (const count of counts) {
    passed += count.passed;
    failed += count.failed;
    skipped += count.skipped;
  }
  return mustRunAll
    ? { passed, failed: failed + skipped, skipped: 0 }
    : { passed, failed, skipped };
}

/** The last line of the test command, which scripts rely on. */
export function lastLine({ passed, failed, skipped }: Count): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
