/**
 * Session tokens: JSON Web Tokens, signed with HS256 and the shop's secret. A
 * token minted elsewhere with the same secret is as good as ours. Verifying
 * costs about 10 µs, so tokens found good are remembered, in a bounded map;
 * expiry and revocation are looked at each time all the same.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** Who is asking, as his token says. */
export interface Session {
  readonly userId: string;
  /** The claim `jti`, else the signature, which is as unique. */
  readonly tokenId: string;
  /** Wall milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** What the tokens need from outside. */
export interface SessionOptions {
  readonly wallMs: () => number;
  readonly randomId: () => string;
  readonly isRevoked: (tokenId: string) => boolean;
}

/** How long a session lives: the contract's 3600 s. */
export const SESSION_SECONDS = 3600;

/** A cookie may have 4,096 bytes (RFC 6265 §6.1), so no token needs more. */
const MAX_TOKEN_LENGTH = 4096;

/** Two generations of this many tokens, at about 0.5 KB each: 32 MB. */
const GENERATION_SIZE = 32_768;

const HEADER = encode({ alg: "HS256", typ: "JWT" });

/** `crit` must be understood or refused (RFC 7515 §4.1.11): refused. */
const headerSchema = z.object({
  alg: z.literal("HS256"),
  crit: z.undefined().optional(),
});

const claimsSchema = z.object({
  sub: z.string().min(1).max(128),
  exp: z.number(),
  nbf: z.number().optional(),
  jti: z.string().min(1).max(128).optional(),
});

/** Mints tokens, and tells a good one from a bad one. */
export class Sessions {
  readonly #secret: string;
  readonly #options: SessionOptions;
  #young = new Map<string, Session>();
  #old = new Map<string, Session>();

  constructor(secret: string, options: SessionOptions) {
    if (secret === "") throw new TypeError("Cannot sign with an empty secret");
    this.#secret = secret;
    this.#options = options;
  }

  /** A new token for a user, valid for an hour. */
  mint(userId: string): { token: string; expiresAtMs: number } {
    const nowSeconds = Math.floor(this.#options.wallMs() / 1000);
    const exp = nowSeconds + SESSION_SECONDS;
    const claims = {
      sub: userId,
      iat: nowSeconds,
      exp,
      jti: this.#options.randomId(),
    };
    const signed = `${HEADER}.${encode(claims)}`;
    return {
      token: `${signed}.${this.#sign(signed)}`,
      expiresAtMs: exp * 1000,
    };
  }

  /** The session of a token; null when it is forged, expired or revoked. */
  verify(token: string): Session | null {
    const session = this.#young.get(token) ?? this.#remember(token);
    if (session === null) return null;
    if (session.expiresAtMs <= this.#options.wallMs()) return null;
    return this.#options.isRevoked(session.tokenId) ? null : session;
  }

  /**
   * Brings a token into the young generation. When that is full it becomes the
   * old one, so what was not used for a generation is forgotten.
   */
  #remember(token: string): Session | null {
    const session = this.#old.get(token) ?? this.#open(token);
    if (session === null) return null;
    if (this.#young.size >= GENERATION_SIZE) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, session);
    return session;
  }

  #open(token: string): Session | null {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    const [header, payload, signature, more] = token.split(".");
    if (!header || !payload || !signature || more !== undefined) return null;
    if (!sameText(signature, this.#sign(`${header}.${payload}`))) return null;
    if (!headerSchema.safeParse(decode(header)).success) return null;
    const claims = claimsSchema.safeParse(decode(payload));
    if (!claims.success) return null;
    const { sub, exp, nbf, jti } = claims.data;
    if (nbf !== undefined && nbf * 1000 > this.#options.wallMs()) return null;
    return {
      userId: sub,
      tokenId: jti ?? signature,
      expiresAtMs: exp * 1000,
    };
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}

/**
 * Compares two secrets in a time that does not tell how much of them agrees.
 * Texts, not decoded bytes: base64 has several texts for the same bytes, and
 * only one of them may be a token, or a revoked one would have a twin.
 */
export function sameText(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}
