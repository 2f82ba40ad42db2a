/**
 * @module draft of the protocol; the behavior follows below
 */
import type { Asks, Ref } from "./runtime/actor.ts";

/** Gateway protocol for salted, slow hashing (scrypt); waits, so it is a gateway. */
export interface HashPassword extends Asks<{ hash: string }> {
  readonly kind: "hash_password";
  readonly password: string;
}
export interface VerifyPassword extends Asks<{ matches: boolean }> {
  readonly kind: "verify_password";
  readonly password: string;
  /** null: no such user; the gateway spends the same time and says no. */
  readonly hash: string | null;
}
export type PasswordMessage = HashPassword | VerifyPassword;
export type PasswordRef = Ref<PasswordMessage>;

/** Rejected `username-taken`. Names are compared case-insensitively. */
export interface Register extends Asks<{ id: string; username: string }> {
  readonly kind: "register";
  readonly username: string;
  readonly password: string;
}
/** Rejected `invalid-credentials`, or `rate-limited` after repeated failures. */
export interface SignIn extends Asks<{ userId: string }> {
  readonly kind: "sign_in";
  readonly username: string;
  readonly password: string;
}
/** Durable. Routed by the token id. */
export interface RevokeSession extends Asks<null> {
  readonly kind: "revoke_session";
  readonly tokenId: string;
  readonly expiresAtMs: number;
}
/** All revocations that have not expired (the gate asks at start). */
export interface ListRevocations extends Asks<{ tokenIds: readonly string[] }> {
  readonly kind: "list_revocations";
}
export type AccountsMessage = Register | SignIn | RevokeSession | ListRevocations;
export type AccountsRef = Ref<AccountsMessage>;
export interface AccountsArgs {
  /** This partition's own number; user ids carry it. */
  readonly partition: number;
  readonly passwordGateway: string;
  /** 5 failures within 15 min lock a name for the rest of the window. */
  readonly maxFailures: number;
  readonly failureWindowMs: number;
}
