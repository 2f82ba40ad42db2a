/**
 * What the defaults of the shop rest on (docs/adr/0013): the order in which
 * policies come out when they are compared, and that they always do.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { EvictionName } from "../../actors/cache/bounded_map.ts";
import type { BalancerName } from "../../cluster/balancers/policies.ts";
import type { Comparison } from "../../sim/policies/comparison.ts";
import type { Doorman, Goodput } from "../../sim/policies/overload.ts";
import { granted } from "../permission.ts";

const MAIN = fileURLToPath(
  import.meta.resolve("../../sim/policies/main.ts"),
);
const TWO_MB = 2_000_000;

/** All that a run of the command leaves. */
interface Left {
  readonly text: string;
  readonly json: string;
  readonly page: string;
}

/** @param flags Of the engine: what may not matter. */
async function runCommand(flags: string): Promise<Left> {
  const folder = await Deno.makeTempDir();
  try {
    const [json, page] = [`${folder}/a.json`, `${folder}/a.html`];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", `--v8-flags=${flags}`]
        .concat([MAIN, "--json", json, "--report", page]),
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.equal(code, 0, decode(stderr));
    return {
      text: decode(stdout),
      json: await Deno.readTextFile(json),
      page: await Deno.readTextFile(page),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

let first: Promise<Left> | undefined;
/** One run for all tests that only look at its figures. */
function once(): Promise<Left> {
  return first ??= runCommand("--random-seed=1");
}

function claim(name: string, fn: (all: Comparison) => void): void {
  Deno.test({
    name,
    ignore: !granted("run", "read", "write"),
    fn: async () => fn(JSON.parse((await once()).json)),
  });
}

Deno.test({
  name: "policies that are compared again give the same text, file and page, " +
    "whatever the engine's seed and optimizer",
  ignore: !granted("run", "read", "write"),
  async fn() {
    const [one, other] = await Promise.all([
      once(),
      runCommand("--random-seed=2,--no-turbofan"),
    ]);
    // Not deepEqual: what differs may be a whole page.
    for (const part of ["text", "json", "page"] as const) {
      assert.ok(other[part] === one[part], `the ${part} is another one`);
    }
  },
});

Deno.test({
  name: "the page of all policies is one file under 2 MB that asks nobody",
  ignore: !granted("run", "read", "write"),
  async fn() {
    const { page } = await once();
    assert.ok(new TextEncoder().encode(page).length < TWO_MB);
    const asks = /<script|\ssrc=|<link rel="stylesheet|url\(|https?:/;
    assert.equal(asks.exec(page.replaceAll("http://www.w3.org", "")), null);
  },
});

// ── Caches ────────────────────────────────────────────────────────────────

function ratio(
  { caches }: Comparison,
  [reads, entries]: readonly [string, number],
  policy: EvictionName,
): number {
  const found = caches.find((each) =>
    each.reads === reads && each.entries === entries
  );
  return found!.hitRatios[policy];
}

claim(
  "on Zipf's law, with and without scans, SIEVE hits more often than LFU, LFU than LRU, LRU than FIFO",
  ({ caches }) => {
    const even = caches.filter(({ reads }) =>
      /^Zipf [\d.]+(, and scans)?$/.test(reads)
    );
    assert.equal(even.length, 12);
    for (const { reads, entries, hitRatios } of even) {
      const { sieve, lfu, lru, fifo } = hitRatios;
      const order = sieve > lfu && lfu > lru && lru > fifo;
      assert.ok(order, `${reads}, ${entries}: ${JSON.stringify(hitRatios)}`);
    }
  },
);

claim(
  "on whatever is read SIEVE hits at least as often as LRU",
  ({ caches }) => {
    for (const { reads, entries, hitRatios } of caches) {
      assert.ok(hitRatios.sieve >= hitRatios.lru, `${reads}, ${entries}`);
    }
  },
);

claim(
  "on real order lines LFU is ahead of SIEVE once it has room for 100, and SIEVE of LRU",
  (all) => {
    for (const entries of [100, 150, 300]) {
      const of = (policy: EvictionName) =>
        ratio(all, ["real order lines", entries], policy);
      assert.ok(of("lfu") > of("sieve") && of("sieve") > of("lru") + 0.04);
    }
  },
);

claim("LRU and FIFO hit as theory says", (all) => {
  // Che's approximation, whose own error is at most .005 here.
  const theory = [
    ["Zipf 0.8", 100, "lru", .1566],
    ["Zipf 0.8", 1_000, "lru", .4367],
    ["Zipf 1.0", 100, "lru", .3905],
    ["Zipf 1.0", 1_000, "lru", .6756],
    ["Zipf 1.0", 1_000, "fifo", .6309],
  ] as const;
  for (const [reads, entries, policy, expected] of theory) {
    const measured = ratio(all, [reads, entries], policy);
    assert.ok(Math.abs(measured - expected) < .006, `${reads}: ${measured}`);
  }
});

// ── Balancers ─────────────────────────────────────────────────────────────

/** The p99 of each policy in a case. */
function p99s({ balancers }: Comparison, name: string) {
  const { policies } = balancers.find((each) => each.name === name)!;
  return Object.fromEntries(
    policies.map(({ policy, p99Ms }) => [policy, p99Ms]),
  ) as Record<BalancerName, number>;
}

claim(
  "with one server that is slow two choices beat one by a hundred times, and round robin too",
  (all) => {
    const p99 = p99s(all, "one 4 × slower");
    assert.ok(100 * p99["power-of-two-choices"] < p99.random);
    assert.ok(100 * p99["power-of-two-choices"] < p99["round-robin"]);
  },
);

claim(
  "with one server that is slow, whoever waits for it, weighted by load has the least p99",
  (all) => {
    const slow = all.balancers.filter(({ name }) => name.includes("slower"));
    assert.equal(slow.length, 3);
    for (const { name } of slow) {
      const p99 = p99s(all, name);
      const least = Math.min(...Object.values(p99));
      assert.equal(p99["weighted-by-load"], least, name);
    }
  },
);

claim(
  "a caller who waits for no longer than the shop's has the slow server put out, and round robin is within 1.6 of the best",
  (all) => {
    const p99 = p99s(all, "one 4 × slower, a caller who waits for 1 s");
    assert.ok(p99["round-robin"] < 1.6 * p99["weighted-by-load"]);
  },
);

claim(
  "least connections is best for one caller and worst for 16, who all run to the first server",
  (all) => {
    const alone = p99s(all, "all well");
    const many = p99s(all, "all well, 16 callers");
    const of = "least-connections";
    assert.equal(alone[of], Math.min(...Object.values(alone)));
    assert.equal(many[of], Math.max(...Object.values(many)));
  },
);

claim(
  "no policy loses a call, and a server that fails gets under 0.1 % of them",
  ({ balancers }) => {
    for (const { name, policies } of balancers) {
      for (const { policy, failed, firstShare } of policies) {
        assert.equal(failed, 0, `${name}, ${policy}`);
        if (name === "one failing") assert.ok(firstShare < 0.001, policy);
      }
    }
  },
);

// ── Limiters ──────────────────────────────────────────────────────────────

function goodputs(
  { limiters }: Comparison,
  name: string,
  doorman: Doorman,
): Goodput[] {
  const { goodputs } = limiters.find((each) => each.name === name)!;
  return goodputs.filter((each) => each.doorman === doorman);
}

const EXPECTED = "as fast as expected";
const HALF = "half as fast";

function at(all: Comparison, name: string, doorman: Doorman, load: number) {
  return goodputs(all, name, doorman).find((each) => each.load === load)!;
}

claim(
  "at three times what it can do a server without a limiter answers next to nobody in time, and with one 0.9 of what it can",
  (all) => {
    assert.ok(at(all, EXPECTED, "nobody", 3).goodput < 0.02);
    const good: readonly Doorman[] = [
      ...["token-bucket", "leaky-bucket", "leaky-queue"] as const,
      ...["sliding-window", "warm-up"] as const,
      ...["adaptive, usual", "adaptive, least"] as const,
    ];
    for (const doorman of good) {
      const { goodput } = at(all, EXPECTED, doorman, 3);
      assert.ok(goodput >= 0.9 && goodput <= 1.02, `${doorman}: ${goodput}`);
    }
  },
);

claim(
  "when the server is half as fast as a limiter of a rate was told, only the adaptive limits hold, and least at under half the wait of usual",
  (all) => {
    for (const load of [2, 3, 5]) {
      const of = (doorman: Doorman) => at(all, HALF, doorman, load).goodput;
      assert.ok(of("token-bucket") < 0.02);
      assert.ok(of("leaky-queue") < 0.02);
      assert.ok(of("adaptive, usual") > 0.98);
      assert.ok(of("adaptive, least") > 0.98);
      for (const name of [EXPECTED, HALF]) {
        const [usual, least] = (["usual", "least"] as const).map((baseline) =>
          at(all, name, `adaptive, ${baseline}`, load).meanMs
        );
        assert.ok(2 * least! < usual!, `${least} ms and ${usual} ms`);
      }
    }
  },
);

claim(
  "at half of what it can do no limiter refuses anybody, but warm-up while it is cold",
  ({ limiters }) => {
    for (const { goodputs } of limiters) {
      for (const { doorman, load, refused } of goodputs) {
        if (load !== 0.5) continue;
        // Cold it lets a third of 950 pass, for a part of its ten seconds.
        const most = doorman === "warm-up" ? 0.02 : 0.001;
        assert.ok(refused <= most, `${doorman}: ${refused}`);
      }
    }
  },
);

claim(
  "at half of what they can do ten servers answer in the time that theory gives",
  (all) => {
    // Erlang C for ten servers that are half busy: one in 27.7 calls waits.
    const expectedMs = 10 + 10 * 0.0361 / 5;
    const { meanMs } = at(all, EXPECTED, "nobody", 0.5);
    assert.ok(Math.abs(meanMs - expectedMs) < 0.1, `${meanMs}`);
  },
);
