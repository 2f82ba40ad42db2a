/**
 * Where the time of one read went, as a Server-Timing field (W3C), which
 * browsers draw beside the request. Its parts stand in the order of the way:
 *
 *   auth      the session and the limits
 *   route     the path, and who is to be asked
 *   cache     from the question to the answer; `desc` says hit, miss, …
 *   store     of that: what catalog and shard took, when this read asked them
 *   fill      what they said is held from now on, for so many seconds
 *   respond   what the shop says becomes an HTTP answer
 *
 * Durations are milliseconds. Only who asks for it with `?trace` pays for it.
 *
 * @module
 */
import type { CachedProduct } from "../../actors/cache_node.ts";
import type { Call } from "../call.ts";

/** One read that is traced, from when its handler has it. */
export class ReadTrace {
  readonly #call: Pick<Call, "elapsedMs">;
  readonly #parts: string[] = [];
  #sinceMs = 0;

  /** The session and the limits are done with. */
  constructor(call: Pick<Call, "elapsedMs">) {
    this.#call = call;
    this.#end("auth");
  }

  /** The gate is asked next. */
  routed(): void {
    this.#end("route");
  }

  /** The gate has answered. */
  answered({ status, storeMs, freshForMs }: CachedProduct): void {
    this.#end("cache", status);
    if (storeMs === undefined) return;
    const seconds = Math.floor(freshForMs / 1_000);
    this.#parts.push(`store;dur=${storeMs}`, `fill;desc="ttl=${seconds}"`);
  }

  /** The field's value; the answer is made and leaves next. */
  field(): string {
    this.#end("respond");
    return this.#parts.join(", ");
  }

  #end(name: string, description?: string): void {
    const { elapsedMs } = this.#call;
    const desc = description === undefined ? "" : `;desc="${description}"`;
    const dur = (elapsedMs - this.#sinceMs).toFixed(3);
    this.#parts.push(`${name}${desc};dur=${dur}`);
    this.#sinceMs = elapsedMs;
  }
}
