/**
 * The password gateway: scrypt with a salt for each user.
 *
 * A hash carries its parameters (`scrypt$N$r$p$salt$hash`), so that they can
 * grow without locking anybody out. scrypt runs in the engine's thread pool
 * and blocks nobody. Whether a user exists cannot be told from the time that
 * the answer takes. Passwords are neither kept nor logged.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { PasswordMessage } from "../../actors/accounts/password.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { ok } from "../../actors/runtime/outcome.ts";

/** How much work a hash is. */
export interface ScryptCost {
  /** Rounds; a power of two. Memory is 128 · N · r bytes. */
  readonly N: number;
  /** Block size. */
  readonly r: number;
  /** Repetitions one after another. */
  readonly p: number;
}

/**
 * 32 MB and about a tenth of a second for each try. More of both would let a
 * few sign-ins take the memory and the cores that a sale needs.
 */
const COST: ScryptCost = { N: 2 ** 15, r: 8, p: 1 };

/** RFC 7914 wants no less than 128 bits of salt. */
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Costs beyond this in a stored hash are damage, not a password's. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

interface Encoded {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Hashes and verifies passwords; the handler of a `GatewayHost`. */
export class PasswordGateway {
  readonly #cost: ScryptCost;
  /** For users who do not exist: a hash that no password leads to. */
  readonly #nobody: Encoded;

  /** Hashes with `cost` from now on; verifies hashes of any cost. */
  constructor(cost: ScryptCost = COST) {
    this.#cost = cost;
    this.#nobody = {
      cost,
      salt: randomBytes(SALT_BYTES),
      hash: randomBytes(HASH_BYTES),
    };
  }

  /**
   * Answers one message.
   *
   * @throws {Error} when a hash to compare with is damaged.
   */
  async handle(
    message: PasswordMessage,
  ): Promise<Outcome<{ hash: string } | { matches: boolean }>> {
    switch (message.kind) {
      case "hash_password":
        return ok({ hash: await this.#hash(message.password) });
      case "verify_password":
        return ok({
          matches: await this.#matches(message.password, message.hash),
        });
    }
  }

  async #hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await derive(password, salt, HASH_BYTES, this.#cost);
    const { N, r, p } = this.#cost;
    const parts = ["scrypt", N, r, p, text(salt), text(hash)];
    return parts.join("$");
  }

  async #matches(password: string, stored: string | null): Promise<boolean> {
    const { cost, salt, hash } = stored === null
      ? this.#nobody
      : decode(stored);
    const found = await derive(password, salt, hash.length, cost);
    return timingSafeEqual(found, hash);
  }
}

function text(bytes: Buffer): string {
  return bytes.toString("base64url");
}

const ENCODED =
  /^scrypt\$(\d{1,10})\$(\d{1,3})\$(\d{1,3})\$([\w-]{22,86})\$([\w-]{43,86})$/;

function decode(stored: string): Encoded {
  const [, N, r, p, salt, hash] = ENCODED.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) {
    // The text itself is half of a secret and stays out of the message.
    throw new Error(
      `Cannot verify a password as its hash is not "scrypt$N$r$p$salt$hash"`,
    );
  }
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, "base64url"),
    hash: Buffer.from(hash, "base64url"),
  };
}

// One letter can be typed as two sequences of code points: NFC makes them one.
function derive(
  password: string,
  salt: Buffer,
  bytes: number,
  cost: ScryptCost,
): Promise<Buffer> {
  const options = { ...cost, maxmem: MAX_MEMORY_BYTES };
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(password.normalize("NFC"), salt, bytes, options, (error, hash) => {
    if (error === null) resolve(hash);
    else reject(error);
  });
  return promise;
}
