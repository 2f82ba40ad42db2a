/** Three processes whose domains are linked, over a carrier in bad weather. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Mesh } from "../../cluster/mesh.ts";
import type { MeshFrame } from "../../cluster/mesh_frame.ts";
import { BadWeather, carrierStep, type Station } from "./bad_weather.ts";

const SILENCE_MS = 1_000;
const NAMES = ["a", "b", "c"] as const;
const TERRITORIES = ["worker-0", "worker-1"] as const;

/** One end of a link, by a name that no other end has. */
interface LinkEnd {
  readonly name: string;
  said: number;
  /** The end that it hears, and how much of it. */
  hears: string | null;
  heard: number;
}

/** One process. Its own domain has no links with those of other processes. */
class Process implements Station<MeshFrame<string>> {
  readonly mesh: Mesh<string>;
  readonly domains = new Map<string, number>();
  /** Those and others that belong here: the host links them by itself. */
  readonly claimed = new Set<string>();
  readonly links = new Map<string, LinkEnd>();
  /** Broadcasts of the others, since some of them may have been missed. */
  readonly broadcasts = new Map<string, number[]>();
  /** How many there were before. */
  readonly missable = new Map<string, number>();
  broadcast = 0;
  /** Ends that are or were heard: by one end each. */
  readonly #heardEnds = new Set<string>();
  #ends = 0;

  constructor(readonly name: string, broadcastsOf: (name: string) => number) {
    this.mesh = new Mesh<string>({
      process: name,
      silenceMs: SILENCE_MS,
      isTerritory: (domain) => domain.startsWith("worker-"),
      connect: (domain, peer) => {
        const key = `${domain} ${peer}`;
        assert.ok(!this.links.has(key), `${key} is linked`);
        assert.ok(!this.claimed.has(peer), `${peer} is the host's to link`);
        const end = `${name}#${++this.#ends}`;
        this.links.set(key, { name: end, said: 0, hears: null, heard: 0 });
      },
      disconnect: (domain, peer) => {
        assert.ok(this.links.delete(`${domain} ${peer}`), "was not linked");
      },
      deliver: (domain, peer, batch) => this.#hear(domain, peer, batch),
      heard: (from, { kind }) => this.broadcasts.get(from)?.push(Number(kind)),
      reset: (process) => {
        this.broadcasts.set(process, []);
        this.missable.set(process, broadcastsOf(process));
      },
      lost: () => {},
    });
    this.begin(`main@${name}`, 1);
  }

  claim(domain: string): void {
    this.claimed.add(domain);
    this.mesh.claim(domain);
    this.#assertNone((_, peer) => peer === domain);
  }

  disclaim(domain: string): void {
    this.claimed.delete(domain);
    this.mesh.disclaim(domain);
  }

  begin(domain: string, incarnation: number): void {
    this.domains.set(domain, incarnation);
    this.mesh.addDomain(domain, incarnation);
  }

  end(domain: string): void {
    this.domains.delete(domain);
    this.mesh.removeDomain(domain);
    this.#assertNone((one) => one === domain);
  }

  /** Says something by every link, and to everybody. */
  say(): void {
    for (const [key, link] of this.links) {
      const [domain, peer] = key.split(" ") as [string, string];
      this.mesh.send(domain, peer, `${link.name} ${++link.said}`);
    }
    this.mesh.broadcast(this.name, { kind: String(++this.broadcast) });
  }

  flush(nowMs: number): MeshFrame<string>[] {
    return this.mesh.processes
      .map(({ process }) => this.mesh.flush(process, nowMs))
      .filter((frame) => frame !== null);
  }

  receive(frame: MeshFrame<string>, nowMs: number): void {
    this.mesh.receive(frame, nowMs);
  }

  failed({ to, session }: MeshFrame<string>): void {
    this.mesh.failed(to, session);
  }

  tick(nowMs: number): void {
    this.mesh.tick(nowMs);
  }

  #assertNone(isOver: (domain: string, peer: string) => boolean): void {
    for (const key of this.links.keys()) {
      const [domain, peer] = key.split(" ") as [string, string];
      assert.ok(!isOver(domain, peer), `${key} is still linked`);
    }
  }

  /** One end of a link hears one other end, from its first word on. */
  #hear(domain: string, peer: string, batch: string): void {
    const link = this.links.get(`${domain} ${peer}`);
    assert.ok(link !== undefined, "no such link");
    const [end, number] = batch.split(" ") as [string, string];
    if (link.hears === null) {
      assert.ok(!this.#heardEnds.has(end), `${end} is heard by two`);
      this.#heardEnds.add(end);
      link.hears = end;
    }
    assert.equal(end, link.hears);
    assert.equal(Number(number), ++link.heard);
  }
}

class World {
  readonly processes: ReadonlyMap<string, Process> = new Map(
    NAMES.map((name) => [
      name,
      new Process(name, (other) => this.processes.get(other)!.broadcast),
    ]),
  );
  readonly weather = new BadWeather<MeshFrame<string>>(this.processes);
  #incarnation = 1;

  constructor() {
    this.gather();
  }

  at(name: (typeof NAMES)[number]): Process {
    return this.processes.get(name)!;
  }

  /**
   * A process gets a territory, starts it, ends it or loses it, whichever is
   * next; two may have it for a while.
   */
  move(name: (typeof NAMES)[number], territory: string): void {
    const process = this.at(name);
    if (!process.claimed.has(territory)) process.claim(territory);
    else if (process.domains.has(territory)) process.end(territory);
    else if (this.#incarnation % 2 === 0) process.disclaim(territory);
    else process.begin(territory, this.#incarnation);
    this.#incarnation++;
  }

  /** Begins it there at once. */
  begin(name: (typeof NAMES)[number], territory: string): void {
    this.at(name).claim(territory);
    this.at(name).begin(territory, ++this.#incarnation);
  }

  /** A process takes another for dead. */
  drop(name: (typeof NAMES)[number], other: string): void {
    const members = NAMES.filter((member) => member !== other);
    this.at(name).mesh.setMembers(members, this.weather.nowMs);
  }

  /** All know all. */
  gather(): void {
    for (const { mesh } of this.processes.values()) {
      mesh.setMembers(NAMES, this.weather.nowMs);
    }
  }

  say(): void {
    for (const process of this.processes.values()) process.say();
  }

  /** Which links there must be, by what runs where. */
  assertLinked(): void {
    for (const one of this.processes.values()) {
      const wanted: string[] = [];
      for (const other of this.processes.values()) {
        if (one === other) continue;
        for (const domain of one.domains.keys()) {
          for (const peer of other.domains.keys()) {
            if (this.#mustLink(one, domain, other, peer)) {
              wanted.push(`${domain} ${peer}`);
            }
          }
        }
      }
      assert.deepEqual([...one.links.keys()].sort(), wanted.sort(), one.name);
    }
  }

  /** Whatever an end said now has arrived at the end that hears it. */
  assertHeard(): void {
    const ends = [...this.processes.values()]
      .flatMap(({ links }) => [...links.values()]);
    const said = new Map(ends.map((end) => [end.name, end.said]));
    for (const { hears, heard } of ends) assert.equal(heard, said.get(hears!));
    for (const one of this.processes.values()) {
      for (const other of this.processes.values()) {
        if (one === other) continue;
        const heard = one.broadcasts.get(other.name)!;
        const first = other.broadcast - heard.length + 1;
        assert.ok(first <= one.missable.get(other.name)! + 1, "one is missing");
        assert.deepEqual(heard, heard.map((_, index) => first + index));
      }
    }
  }

  #mustLink(one: Process, domain: string, other: Process, peer: string) {
    const isOne = domain.startsWith("worker-") || peer.startsWith("worker-");
    return isOne && !one.claimed.has(peer) && !other.claimed.has(domain) &&
      this.#homeFor(one, peer) === other &&
      this.#homeFor(other, domain) === one;
  }

  #homeFor(process: Process, domain: string): Process | undefined {
    return [...this.processes.values()]
      .filter((other) => other !== process && other.domains.has(domain))
      .sort((a, b) => b.domains.get(domain)! - a.domains.get(domain)!)[0];
  }
}

// G86, G87
Deno.test("each link hears one other end, from its first word on and without a gap, whatever moves, falls and is lost, and in the end all are linked who must be", () => {
  const name = fc.constantFrom(...NAMES);
  const step = fc.oneof(
    { weight: 8, arbitrary: carrierStep },
    { weight: 2, arbitrary: fc.record({ act: fc.constant("say" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant("move" as const),
        name,
        territory: fc.constantFrom(...TERRITORIES),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant("drop" as const),
        name,
        other: name,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant("gather" as const) }),
    },
  );
  const steps = fc.array(step, { minLength: 50, maxLength: 150 });
  fc.assert(
    fc.property(fc.boolean(), steps, (isCalm, steps) => {
      const world = new World();
      if (isCalm) world.weather.clear(100);
      for (const step of steps) {
        if (step.act === "move") world.move(step.name, step.territory);
        else if (step.act === "drop") world.drop(step.name, step.other);
        else if (step.act === "gather") world.gather();
        else if (step.act === "say") world.say();
        else world.weather.take(step);
      }
      world.gather();
      world.weather.clear(3 * SILENCE_MS);
      world.assertLinked();
      world.say();
      world.weather.clear(100);
      world.assertHeard();
    }),
    { seed: 13, numRuns: 500 },
  );
});

Deno.test("a link that only one end wants is not there", () => {
  const world = new World();
  const settle = () => {
    world.weather.clear(100);
    world.assertLinked();
  };
  // To a what b has is old, and to b what a has.
  for (const name of ["b", "c"] as const) {
    world.begin(name, "worker-1");
    settle();
  }
  for (const name of ["a", "c"] as const) {
    world.begin(name, "worker-0");
    settle();
  }
  world.at("c").end("worker-1");
  settle();
});

Deno.test("who lost a territory is linked with it where it runs, once nobody is linked with it here", () => {
  const { a, b, weather } = twoProcesses();
  a.claim("worker-0");
  a.begin("worker-0", 1);
  b.claim("worker-0");
  b.begin("worker-0", 2);
  weather.clear(100);
  a.end("worker-0");
  weather.clear(100);
  assert.equal(a.links.size, 0);
  a.disclaim("worker-0");
  weather.clear(100);
  assert.deepEqual([...a.links.keys()], ["main@a worker-0"]);
  assert.deepEqual([...b.links.keys()], ["worker-0 main@a"]);
});

/** Two processes that know one another, and the frames between them. */
function twoProcesses() {
  const [a, b] = [new Process("a", () => 0), new Process("b", () => 0)];
  const weather = new BadWeather(new Map([["a", a], ["b", b]]));
  for (const { mesh } of [a, b]) mesh.setMembers(["a", "b"], 0);
  weather.clear(100);
  return { a, b, weather };
}

Deno.test("a batch for a link that was is not taken for its successor's", () => {
  const { a, b, weather } = twoProcesses();
  a.begin("worker-0", 1);
  for (const frame of a.flush(100)) b.receive(frame, 100);
  b.say();
  const joinedAndSaid = b.flush(100);
  a.end("worker-0");
  a.begin("worker-0", 2);
  for (const frame of joinedAndSaid) a.receive(frame, 100);
  assert.equal(a.mesh.counters.lateBatches, 1);
  weather.clear(100);
  for (const process of [a, b]) process.say();
  weather.clear(100);
  assert.equal(a.links.get("worker-0 main@b")!.heard, 1);
  assert.equal(b.links.get("main@b worker-0")!.heard, 1);
});

Deno.test("who is no member any more is cut off at once, and what he says is ignored", () => {
  const { a, b, weather } = twoProcesses();
  b.begin("worker-0", 1);
  weather.clear(100);
  assert.deepEqual([...a.links.keys()], ["main@a worker-0"]);
  a.mesh.setMembers(["a"], weather.nowMs);
  assert.equal(a.links.size, 0);
  b.say();
  const { ignoredFrames } = a.mesh.counters;
  for (const frame of b.flush(weather.nowMs)) a.receive(frame, weather.nowMs);
  assert.equal(a.mesh.counters.ignoredFrames, ignoredFrames + 1);
});

Deno.test("who goes tells the others, whose links to him are over at once", () => {
  const { a, b, weather } = twoProcesses();
  b.begin("worker-0", 1);
  weather.clear(100);
  for (const frame of b.mesh.close()) a.receive(frame, weather.nowMs);
  assert.equal(a.links.size, 0);
  assert.equal(b.links.size, 0);
});
