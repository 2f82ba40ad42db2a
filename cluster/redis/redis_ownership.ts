/**
 * Leases of territories, and who lives, in one Redis or a Redis Cluster: all
 * keys of a shop share a hash tag. Each change is told in a channel, so that
 * nobody has to wait for his next beat; what is told there may be lost.
 *
 * @module
 */
import type {
  Beat,
  BeatAnswer,
  KeptLease,
  OwnershipPort,
  TakeAnswer,
} from "../ownership_port.ts";
import { AGREE, BEAT, FREE, LEAVE, TAKE } from "./ownership_scripts.ts";
import type { RedisAnswer, RedisPort, RedisScript } from "./redis_port.ts";

/** Whose leases, and which. */
export interface RedisOwnershipOptions {
  /** Names the shop. */
  readonly storeId: string;
  /** This life of this process. */
  readonly process: string;
  readonly territories: readonly string[];
}

/**
 * How long leases last for the processes of a shop that live, which is as given
 * when none does; null: nobody knows. Two that start at the same moment may
 * both be told their own: whoever asks again once he lives finds that out.
 */
export async function agreeOnLeases(
  redis: RedisPort,
  storeId: string,
  leaseForMs: number,
): Promise<number | null> {
  const prefix = prefixOf(storeId);
  const keys = [prefix + PROCESSES, prefix + LEASE_TIME];
  const answer = await redis.run(AGREE, keys, [String(leaseForMs)]);
  return answer.kind === "ok" ? Number(answer.value) : null;
}

const PROCESSES = "processes";
const LEASE_TIME = "lease-for";

/** Before all keys of a shop. */
function prefixOf(storeId: string): string {
  return `doorbuster:{${storeId}}:`;
}

/** For each territory and for the beat, so many lie in a lease. */
const ASKED_PER_LEASE = 4;

/** See the module. */
export class RedisOwnership implements OwnershipPort {
  readonly #redis: RedisPort;
  readonly #process: string;
  readonly #territories: readonly string[];
  readonly #prefix: string;
  readonly #channel: string;
  /** Of the beat: each territory's keys are in it. */
  readonly #keys: readonly string[];
  /** Requests without an answer; a Redis that hangs gets no more of them. */
  #underWay = 0;

  /** Keeps leases in the Redis behind the port. */
  constructor(redis: RedisPort, options: RedisOwnershipOptions) {
    this.#redis = redis;
    this.#process = options.process;
    this.#territories = options.territories;
    this.#prefix = prefixOf(options.storeId);
    this.#channel = this.#key("changed");
    this.#keys = [
      this.#key(PROCESSES),
      this.#key("sharers"),
      this.#key("since"),
      this.#key(LEASE_TIME),
      ...options.territories.flatMap((name) => this.#keysOf(name)),
    ];
  }

  beat(beat: Beat, done: (answer: BeatAnswer | null) => void): void {
    const leases = new Map(
      beat.leases.map((lease) => [lease.territory, lease]),
    );
    const named = this.#territories.flatMap((name) => {
      const lease = leases.get(name);
      return lease === undefined ? ["", ""] : [
        lease.holder,
        String(lease.fence),
      ];
    });
    const args = [
      beat.process,
      String(beat.leaseForMs),
      beat.wantsShare ? "1" : "0",
      this.#channel,
      ...named,
    ];
    this.#run(BEAT, this.#keys, args, (answer) => {
      done(answer === null ? null : this.#readBeat(answer.value));
    });
  }

  take(
    { territory, holder, leaseForMs }: {
      readonly territory: string;
      readonly holder: string;
      readonly leaseForMs: number;
    },
    done: (answer: TakeAnswer | null) => void,
  ): void {
    const keys = [...this.#keysOf(territory), this.#key("since")];
    this.#run(TAKE, keys, [holder, String(leaseForMs)], (answer) => {
      if (answer === null) return done(null);
      const number = Number(answer.value);
      done(
        number > 0
          ? { kind: "taken", fence: number }
          : { kind: "held", leftMs: Math.max(0, -1 - number) },
      );
    });
  }

  free(
    { territory, holder }: Omit<KeptLease, "fence">,
    done: (isFreed: boolean | null) => void,
  ): void {
    const [lease = ""] = this.#keysOf(territory);
    const args = [holder, this.#channel, `${this.#process} ${territory}`];
    this.#run(FREE, [lease], args, (answer) => {
      done(answer === null ? null : Number(answer.value) === 1);
    });
  }

  leave(process: string, done: () => void): void {
    const keys = [this.#key(PROCESSES), this.#key("sharers")];
    this.#run(LEAVE, keys, [process, this.#channel], () => done());
  }

  /**
   * Calls back whenever another process changed something, with the territory
   * if it freed one, and when it begins to hear, until what it gives is called.
   */
  watch(changed: (freed?: string) => void): () => Promise<void> {
    const heard = (message: string) => {
      const [process, freed] = message.split(" ");
      if (process !== this.#process) changed(freed);
    };
    return this.#redis.subscribe(this.#channel, heard, () => changed());
  }

  #key(name: string): string {
    return this.#prefix + name;
  }

  #keysOf(territory: string): string[] {
    return [this.#key(`lease:${territory}`), this.#key(`fence:${territory}`)];
  }

  #run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
    done: (answer: RedisAnswer & { readonly kind: "ok" } | null) => void,
  ): void {
    const most = ASKED_PER_LEASE * (this.#territories.length + 1);
    if (this.#underWay >= most) {
      return done(null);
    }
    this.#underWay++;
    this.#redis.run(script, keys, args).then((answer) => {
      this.#underWay--;
      done(answer.kind === "ok" ? answer : null);
    });
  }

  #readBeat(value: unknown): BeatAnswer {
    // As the script returns it.
    const [processes, sharers, settlesInMs, owned] = value as [
      string[],
      string[],
      number,
      (string | number)[],
    ];
    const owners = new Map<string, { holder: string; leftMs: number }>();
    this.#territories.forEach((territory, index) => {
      const holder = String(owned[2 * index]);
      const leftMs = Math.max(0, Number(owned[2 * index + 1]));
      if (holder !== "") owners.set(territory, { holder, leftMs });
    });
    return {
      processes: processes.sort(),
      sharers: sharers.sort(),
      settlesInMs: Number(settlesInMs),
      owners,
    };
  }
}
