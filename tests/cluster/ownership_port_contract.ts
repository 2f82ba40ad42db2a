/**
 * What every store of territories' leases must do, whatever is behind it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  Beat,
  BeatAnswer,
  KeptLease,
  OwnershipPort,
  TakeAnswer,
} from "../../cluster/ownership_port.ts";

/** The territories of every store here. */
export const TERRITORIES = ["worker-0", "worker-1"] as const;

/** Longer than any test. */
const LEASE_MS = 60_000;

/** A store that is new, and what can be done to it. */
export interface OwnershipStoreUnderTest {
  readonly port: OwnershipPort;
  /** Makes it as old as if it had been there for an hour. */
  age(): Promise<void>;
  /** Starts it again without its data. */
  lose(): Promise<void>;
}

/** A port whose answers are promises. */
class Client {
  readonly #port: OwnershipPort;

  constructor(port: OwnershipPort) {
    this.#port = port;
  }

  async beat(
    process: string,
    leases: readonly KeptLease[] = [],
    more: Partial<Beat> = {},
  ): Promise<BeatAnswer> {
    const beat = {
      ...{ process, leases, leaseForMs: LEASE_MS, wantsShare: true },
      ...more,
    };
    const { promise, resolve } = Promise.withResolvers<BeatAnswer | null>();
    this.#port.beat(beat, resolve);
    const answer = await promise;
    assert.ok(answer, "the store answers");
    return answer;
  }

  async take(
    territory: string,
    holder: string,
    leaseForMs = LEASE_MS,
  ): Promise<TakeAnswer> {
    const { promise, resolve } = Promise.withResolvers<TakeAnswer | null>();
    this.#port.take({ territory, holder, leaseForMs }, resolve);
    const answer = await promise;
    assert.ok(answer, "the store answers");
    return answer;
  }

  /** Takes it, and insists on having it. */
  async have(territory: string, holder: string): Promise<KeptLease> {
    const taken = await this.take(territory, holder);
    assert.equal(taken.kind, "taken");
    const { fence } = taken as TakeAnswer & { kind: "taken" };
    return { territory, holder, fence };
  }

  async free(lease: Omit<KeptLease, "fence">): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean | null>();
    this.#port.free(lease, resolve);
    const isFreed = await promise;
    assert.notEqual(isFreed, null, "the store answers");
    return isFreed!;
  }

  leave(process: string): Promise<void> {
    return new Promise((resolve) => this.#port.leave(process, resolve));
  }
}

type Rule = (
  client: Client,
  store: OwnershipStoreUnderTest,
) => Promise<void>;

const RULES: Readonly<Record<string, Rule>> = {
  "one holder has a territory, and asking again he has it still": async (
    client,
  ) => {
    const first = await client.have("worker-0", "p/1");
    assert.ok(first.fence > 0);
    for (const holder of ["q/1", "p/2"]) {
      const refused = await client.take("worker-0", holder);
      assert.equal(refused.kind, "held");
      const { leftMs } = refused as TakeAnswer & { kind: "held" };
      assert.ok(leftMs > LEASE_MS / 2 && leftMs <= LEASE_MS, `${leftMs}`);
    }
    assert.deepEqual(await client.have("worker-0", "p/1"), first);
    await client.have("worker-1", "q/2");
  },

  "a territory is freed by its holder only, and the next fence is larger":
    async (client) => {
      const first = await client.have("worker-0", "p/1");
      assert.equal(
        await client.free({ territory: "worker-0", holder: "q/1" }),
        false,
      );
      assert.equal((await client.take("worker-0", "q/1")).kind, "held");
      assert.equal(await client.free(first), true);
      assert.equal(await client.free(first), false);
      const second = await client.have("worker-0", "q/1");
      assert.ok(second.fence > first.fence);
    },

  "a beat tells who lives, who wants a share, and who has what": async (
    client,
  ) => {
    const lease = await client.have("worker-1", "q/1");
    await client.beat("q", [lease]);
    const { processes, sharers, owners } = await client.beat("p", [], {
      wantsShare: false,
    });
    assert.deepEqual([processes, sharers], [["p", "q"], ["q"]]);
    assert.deepEqual([...owners.keys()], ["worker-1"]);
    const { holder, leftMs } = owners.get("worker-1")!;
    assert.equal(holder, "q/1");
    assert.ok(leftMs > LEASE_MS / 2 && leftMs <= LEASE_MS);
    await client.leave("q");
    assert.deepEqual((await client.beat("p")).processes, ["p"]);
  },

  "a beat keeps the leases it names, and nobody else's": async (client) => {
    const kept = await client.have("worker-0", "p/1");
    const other = await client.have("worker-1", "q/1");
    const wrong = { ...other, holder: "p/9" };
    const { owners } = await client.beat("p", [kept, wrong], {
      leaseForMs: 2 * LEASE_MS,
    });
    assert.ok(owners.get("worker-0")!.leftMs > LEASE_MS);
    assert.equal(owners.get("worker-1")!.holder, "q/1");
    assert.ok(owners.get("worker-1")!.leftMs <= LEASE_MS);
  },

  "a beat that comes late brings nothing back": async (client) => {
    const old = await client.have("worker-0", "p/1");
    await client.free(old);
    assert.equal((await client.beat("p", [old])).owners.size, 0);
    const young = await client.have("worker-0", "q/1");
    const { owners } = await client.beat("p", [old]);
    assert.equal(owners.get("worker-0")!.holder, young.holder);
  },

  "a process and its leases are forgotten when their time is over": async (
    client,
  ) => {
    const lease = await client.have("worker-0", "p/1");
    const soon = { leaseForMs: 20 };
    await client.beat("p", [lease], soon);
    const isThere = ({ processes, owners }: BeatAnswer) =>
      processes.includes("p") || owners.size > 0;
    while (isThere(await client.beat("q")));
    await client.have("worker-0", "q/1");
  },

  "a store that lost its data gives nothing but what is believed": async (
    client,
    store,
  ) => {
    const lease = await client.have("worker-0", "p/1");
    const newer = { ...lease, holder: "q/1", fence: lease.fence + 1 };
    await store.lose();
    for (const territory of TERRITORIES) {
      const refused = await client.take(territory, "r/1");
      assert.equal(refused.kind, "held");
      const { leftMs } = refused as TakeAnswer & { kind: "held" };
      assert.ok(leftMs > LEASE_MS / 2 && leftMs <= LEASE_MS);
    }
    const back = await client.beat("p", [lease]);
    assert.ok(back.settlesInMs > LEASE_MS / 2);
    assert.equal(back.owners.get("worker-0")!.holder, "p/1");
    // One who was given it later knows more than one who is late.
    const { owners } = await client.beat("q", [newer]);
    assert.equal(owners.get("worker-0")!.holder, "q/1");
    const late = await client.beat("p", [lease]);
    assert.equal(late.owners.get("worker-0")!.holder, "q/1");
    await store.age();
    await client.free(newer);
    const next = await client.have("worker-0", "r/2");
    assert.ok(next.fence > newer.fence);
  },
};

/** Names of the rules. */
export const RULE_NAMES: readonly string[] = Object.keys(RULES);

/** Holds a new store to the rule of that name. */
export async function checkRule(
  name: string,
  store: OwnershipStoreUnderTest,
): Promise<void> {
  const client = new Client(store.port);
  // From the first command on it is there.
  await client.leave("nobody");
  await client.take("worker-0", "nobody/1", 1);
  await client.free({ territory: "worker-0", holder: "nobody/1" });
  await store.age();
  await RULES[name]!(client, store);
}
