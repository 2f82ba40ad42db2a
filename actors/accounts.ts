/**
 * One partition of the shop's users: who they are, whether they may sign in,
 * and which of their sessions were ended early.
 *
 * A password passes through once, to the gateway that hashes it, and is in no
 * event and no log; while it is hashed a new name is reserved. Names are one
 * whatever their case. Guessing is bounded by a window of failures for each
 * name, kept in memory only: a restart forgives, and hashing itself is slow.
 * A user id says which partition knows the user; it is no secret.
 *
 * @module
 */
import type {
  Answered,
  Asker,
  Asks,
  Behavior,
  Context,
  Ref,
} from "./runtime/actor.ts";
import type { Outcome } from "./runtime/outcome.ts";
import { failed, ok } from "./runtime/outcome.ts";
import type { Lockout, LockoutRule } from "./accounts/lockout.ts";
import { lockedForMs, noteFailure } from "./accounts/lockout.ts";
import type { PasswordRef } from "./accounts/password.ts";
import { refuse } from "./refusals.ts";

/** A new user, as answered. */
export interface RegisteredUser {
  readonly id: string;
  /** As it was written. */
  readonly username: string;
}

/** Creates a user. Rejected `username-taken`. Routed by the lower-cased name. */
export interface Register extends Asks<RegisteredUser> {
  readonly kind: "register";
  readonly username: string;
  readonly password: string;
}

/**
 * Checks a password. Rejected `invalid-credentials`, or `rate-limited` after
 * repeated failures. Routed by the lower-cased name.
 */
export interface SignIn extends Asks<{ userId: string }> {
  readonly kind: "sign_in";
  readonly username: string;
  readonly password: string;
}

/** Ends a session before its time, durably. Routed by the token id. */
export interface RevokeSession extends Asks<null> {
  readonly kind: "revoke_session";
  readonly tokenId: string;
  readonly expiresAtMs: number;
}

/** A session that was ended before its token expires. */
export interface Revocation {
  readonly tokenId: string;
  readonly expiresAtMs: number;
}

/** All revocations that have not expired (the gate asks at start). */
export interface ListRevocations
  extends Asks<{ readonly revocations: readonly Revocation[] }> {
  readonly kind: "list_revocations";
}

/** What an accounts partition accepts, with the answers it awaits. */
export type AccountsMessage =
  | Register
  | SignIn
  | RevokeSession
  | ListRevocations
  | Answered<"password_hashed", { hash: string }, AboutName>
  | Answered<"password_verified", { matches: boolean }, AboutSignIn>;

/** The address of an accounts partition. */
export type AccountsRef = Ref<AccountsMessage>;

/** What the topology tells an accounts partition. */
export interface AccountsArgs extends LockoutRule {
  /** This partition's own number; user ids carry it. */
  readonly partition: number;
  readonly passwordGateway: PasswordRef;
}

/** A user exists from now on. `hash` holds salt and parameters, no password. */
export interface UserRegistered {
  readonly kind: "user_registered";
  readonly id: string;
  readonly username: string;
  readonly hash: string;
  readonly atMs: number;
}

/** A token is not accepted any more, however long it would last. */
export interface SessionRevoked {
  readonly kind: "session_revoked";
  readonly tokenId: string;
  readonly expiresAtMs: number;
  readonly atMs: number;
}

/** What an accounts partition records. */
export type AccountsEvent = UserRegistered | SessionRevoked;

interface AboutName {
  readonly name: string;
}

interface AboutSignIn extends AboutName {
  readonly asker: Asker;
}

/** A user as the partition keeps it. */
export interface User extends RegisteredUser {
  readonly hash: string;
}

/** All that an accounts partition knows. Names are in lower case. */
export interface AccountsState {
  readonly args: AccountsArgs;
  readonly users: Map<string, User>;
  /** When a revoked token would have expired, by its id. */
  readonly revocations: Map<string, number>;
  readonly volatile: {
    /** Who registers under a name while its password is hashed. */
    readonly reserved: Map<string, { username: string; asker: Asker }>;
    readonly lockout: Lockout;
    /** Passwords at the gateway. */
    hashing: number;
  };
}

/** A hash takes a tenth of a second; the rest is for those ahead of it. */
const HASH_WITHIN_MS = 5_000;

/**
 * Passwords at the gateway at a time: two cores hash about 30 a second, so
 * more than 150 would not be done within the deadline.
 */
const HASHING_MAX = 128;

/** In a second a quarter of them is done. */
const OVERLOADED = failed("overloaded", 1_000);

/** Revocations looked at for each new one: two, so that they do not pile up. */
const FORGET_SLICE = 2;

const TAKEN = refuse("username-taken");
const INVALID = refuse("invalid-credentials");
const DONE = ok(null);

type AccountsContext = Context<AccountsMessage, AccountsEvent>;

/** The behavior of an accounts partition. */
export const accounts: Behavior<
  AccountsState,
  AccountsMessage,
  AccountsArgs,
  AccountsEvent
> = {
  name: "accounts",
  urgent: new Set(["password_hashed", "password_verified"]),
  // Nothing is hashed for somebody who has given up.
  droppable: new Set(["register", "sign_in"]),
  start,
  receive(ctx, state, message) {
    switch (message.kind) {
      case "register":
        return register(ctx, state, message);
      case "sign_in":
        return signIn(ctx, state, message);
      case "revoke_session":
        return revoke(ctx, state, message);
      case "list_revocations":
        return ctx.reply(ok({ revocations: revocations(state, ctx.now()) }));
      case "password_hashed":
        return finishRegister(ctx, state, message.about, message.outcome);
      case "password_verified":
        return finishSignIn(ctx, state, message.about, message.outcome);
    }
  },
  apply,
  keyOf,
};

function start(args: AccountsArgs): AccountsState {
  if (!Number.isSafeInteger(args.partition) || args.partition < 0) {
    throw new RangeError(
      `Cannot start accounts as partition must be an integer >= 0: ` +
        `current value is ${args.partition}`,
    );
  }
  return {
    args,
    users: new Map(),
    revocations: new Map(),
    volatile: { reserved: new Map(), lockout: new Map(), hashing: 0 },
  };
}

function keyOf(message: AccountsMessage): string {
  if ("username" in message) return nameOf(message.username);
  if ("about" in message) return message.about.name;
  return "tokenId" in message ? message.tokenId : "";
}

/** Usernames are ASCII by contract: lower case is the same everywhere. */
function nameOf(username: string): string {
  return username.toLowerCase();
}

function register(
  ctx: AccountsContext,
  state: AccountsState,
  { username, password }: Register,
): void {
  const { args, users, volatile } = state;
  const name = nameOf(username);
  if (users.has(name) || volatile.reserved.has(name)) return ctx.reply(TAKEN);
  if (volatile.hashing >= HASHING_MAX) return ctx.reply(OVERLOADED);
  volatile.hashing++;
  volatile.reserved.set(name, { username, asker: ctx.asker() });
  ctx.ask(
    args.passwordGateway,
    { kind: "hash_password", password },
    { as: "password_hashed", withinMs: HASH_WITHIN_MS, about: { name } },
  );
}

function finishRegister(
  ctx: AccountsContext,
  state: AccountsState,
  { name }: AboutName,
  outcome: Outcome<{ hash: string }>,
): void {
  const { args, users, volatile } = state;
  volatile.hashing--;
  const reserved = volatile.reserved.get(name);
  if (reserved === undefined) {
    throw new Error(`Cannot register as the name was not reserved: ${name}`);
  }
  volatile.reserved.delete(name);
  const { username, asker } = reserved;
  if (outcome.kind !== "ok") return ctx.answer(asker, withoutEffect(outcome));
  // Users are never removed, so their number counts them.
  const id = `u-${args.partition}-${users.size.toString(36)}`;
  const { hash } = outcome.value;
  ctx.record({
    kind: "user_registered",
    id,
    username,
    hash,
    atMs: ctx.now(),
  });
  ctx.count("users_registered");
  ctx.answer(asker, ok({ id, username }));
}

/** Hashing changes nothing here, so not to know how it ended is a failure. */
function withoutEffect(
  outcome: Exclude<Outcome<never>, { kind: "ok" }>,
): Outcome<never> {
  return outcome.kind === "unknown"
    ? failed("unavailable", outcome.retryAfterMs)
    : outcome;
}

function signIn(
  ctx: AccountsContext,
  state: AccountsState,
  { username, password }: SignIn,
): void {
  const { args, users, volatile } = state;
  const name = nameOf(username);
  const restMs = lockedForMs(volatile.lockout, name, ctx.now(), args);
  if (restMs > 0) return refuseLocked(ctx, ctx.asker(), restMs);
  if (volatile.hashing >= HASHING_MAX) return ctx.reply(OVERLOADED);
  volatile.hashing++;
  // An unknown name is verified too, so that time does not tell it apart.
  const hash = users.get(name)?.hash ?? null;
  const about: AboutSignIn = { name, asker: ctx.asker() };
  ctx.ask(
    args.passwordGateway,
    { kind: "verify_password", password, hash },
    { as: "password_verified", withinMs: HASH_WITHIN_MS, about },
  );
}

function finishSignIn(
  ctx: AccountsContext,
  state: AccountsState,
  { name, asker }: AboutSignIn,
  outcome: Outcome<{ matches: boolean }>,
): void {
  const { args, users, volatile } = state;
  const nowMs = ctx.now();
  volatile.hashing--;
  if (outcome.kind !== "ok") return ctx.answer(asker, withoutEffect(outcome));
  // Guesses sent at once all pass the first check: none but the allowed number
  // learns here whether it was right.
  const restMs = lockedForMs(volatile.lockout, name, nowMs, args);
  if (restMs > 0) return refuseLocked(ctx, asker, restMs);
  const user = users.get(name);
  if (user === undefined || !outcome.value.matches) {
    noteFailure(volatile.lockout, name, nowMs, args);
    ctx.count("sign_ins_refused");
    return ctx.answer(asker, INVALID);
  }
  volatile.lockout.delete(name);
  ctx.count("sign_ins");
  ctx.answer(asker, ok({ userId: user.id }));
}

function refuseLocked(
  ctx: AccountsContext,
  asker: Asker,
  retryAfterMs: number,
): void {
  ctx.count("sign_ins_locked");
  ctx.answer(asker, refuse("rate-limited", { retryAfterMs }));
}

function revoke(
  ctx: AccountsContext,
  state: AccountsState,
  { tokenId, expiresAtMs }: RevokeSession,
): void {
  const nowMs = ctx.now();
  // An expired token is refused without our help.
  if (expiresAtMs > nowMs && !state.revocations.has(tokenId)) {
    ctx.record({ kind: "session_revoked", tokenId, expiresAtMs, atMs: nowMs });
    ctx.count("sessions_revoked");
  }
  ctx.reply(DONE);
}

function revocations(state: AccountsState, nowMs: number): Revocation[] {
  const revocations: Revocation[] = [];
  for (const [tokenId, expiresAtMs] of state.revocations) {
    if (expiresAtMs > nowMs) revocations.push({ tokenId, expiresAtMs });
  }
  return revocations;
}

function apply(state: AccountsState, event: AccountsEvent): void {
  switch (event.kind) {
    case "user_registered": {
      const { id, username, hash } = event;
      state.users.set(nameOf(username), { id, username, hash });
      return;
    }
    case "session_revoked":
      state.revocations.set(event.tokenId, event.expiresAtMs);
      return forgetExpired(state.revocations, event.atMs);
    default:
      // Leaving out what another release wrote would lose it in silence.
      throw new Error(
        `Cannot apply "${(event as AccountsEvent).kind}" to accounts`,
      );
  }
}

/**
 * Looks at the revocations at the front: the expired are forgotten, the others
 * go to the end. By the event's time, so that a fold forgets the same.
 */
function forgetExpired(revocations: Map<string, number>, atMs: number): void {
  for (let looked = 0; looked < FORGET_SLICE; looked++) {
    const [first] = revocations;
    if (first === undefined) return;
    const [tokenId, expiresAtMs] = first;
    revocations.delete(tokenId);
    if (expiresAtMs > atMs) revocations.set(tokenId, expiresAtMs);
  }
}
