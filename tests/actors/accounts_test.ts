/**
 * What an accounts partition promises: names are given once, guessing is
 * bounded, a session that was ended stays ended.
 *
 * @module
 */
import { deepEqual, equal, ok as isTrue } from "node:assert/strict";
import type {
  AccountsArgs,
  AccountsEvent,
  AccountsMessage,
  AccountsState,
  ListRevocations,
  Register,
  SignIn,
} from "../../actors/accounts.ts";
import { accounts } from "../../actors/accounts.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { failed, ok, unknown } from "../../actors/runtime/outcome.ts";
import { BehaviorStep } from "../../actors/runtime/test_kit/behavior_step.ts";

const MINUTE_MS = 60_000;

const ARGS: AccountsArgs = {
  partition: 3,
  passwordGateway: "password",
  maxFailures: 5,
  failureWindowMs: 15 * MINUTE_MS,
};

type Accounts = BehaviorStep<
  AccountsState,
  AccountsMessage,
  AccountsArgs,
  AccountsEvent
>;

function startAccounts(): Accounts {
  return new BehaviorStep(accounts, ARGS, { self: "accounts[3]" });
}

function register(actor: Accounts, username: string) {
  const message: Register = { kind: "register", username, password: "secret!" };
  return actor.send(message);
}

function signIn(actor: Accounts, username: string, password = "secret!") {
  const message: SignIn = { kind: "sign_in", username, password };
  return actor.send(message);
}

/** Ends the oldest ask at the gateway and returns the answer it led to. */
function hashed(actor: Accounts, outcome: Outcome<unknown>) {
  const [asked] = actor.asked;
  if (asked === undefined) throw new Error("the gateway was not asked");
  actor.answer(asked, outcome);
  return actor.replies.at(-1)?.outcome;
}

function registered(username: string): Accounts {
  const actor = startAccounts();
  register(actor, username);
  hashed(actor, ok({ hash: "scrypt$of-it" }));
  return actor;
}

/** What a failed attempt is answered with. */
function fail(actor: Accounts, username: string): Outcome<unknown> | undefined {
  const refused = signIn(actor, username, "guess");
  return refused ?? hashed(actor, ok({ matches: false }));
}

function codeOf(outcome: Outcome<unknown> | undefined): string | undefined {
  return outcome === undefined
    ? undefined
    : "code" in outcome
    ? outcome.code
    : outcome.kind;
}

Deno.test("a new user gets an id that carries the partition", () => {
  const actor = registered("Ann");
  deepEqual(
    actor.replies.at(-1)?.outcome,
    ok({ id: "u-3-0", username: "Ann" }),
  );
  register(actor, "Bob");
  deepEqual(
    hashed(actor, ok({ hash: "other" })),
    ok({ id: "u-3-1", username: "Bob" }),
  );
  actor.refold();
});

Deno.test("a name is taken whatever its case", () => {
  const actor = registered("Ann");
  equal(codeOf(register(actor, "aNN")), "username-taken");
  equal(codeOf(register(registered("__proto__"), "constructor")), undefined);
});

Deno.test("a name is reserved while its password is hashed", () => {
  const actor = startAccounts();
  register(actor, "Ann");
  equal(codeOf(register(actor, "ann")), "username-taken");
  equal(actor.asked.length, 1);
});

Deno.test("a name is free again when its password could not be hashed", () => {
  const actor = startAccounts();
  register(actor, "Ann");
  deepEqual(hashed(actor, unknown(70)), failed("unavailable", 70));
  equal(actor.events.length, 0);
  equal(register(actor, "Ann"), undefined);
});

Deno.test("a reserved name is free after a crash, a registered one is not", () => {
  const actor = registered("Ann");
  register(actor, "Bob");
  actor.crash();
  equal(codeOf(register(actor, "Ann")), "username-taken");
  equal(register(actor, "Bob"), undefined);
});

// G32
Deno.test("no password is in an event, in the state or in a log", () => {
  const actor = registered("Ann");
  signIn(actor, "Ann");
  const { users, volatile } = actor.state;
  const kept = [actor.events, [...users], [...volatile.lockout], actor.logged];
  isTrue(!JSON.stringify(kept).includes("secret!"));
});

Deno.test("the right password signs a user in", () => {
  const actor = registered("Ann");
  signIn(actor, "ANN");
  const [asked] = actor.asked;
  deepEqual(asked?.message, {
    kind: "verify_password",
    password: "secret!",
    hash: "scrypt$of-it",
  });
  deepEqual(hashed(actor, ok({ matches: true })), ok({ userId: "u-3-0" }));
});

Deno.test("a wrong password and an unknown name cannot be told apart", () => {
  const actor = registered("Ann");
  const wrong = fail(actor, "Ann");
  signIn(actor, "nobody");
  const [asked] = actor.asked;
  equal((asked?.message as { hash?: unknown }).hash, null);
  deepEqual(hashed(actor, ok({ matches: false })), wrong);
  equal(codeOf(wrong), "invalid-credentials");
});

// G30
Deno.test("the sixth failure within 15 minutes is refused unheard", () => {
  const actor = registered("Ann");
  for (let failure = 0; failure < 5; failure++) {
    equal(codeOf(fail(actor, "Ann")), "invalid-credentials");
    actor.nowMs += MINUTE_MS;
  }
  const outcome = signIn(actor, "ann");
  equal(codeOf(outcome), "rate-limited");
  equal(outcome?.kind === "rejected" && outcome.retryAfterMs, 10 * MINUTE_MS);
  equal(actor.asked.length, 0);
});

Deno.test("a lock ends with its window", () => {
  const actor = registered("Ann");
  for (let failure = 0; failure < 5; failure++) fail(actor, "Ann");
  actor.nowMs += ARGS.failureWindowMs - 1;
  equal(codeOf(signIn(actor, "Ann")), "rate-limited");
  actor.nowMs += 1;
  equal(signIn(actor, "Ann"), undefined);
  equal(codeOf(hashed(actor, ok({ matches: true }))), "ok");
});

Deno.test("names that do not exist are locked as well", () => {
  const actor = startAccounts();
  for (let failure = 0; failure < 5; failure++) fail(actor, "nobody");
  equal(codeOf(fail(actor, "nobody")), "rate-limited");
});

Deno.test("a lock on one name is none on another", () => {
  const actor = registered("Ann");
  for (let failure = 0; failure < 5; failure++) fail(actor, "Bob");
  equal(signIn(actor, "Ann"), undefined);
});

Deno.test("a success forgives the failures before it", () => {
  const actor = registered("Ann");
  for (let failure = 0; failure < 4; failure++) fail(actor, "Ann");
  signIn(actor, "Ann");
  hashed(actor, ok({ matches: true }));
  for (let failure = 0; failure < 4; failure++) {
    equal(codeOf(fail(actor, "Ann")), "invalid-credentials");
  }
});

Deno.test("of many guesses at once only five learn how they did", () => {
  const actor = registered("Ann");
  for (let guess = 0; guess < 20; guess++) signIn(actor, "Ann", "guess");
  for (let guess = 0; guess < 19; guess++) {
    hashed(actor, ok({ matches: false }));
  }
  equal(codeOf(hashed(actor, ok({ matches: true }))), "rate-limited");
  const codes = actor.replies.slice(1).map(({ outcome }) => codeOf(outcome));
  equal(codes.filter((code) => code === "invalid-credentials").length, 5);
});

Deno.test("a gateway that fails is no failure of the user", () => {
  const actor = registered("Ann");
  for (let attempt = 0; attempt < 6; attempt++) {
    signIn(actor, "Ann");
    equal(codeOf(hashed(actor, failed("overloaded", 9))), "overloaded");
  }
});

Deno.test("passwords beyond what the gateway can hash are refused", () => {
  const actor = startAccounts();
  for (let index = 0; index < 128; index++) register(actor, `user-${index}`);
  equal(codeOf(register(actor, "one-more")), "overloaded");
  equal(codeOf(signIn(actor, "one-more")), "overloaded");
  hashed(actor, ok({ hash: "x" }));
  equal(register(actor, "one-more"), undefined);
});

/** Revokes a token that lasts so long, and says which are listed then. */
function revoke(actor: Accounts, tokenId: string, lastsMs: number): string[] {
  const expiresAtMs = actor.nowMs + lastsMs;
  actor.send({ kind: "revoke_session", tokenId, expiresAtMs });
  return listed(actor);
}

function listed(actor: Accounts): string[] {
  const message: ListRevocations = { kind: "list_revocations" };
  const outcome = actor.send(message);
  return outcome?.kind === "ok"
    ? outcome.value.revocations.map(({ tokenId }) => tokenId).sort()
    : [];
}

// G30
Deno.test("a revocation outlives a crash, until its token has expired", () => {
  const actor = startAccounts();
  deepEqual(revoke(actor, "t1", MINUTE_MS), ["t1"]);
  actor.crash();
  deepEqual(listed(actor), ["t1"]);
  actor.nowMs += MINUTE_MS;
  deepEqual(listed(actor), []);
});

Deno.test("a revocation is recorded once, and only when it says something", () => {
  const actor = startAccounts();
  revoke(actor, "t1", MINUTE_MS);
  revoke(actor, "t1", MINUTE_MS);
  revoke(actor, "expired", 0);
  equal(actor.events.length, 1);
});

Deno.test("expired revocations are forgotten, by the fold as well", () => {
  const actor = startAccounts();
  revoke(actor, "long", 1_000 * MINUTE_MS);
  for (let index = 0; index < 200; index++) {
    revoke(actor, `t${index}`, MINUTE_MS);
    actor.nowMs += 6_000;
    actor.refold();
  }
  // Ten live at a time, and the sweep comes round once in as many steps.
  isTrue(actor.state.revocations.size <= 22);
  isTrue(listed(actor).includes("long"));
});
