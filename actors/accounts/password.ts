/**
 * What the accounts ask of a password gateway. Hashing is slow on purpose and
 * must be waited for, so it stands behind a gateway; only hashes are kept.
 *
 * @module
 */
import type { Asks, Ref } from "../runtime/actor.ts";

/** Hashes with a new salt, slowly on purpose. */
export interface HashPassword extends Asks<{ hash: string }> {
  readonly kind: "hash_password";
  readonly password: string;
}

/** Compares a password with a hash, slowly on purpose. */
export interface VerifyPassword extends Asks<{ matches: boolean }> {
  readonly kind: "verify_password";
  readonly password: string;
  /** Null: no such user; the gateway takes the same time and says no. */
  readonly hash: string | null;
}

/** What a password gateway accepts. */
export type PasswordMessage = HashPassword | VerifyPassword;

/** The address of a password gateway. */
export type PasswordRef = Ref<PasswordMessage>;
