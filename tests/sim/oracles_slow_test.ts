/**
 * Small models on the event queue against what theory says of them: each
 * figure's interval of 99.9 % contains theory's value. Every row is played
 * again with something wrong in it (2 % more load, half the virtual nodes …),
 * and then has to disagree: a test that agrees with both would show nothing.
 * Seeds are fixed, so that the verdict never flickers.
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { HashRing } from "../../cluster/hash_ring.ts";
import { type Distribution, sample } from "../../sim/distributions.ts";
import { EventQueue } from "../../sim/event_queue.ts";
import { type Measured, MORE, test } from "./oracle.ts";
import {
  playClosed,
  playSharing,
  playStation,
  SECOND,
  type StationModel,
} from "./queueing.ts";
import { BATCHES, replicate } from "./statistics.ts";

/** Services with a mean of a second. */
const EXPONENTIAL: Distribution = { kind: "exponential", meanUs: SECOND };
const FIXED: Distribution = { kind: "constant", us: SECOND };
const ERLANG_4: Distribution = { kind: "erlang", stages: 4, meanUs: SECOND };

/** Lognormal with a mean of a second and that squared coefficient. */
function lognormal(square: number): Distribution {
  const medianUs = SECOND / Math.sqrt(1 + square);
  const sigma = Math.sqrt(Math.log(1 + square));
  return { kind: "lognormal", medianUs, sigma };
}

/** Two exponentials, each of which does half of the work. */
function hyper2(square: number): Distribution {
  const first = (1 + Math.sqrt((square - 1) / (square + 1))) / 2;
  return {
    kind: "hyper2",
    firstPerMillion: Math.round(first * 1e6),
    firstMeanUs: SECOND / (2 * first),
    secondMeanUs: SECOND / (2 * (1 - first)),
  };
}

/** A station with Poisson arrivals and one kind of customer. */
interface StationRow {
  readonly name: string;
  readonly load: number;
  readonly servers?: number;
  readonly service?: Distribution;
  /** What is served instead in the control; absent: 2 % more arrivals. */
  readonly wrongService?: Distribution;
  readonly more?: Partial<StationModel>;
  readonly expected: Readonly<Record<string, number>>;
}

const STATIONS: readonly StationRow[] = [
  // 1
  {
    name: "M/M/1 at 50 %",
    load: .5,
    more: { lateSeconds: 1.3863, arrivals: 400_000 },
    expected: { inSystem: 1, sojourn: 2, late: .5 },
  },
  {
    name: "M/M/1 at 90 %",
    load: .9,
    more: { lateSeconds: 46.0517, crowd: 10, arrivals: 800_000 },
    expected: {
      inSystem: 9,
      wait: 9,
      sojourn: 10,
      late: .01,
      crowded: .3487,
    },
  },
  // 2
  {
    name: "M/M/2 at 80 %",
    load: 1.6,
    servers: 2,
    expected: { waited: .7111, wait: 1.7778 },
  },
  {
    name: "M/M/8 at 80 %",
    load: 6.4,
    servers: 8,
    expected: { waited: .4576, wait: .2860 },
  },
  {
    name: "M/M/16 at 90 %",
    load: 14.4,
    servers: 16,
    expected: { waited: .5913, wait: .3696 },
  },
  {
    name: "M/M/100 at 95 %",
    load: 95,
    servers: 100,
    expected: { waited: .5065, wait: .1013 },
  },
  // 3
  {
    name: "M/M/10/10",
    load: 10,
    servers: 10,
    more: { capacity: 10 },
    expected: { blocked: .2146 },
  },
  {
    name: "M/G/10/10 with lognormal service",
    load: 10,
    servers: 10,
    service: lognormal(1),
    more: { capacity: 10 },
    expected: { blocked: .2146 },
  },
  {
    name: "M/M/110/110",
    load: 100,
    servers: 110,
    more: { capacity: 110 },
    expected: { blocked: .0275 },
  },
  // 4
  {
    name: "M/M/1/10 at 90 %",
    load: .9,
    more: { capacity: 10 },
    expected: { blocked: .0508, inSystem: 3.9694, sojourn: 4.6466 },
  },
  {
    name: "M/M/1/10 at 100 %",
    load: 1,
    more: { capacity: 10 },
    expected: { blocked: 1 / 11, inSystem: 5 },
  },
  {
    name: "M/M/1/10 at 120 %",
    load: 1.2,
    more: { capacity: 10 },
    expected: { blocked: .1926, inSystem: 6.7107, throughput: .9689 },
  },
  // 5
  {
    name: "M/D/1 at 50 %",
    load: .5,
    service: FIXED,
    expected: { wait: .5 },
  },
  {
    name: "M/D/1 at 90 %",
    load: .9,
    service: FIXED,
    expected: { wait: 4.5 },
  },
  // 6
  {
    name: "M/G/1 with lognormal service",
    load: .7,
    service: lognormal(4),
    wrongService: lognormal(2),
    expected: { wait: 5.8333, sojourn: 6.8333 },
  },
  // A wait is so long and so variable there that a run of a million tells it to
  // a fifth: enough to see the spread of service halved, which makes it 13.5.
  {
    name: "M/G/1 with lognormal service at 90 %",
    load: .9,
    service: lognormal(4),
    wrongService: lognormal(2),
    more: { arrivals: 1_000_000 },
    expected: { wait: 22.5 },
  },
  {
    name: "M/G/1 with hyperexponential service",
    load: .7,
    service: hyper2(4),
    wrongService: hyper2(2),
    expected: { wait: 5.8333 },
  },
  {
    name: "M/G/1 with Erlang service",
    load: .7,
    service: ERLANG_4,
    wrongService: EXPONENTIAL,
    expected: { wait: 1.4583 },
  },
  // 8
  {
    name: "M/M/4/20",
    load: 4.5,
    servers: 4,
    more: { capacity: 20 },
    expected: { blocked: .1241, inSystem: 14.2332 },
  },
];

for (const row of STATIONS) {
  const { name, load, servers = 1, service = EXPONENTIAL, expected } = row;
  test({
    name,
    expected,
    wrong: row.wrongService ? "a service of other spread" : "2 % more arrivals",
    measure(isWrong) {
      const excess = isWrong && row.wrongService === undefined ? MORE : 1;
      const served = (isWrong ? row.wrongService : undefined) ?? service;
      const classes = [{ perSecond: load * excess, service: served }];
      const model = { classes, servers, arrivals: 250_000, seed: 1 };
      const { figures, littleUs } = playStation({ ...model, ...row.more });
      // Exact, since time is in whole microseconds, whatever the load.
      assert.equal(littleUs, 0);
      return figures;
    },
  });
}

// 7: the mean does not depend on the service's law.
for (const service of [FIXED, lognormal(1)]) {
  test({
    name: `M/G/1 with a shared server and ${service.kind} service`,
    expected: { sojourn: 5 },
    wrong: "2 % more arrivals",
    measure: (isWrong) => ({
      sojourn: playSharing(
        { perSecond: isWrong ? .8 * MORE : .8, service },
        { arrivals: 500_000, seed: 1 },
      ),
    }),
  });
}

// 10: a second of thinking and 20 ms of service; users, /s, ms.
for (
  const [users, perSecond, responseMs] of [
    [10, 9.7642, 24.152],
    [50, 44.7606, 117.05],
    [100, 50, 1_000],
  ] as const
) {
  test({
    name: `a closed model of ${users} users`,
    expected: { perSecond, responseMs },
    wrong: "2 % more service",
    measure: (isWrong) =>
      playClosed({
        users,
        thinkUs: SECOND,
        serviceUs: isWrong ? 20_400 : 20_000,
        requests: 250_000,
        seed: 1,
      }),
  });
}

// 11
test({
  name: "a station that serves a class first, but interrupts nobody",
  // The last: weighed by load, waits are those without classes.
  expected: { "wait of class 0": 1.1429, "wait of class 1": 5.7143, wait: 4 },
  wrong: "2 % more arrivals",
  measure: (isWrong) =>
    playStation({
      classes: [.3, .5].map((load) => ({
        perSecond: isWrong ? load * MORE : load,
        service: EXPONENTIAL,
      })),
      servers: 1,
      arrivals: 700_000,
      seed: 1,
    }).figures,
});

const KEYS = Array.from({ length: 20_000 }, (_, index) => `sku-${index}`);

/** Shares of 30 rings: their squared variation, and the largest. */
function shares(count: number, virtualNodes: number): Measured {
  const loads = (ring: number) => {
    const names = Array.from({ length: count }, (_, i) => `${ring}/node-${i}`);
    const owned = new Map(names.map((name) => [name, 0]));
    const hashRing = new HashRing(names, virtualNodes);
    for (const key of KEYS) {
      const owner = hashRing.locate(key);
      owned.set(owner, owned.get(owner)! + 1);
    }
    return [...owned.values()].map((keys) => keys / KEYS.length * count);
  };
  const rings = Array.from({ length: BATCHES }, (_, ring) => loads(ring));
  return {
    "CV²": rings.map((ring) =>
      ring.reduce((sum, share) => sum + (share - 1) ** 2, 0) / count
    ),
    largest: rings.map((ring) => Math.max(...ring)),
  };
}

// 17: √((N − 1) / (NV + 1)), and the mean of the largest of N Gamma(V) / V.
for (
  const [count, virtualNodes, variation, largest, wrongNodes] of [
    [8, 1, .8819, 2.7179, 2],
    [8, 64, .1168, 1.1849, 32],
    [8, 128, .0826, 1.1294, 64],
    [16, 128, .0856, 1.1623, 64],
    [64, 160, .0784, 1.1950, 80],
    [8, 1_024, .0292, 1.0449, 512],
  ] as const
) {
  // A finite number of keys makes shares vary a little more: binomially.
  const fewKeys = (count - 1) / KEYS.length;
  const square = variation ** 2 + fewKeys;
  test({
    name: `a ring of ${count} nodes × ${virtualNodes}`,
    expected: {
      "CV²": square,
      largest: 1 + (largest - 1) * Math.sqrt(square) / variation,
    },
    wrong: `${wrongNodes} virtual nodes`,
    measure: (isWrong) => shares(count, isWrong ? wrongNodes : virtualNodes),
  });
}

// 17, a ninth node
test({
  name: "a ring that gets a ninth node",
  expected: { moved: 1 / 9 },
  wrong: "a tenth besides",
  measure: (isWrong) => ({
    moved: replicate((seed) => {
      const names = Array.from({ length: 10 }, (_, i) => `${seed}/node-${i}`);
      const before = new HashRing(names.slice(0, 8), 128);
      const after = new HashRing(names.slice(0, isWrong ? 10 : 9), 128);
      const moved = KEYS.filter((key) =>
        before.locate(key) !== after.locate(key)
      );
      return moved.length / KEYS.length;
    }),
  }),
});

/** Calls one after the other over a link that loses messages. */
function callsOverLossyLink(lossPerMillion: number): Measured {
  const perBatch = 4_000;
  const tries: number[] = [];
  const meanMs: number[] = [];
  const queue = new EventQueue<"arrived" | "answered" | "expired">();
  const random = new SeededRandom(1, "losses");
  const isLost = () => random.chance(lossPerMillion, 1_000_000);
  let tried = 0;
  const call = () => {
    tried++;
    if (!isLost()) queue.schedule(queue.nowUs + 5_000, "arrived");
    return queue.schedule(queue.nowUs + 100_000, "expired");
  };
  for (let batch = 0; batch < BATCHES; batch++) {
    const beganUs = queue.nowUs;
    tried = 0;
    for (let answered = 0, timer = call(); answered < perBatch;) {
      const event = queue.next();
      if (event === "arrived") {
        if (!isLost()) queue.schedule(queue.nowUs + 5_000, "answered");
        continue;
      }
      if (event === "answered") {
        answered++;
        assert.ok(queue.cancel(timer));
      }
      if (answered < perBatch) timer = call();
    }
    tries.push(tried / perBatch);
    meanMs.push((queue.nowUs - beganUs) / perBatch / 1_000);
  }
  return { tries, meanMs };
}

// 19
test({
  name: "a call over a link that loses 5 % each way",
  expected: { tries: 1 / .95 ** 2, meanMs: 20.803 },
  wrong: "a loss of 6 %",
  measure: (isWrong) => callsOverLossyLink(isWrong ? 60_000 : 50_000),
});

/** Arrivals of a minute, at a rate that rises from 100/s to 1,000/s. */
function ramp(seed: number, excess: number): number {
  const queue = new EventQueue<"candidate">();
  const random = new SeededRandom(seed, "ramp");
  const gap = { kind: "exponential", meanUs: 1_000 / excess } as const;
  const endUs = 60 * SECOND;
  let count = 0;
  const expectNext = () => {
    const atUs = queue.nowUs + Math.round(sample(gap, random));
    if (atUs < endUs) queue.schedule(atUs, "candidate");
  };
  expectNext();
  while (queue.next() !== undefined) {
    // Thinning (Lewis and Shedler 1979): of 1,000/s as many as the rate says.
    const perSecond = 100 + 900 * queue.nowUs / endUs;
    if (random.below(1_000_000) < perSecond * 1_000) count++;
    expectNext();
  }
  return count;
}

// 20
test({
  name: "a ramp from 100/s to 1,000/s",
  expected: { arrivals: 33_000 },
  wrong: "2 % more arrivals",
  measure: (isWrong) => ({
    arrivals: replicate((seed) => ramp(seed, isWrong ? MORE : 1)),
  }),
});

/** Milliseconds until 1,000 units are sold, one to each arrival. */
function sellOut(seed: number, perSecond: number): number {
  const queue = new EventQueue<"buyer">();
  const random = new SeededRandom(seed, "buyers");
  const gap = { kind: "exponential", meanUs: SECOND / perSecond } as const;
  for (let left = 1_000; left > 0; left--) {
    queue.schedule(queue.nowUs + Math.round(sample(gap, random)), "buyer");
    queue.next();
  }
  return queue.nowUs / 1_000;
}

// 21
test({
  name: "1,000 units that sell at 5,000/s",
  expected: { meanMs: 200, variance: 6.3246 ** 2 },
  wrong: "2 % more buyers",
  measure(isWrong) {
    const perSecond = isWrong ? 5_000 * MORE : 5_000;
    const sales = replicate((seed) => seed).map((seed) =>
      Array.from(
        { length: 40 },
        (_, sale) => sellOut(100 * seed + sale, perSecond),
      )
    );
    const mean = (of: readonly number[]) =>
      of.reduce((sum, value) => sum + value, 0) / of.length;
    return {
      meanMs: sales.map(mean),
      variance: sales.map((each) => mean(each.map((ms) => (ms - 200) ** 2))),
    };
  },
});

/** Two that fail now and then and are restarted; shares of time in 30 batches. */
function restarts(repairSeconds: number): Measured {
  const queue = new EventQueue<number>();
  const random = new SeededRandom(1, "failures");
  const up = { kind: "exponential", meanUs: 600 * SECOND } as const;
  const down = { kind: "exponential", meanUs: repairSeconds * SECOND } as const;
  const isUp = [true, true];
  const turn = (unit: number) => {
    const lastsUs = Math.round(sample(isUp[unit] ? up : down, random));
    queue.schedule(queue.nowUs + lastsUs, unit);
  };
  const first: number[] = [];
  const either: number[] = [];
  turn(0);
  turn(1);
  for (let batch = 0; batch < BATCHES; batch++) {
    const beganUs = queue.nowUs;
    let firstUs = 0;
    let eitherUs = 0;
    for (let event = 0; event < 16_000; event++) {
      const sinceUs = queue.nowUs;
      const unit = queue.next()!;
      const lastedUs = queue.nowUs - sinceUs;
      if (isUp[0]) firstUs += lastedUs;
      if (isUp[0] || isUp[1]) eitherUs += lastedUs;
      isUp[unit] = !isUp[unit];
      turn(unit);
    }
    first.push(firstUs / (queue.nowUs - beganUs));
    either.push(eitherUs / (queue.nowUs - beganUs));
  }
  return { first, either };
}

// 23: .99668 and .999989
test({
  name: "the availability of a supervised pair",
  expected: { first: 600 / 602, either: 1 - (2 / 602) ** 2 },
  wrong: "repairs that take 10 % longer",
  measure: (isWrong) => restarts(isWrong ? 2.2 : 2),
});
