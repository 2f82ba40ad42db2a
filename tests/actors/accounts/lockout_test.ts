/** When a name is locked, and what is remembered of it. @module */
import { equal } from "node:assert/strict";
import type { Lockout } from "../../../actors/accounts/lockout.ts";
import {
  FAILING_NAMES_MAX,
  lockedForMs,
  noteFailure,
} from "../../../actors/accounts/lockout.ts";

const RULE = { maxFailures: 2, failureWindowMs: 1_000 };

function failing(...failures: readonly [name: string, atMs: number][]) {
  const lockout: Lockout = new Map();
  for (const [name, atMs] of failures) noteFailure(lockout, name, atMs, RULE);
  return lockout;
}

Deno.test("a name is locked at the last allowed failure, not before", () => {
  equal(lockedForMs(failing(["ann", 0]), "ann", 0, RULE), 0);
  equal(lockedForMs(failing(["ann", 0], ["ann", 400]), "ann", 400, RULE), 600);
});

Deno.test("failures of two windows do not add up", () => {
  const lockout = failing(["ann", 0], ["ann", 1_000]);
  equal(lockedForMs(lockout, "ann", 1_000, RULE), 0);
});

Deno.test("a clock set back does not make a lock longer than its window", () => {
  const lockout = failing(["ann", 9_000], ["ann", 9_000]);
  equal(lockedForMs(lockout, "ann", 0, RULE), 1_000);
});

Deno.test("windows that are over are forgotten as others begin", () => {
  const lockout = failing(["ann", 0], ["bob", 10], ["cat", 1_000], [
    "dan",
    1_010,
  ]);
  equal([...lockout.keys()].join(), "cat,dan");
});

Deno.test("the name whose window began first makes room", () => {
  const lockout = failing(["ann", 0], ["bob", 500], ["ann", 1_000]);
  for (let index = 2; index <= FAILING_NAMES_MAX; index++) {
    noteFailure(lockout, `name-${index}`, 1_000, RULE);
  }
  equal(lockout.size, FAILING_NAMES_MAX);
  equal(lockout.has("bob"), false);
  equal(lockout.has("ann"), true);
});
