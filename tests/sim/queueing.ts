/**
 * Queues that theory has formulas for, played on the event queue: a station
 * with servers and a waiting room, one whose server is shared by all, and a
 * fixed number of users who think between requests. Figures come in 30 batches
 * after one of warm-up; the unit of time is a second.
 *
 * @module
 */
import { SeededRandom } from "../../actors/runtime/random.ts";
import { type Distribution, sample } from "../../sim/distributions.ts";
import { EventQueue } from "../../sim/event_queue.ts";
import { BATCHES, type Samples } from "./statistics.ts";

/** A second, in microseconds. */
export const SECOND = 1_000_000;

/** Customers of one kind. Those of an earlier class go first. */
export interface CustomerClass {
  /** Arrivals in a second, as a Poisson process. */
  readonly perSecond: number;
  readonly service: Distribution;
}

/** A station. See the module's text. */
export interface StationModel {
  readonly classes: readonly CustomerClass[];
  readonly servers: number;
  /** Customers in all, those in service included; who finds it full leaves. */
  readonly capacity?: number;
  /** Arrivals, those of the warm-up included. */
  readonly arrivals: number;
  /** A sojourn's length: `late` counts longer ones. */
  readonly lateSeconds?: number;
  /** Customers in the station: `crowded` is the share of time with as many. */
  readonly crowd?: number;
  readonly seed: number;
}

/** A station's figures, and what must be exactly 0. */
export interface StationResult {
  /** By the names of `FIGURES`. */
  readonly figures: Readonly<Record<string, Samples>>;
  /** Sum of sojourns less the integral of customers over time: Little's law. */
  readonly littleUs: number;
}

const DEPARTURE = -1;

/** First in, first out. */
class Line {
  #items: number[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: number): void {
    this.#items.push(item);
  }

  shift(): number {
    const item = this.#items[this.#head++]!;
    if (this.#head === 1_024) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** Sums of one batch. */
class Batch {
  arrived = 0;
  blocked = 0;
  started = 0;
  waited = 0;
  late = 0;
  waitUs = 0;
  sojournUs = 0;
  readonly classStarted = [0, 0];
  readonly classWaitUs = [0, 0];
  elapsedUs = 0;
  crowdedUs = 0;
  /** Customers × microseconds. */
  area = 0;
}

function waitOfClass(of: number): (batch: Batch) => number {
  return (batch) => batch.classWaitUs[of]! / batch.classStarted[of]! / SECOND;
}

/** What is measured of a batch. */
const FIGURES: Readonly<Record<string, (batch: Batch) => number>> = {
  inSystem: ({ area, elapsedUs }) => area / elapsedUs,
  wait: ({ waitUs, started }) => waitUs / started / SECOND,
  "wait of class 0": waitOfClass(0),
  "wait of class 1": waitOfClass(1),
  sojourn: ({ sojournUs, started }) => sojournUs / started / SECOND,
  late: ({ late, started }) => late / started,
  waited: ({ waited, started }) => waited / started,
  crowded: ({ crowdedUs, elapsedUs }) => crowdedUs / elapsedUs,
  blocked: ({ blocked, arrived }) => blocked / arrived,
  throughput: ({ started, elapsedUs }) => started / elapsedUs * SECOND,
};

/** Plays a station until all have left. */
class Station {
  readonly #model: StationModel;
  readonly #queue = new EventQueue<number>();
  readonly #arrivals: SeededRandom[];
  readonly #services: SeededRandom[];
  readonly #gaps: Distribution[];
  readonly #lines: Line[];
  readonly batches: Batch[] = [];
  #batch = new Batch();
  #arrived = 0;
  #inSystem = 0;
  #free: number;
  #lookedAtUs = 0;

  constructor(model: StationModel) {
    const { classes, seed, servers } = model;
    this.#model = model;
    this.#free = servers;
    this.#lines = classes.map(() => new Line());
    this.#arrivals = classes.map((_, of) =>
      new SeededRandom(seed, `arrivals ${of}`)
    );
    this.#services = classes.map((_, of) =>
      new SeededRandom(seed, `services ${of}`)
    );
    this.#gaps = classes.map(({ perSecond }) => ({
      kind: "exponential",
      meanUs: SECOND / perSecond,
    }));
  }

  run(): void {
    this.#model.classes.forEach((_, of) => this.#expect(of));
    while (true) {
      const event = this.#queue.next();
      if (event === undefined) break;
      this.#measureTime();
      if (event === DEPARTURE) this.#depart();
      else this.#arrive(event);
    }
    // The rest of them leave in a batch that is none.
    this.batches.push(this.#batch);
  }

  #expect(of: number): void {
    const gapUs = Math.round(sample(this.#gaps[of]!, this.#arrivals[of]!));
    this.#queue.schedule(this.#queue.nowUs + gapUs, of);
  }

  #arrive(of: number): void {
    const { arrivals, capacity = Infinity } = this.#model;
    this.#batch.arrived++;
    if (this.#inSystem === capacity) this.#batch.blocked++;
    else {
      this.#inSystem++;
      if (this.#free > 0) this.#serve(of, this.#queue.nowUs);
      else this.#lines[of]!.push(this.#queue.nowUs);
    }
    this.#arrived++;
    if (this.#arrived % Math.floor(arrivals / (BATCHES + 1)) === 0) {
      this.batches.push(this.#batch);
      this.#batch = new Batch();
    }
    if (this.#arrived < arrivals) this.#expect(of);
  }

  #depart(): void {
    this.#inSystem--;
    this.#free++;
    const of = this.#lines.findIndex(({ length }) => length > 0);
    if (of >= 0) this.#serve(of, this.#lines[of]!.shift());
  }

  #serve(of: number, arrivedUs: number): void {
    const { classes, lateSeconds = Infinity } = this.#model;
    const { nowUs } = this.#queue;
    const { service } = classes[of]!;
    const serviceUs = Math.round(sample(service, this.#services[of]!));
    this.#free--;
    this.#queue.schedule(nowUs + serviceUs, DEPARTURE);
    const waitUs = nowUs - arrivedUs;
    const batch = this.#batch;
    batch.started++;
    batch.waitUs += waitUs;
    batch.sojournUs += waitUs + serviceUs;
    batch.classStarted[of]!++;
    batch.classWaitUs[of]! += waitUs;
    if (waitUs > 0) batch.waited++;
    if (waitUs + serviceUs > lateSeconds * SECOND) batch.late++;
  }

  #measureTime(): void {
    const { nowUs } = this.#queue;
    const elapsedUs = nowUs - this.#lookedAtUs;
    this.#lookedAtUs = nowUs;
    this.#batch.elapsedUs += elapsedUs;
    this.#batch.area += this.#inSystem * elapsedUs;
    const { crowd = Infinity } = this.#model;
    if (this.#inSystem >= crowd) this.#batch.crowdedUs += elapsedUs;
  }
}

/** Measures a station. */
export function playStation(model: StationModel): StationResult {
  const station = new Station(model);
  station.run();
  const measured = station.batches.slice(1, BATCHES + 1);
  const figures = Object.fromEntries(
    Object.entries(FIGURES).map(([name, of]) => [name, measured.map(of)]),
  );
  const littleUs = station.batches.reduce(
    (sum, { sojournUs, area }) => sum + sojournUs - area,
    0,
  );
  return { figures, littleUs };
}

/** Mean sojourns where all customers share one server evenly (M/G/1-PS). */
export function playSharing(
  { perSecond, service }: CustomerClass,
  { arrivals, seed }: { readonly arrivals: number; readonly seed: number },
): Samples {
  const queue = new EventQueue<"arrival" | "departure">();
  const random = new SeededRandom(seed, "arrivals");
  const services = new SeededRandom(seed, "services");
  const gap = { kind: "exponential", meanUs: SECOND / perSecond } as const;
  /** Who is there: when he came, and what each will have got when he goes. */
  const present: { arrivedUs: number; until: number }[] = [];
  const sums = Array.from({ length: BATCHES + 1 }, () => ({ us: 0, count: 0 }));
  let received = 0;
  let lookedAtUs = 0;
  let departure = -1;
  let arrived = 0;
  const leastUntil = () => Math.min(...present.map(({ until }) => until));
  queue.schedule(0, "arrival");
  while (arrived < arrivals) {
    const event = queue.next();
    const { nowUs } = queue;
    if (present.length > 0) received += (nowUs - lookedAtUs) / present.length;
    lookedAtUs = nowUs;
    if (event === "arrival") {
      arrived++;
      const serviceUs = sample(service, services);
      present.push({ arrivedUs: nowUs, until: received + serviceUs });
      queue.schedule(nowUs + Math.round(sample(gap, random)), "arrival");
      queue.cancel(departure);
    } else {
      const least = leastUntil();
      const index = present.findIndex(({ until }) => until === least);
      const [gone] = present.splice(index, 1);
      const sum = sums[Math.floor(arrived * sums.length / (arrivals + 1))]!;
      sum.us += nowUs - gone!.arrivedUs;
      sum.count++;
    }
    if (present.length > 0) {
      const leftUs = Math.max(0, leastUntil() - received) * present.length;
      departure = queue.schedule(nowUs + Math.ceil(leftUs), "departure");
    }
  }
  return sums.slice(1).map(({ us, count }) => us / count / SECOND);
}

/** Users who think, then ask one server, then think again. */
export interface ClosedModel {
  readonly users: number;
  readonly thinkUs: number;
  readonly serviceUs: number;
  /** Requests, those of the warm-up included. */
  readonly requests: number;
  readonly seed: number;
}

/** Throughput in a second, and response times in milliseconds. */
export function playClosed(
  { users, thinkUs, serviceUs, requests, seed }: ClosedModel,
): { readonly perSecond: Samples; readonly responseMs: Samples } {
  const queue = new EventQueue<"request" | "answer">();
  const random = new SeededRandom(seed, "users");
  const think = { kind: "exponential", meanUs: thinkUs } as const;
  const service = { kind: "exponential", meanUs: serviceUs } as const;
  const line = new Line();
  const drawnUs = (from: Distribution) => Math.round(sample(from, random));
  for (let user = 0; user < users; user++) {
    queue.schedule(drawnUs(think), "request");
  }
  const perBatch = Math.floor(requests / (BATCHES + 1));
  const perSecond: number[] = [];
  const responseMs: number[] = [];
  let beganUs = 0;
  let sumUs = 0;
  for (let answered = 0; answered < perBatch * (BATCHES + 1);) {
    const event = queue.next();
    const { nowUs } = queue;
    if (event === "request") {
      line.push(nowUs);
      if (line.length > 1) continue;
    } else {
      // Who is served stands at the head of the line until then.
      sumUs += nowUs - line.shift();
      queue.schedule(nowUs + drawnUs(think), "request");
      if (++answered % perBatch === 0) {
        perSecond.push(perBatch / (nowUs - beganUs) * SECOND);
        responseMs.push(sumUs / perBatch / 1_000);
        beganUs = nowUs;
        sumUs = 0;
      }
      if (line.length === 0) continue;
    }
    queue.schedule(nowUs + drawnUs(service), "answer");
  }
  return { perSecond: perSecond.slice(1), responseMs: responseMs.slice(1) };
}
