/**
 * What every request needs: the gate, the sessions, the clocks, the settings.
 * Made once when the edge starts.
 *
 * @module
 */
import type { Log } from "../actors/runtime/ports.ts";
import type { Admission, Gate } from "../cluster/gate.ts";
import type { Peers } from "./peers.ts";
import type { Sessions } from "./sessions.ts";
import type { HttpMetrics } from "./metrics.ts";

/** The edge's settings. */
export interface EdgeConfig {
  /** The gate settles every request within this time. */
  readonly requestTimeoutMs: number;
  /** A larger body is refused with 413. */
  readonly bodyLimitBytes: number;
  /** Addresses and networks whose forwarding headers count. */
  readonly trustedProxies: readonly string[];
  /** ISO 4217; the shop has one. Default `GBP`. */
  readonly currency?: string;
  /** The shop's name on its pages. Default `Doorbuster`. */
  readonly catalogName?: string;
}

/** See the module. */
export interface Services {
  readonly gate: Gate;
  readonly sessions: Sessions;
  readonly peers: Peers;
  readonly limits: LimitFields;
  readonly traces: TraceIds;
  readonly metrics: HttpMetrics;
  readonly adminToken: string;
  readonly config: EdgeConfig;
  readonly clock: { wallMs(): number; monotonicMs(): number };
  /** Resolves after so many milliseconds. */
  readonly later: (delayMs: number) => Promise<void>;
  readonly randomId: () => string;
  readonly log: Log;
}

/** The RateLimit fields of answers (draft-ietf-httpapi-ratelimit-headers). */
export class LimitFields {
  /** Policies change with the config only; one text for each is enough. */
  readonly #policies = new Map<string, string>();

  /** Adds what a bucket said to an answer's fields. */
  describe(admission: Admission, headers: Record<string, string>): void {
    const { policy, capacity, refillPerSecond, remaining } = admission;
    headers["ratelimit-policy"] = this.#policies.get(policy) ??
      this.#name(admission);
    // Until the bucket is full again; when it is empty, until one may pass.
    const seconds = admission.admitted
      ? (capacity - remaining) / refillPerSecond
      : admission.retryAfterMs / 1000;
    headers["ratelimit"] = `"${policy}";r=${remaining};t=${
      Math.max(1, Math.ceil(seconds))
    }`;
  }

  #name({ policy, capacity, refillPerSecond }: Admission): string {
    const windowSeconds = Math.ceil(capacity / refillPerSecond);
    const text = `"${policy}";q=${capacity};w=${windowSeconds}`;
    this.#policies.set(policy, text);
    return text;
  }
}

/**
 * Trace ids for requests that bring none: a random half for this process and a
 * counter, because a random number for every refusal would cost more than the
 * refusal.
 */
export class TraceIds {
  readonly #process: string;
  #count = 0;

  /** @param randomId At least 64 random bits; a UUID will do. */
  constructor(randomId: string) {
    this.#process = randomId.replaceAll(/[^0-9a-f]/g, "").padStart(16, "0")
      .slice(-16);
  }

  /** 32 hexadecimal digits. */
  next(): string {
    this.#count++;
    return this.#process + this.#count.toString(16).padStart(16, "0");
  }
}
