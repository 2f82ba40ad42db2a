/**
 * SIM.JS's program in the contests of simulators: `main.ts NAME MILLISECONDS
 * n=N`. The models are written with entities, a facility and messages, as its
 * documents do.
 *
 * @module
 */
import {
  type Ran,
  type Run,
  runProgram,
  type Sizes,
} from "../../actors/program.ts";
import {
  LOAD,
  PROCESSES,
  SEED,
  verifyHold,
  verifySojourn,
} from "../../simulator/models.ts";

/** What of SIM.JS is used here; the package has no types. */
interface SimJs {
  readonly Sim: new () => Sim;
  readonly Random: new (seed: number) => Random;
  readonly Facility: new (name: string) => Facility;
  readonly Entity: new (sim: Sim, name?: string) => Entity;
}

interface Sim {
  time(): number;
  addEntity<Made>(made: new (sim: Sim, name?: string) => Made): Made;
  /** False when it stops after so many events. */
  simulate(endTime: number, maxEvents?: number): boolean;
}

interface Random {
  exponential(rate: number): number;
  random(): number;
}

interface Facility {
  systemStats(): {
    readonly durationSeries: { average(): number; count(): number };
  };
}

interface Request {
  done(callback: () => void): Request;
}

interface Entity {
  setTimer(duration: number): Request;
  useFacility(facility: Facility, duration: number): Request;
  send(message: string, delay: number, to: Entity): void;
}

// The package is a bundle for browsers: it exports nothing, but writes itself
// into the window.
const browser: { Sim?: SimJs } = {};
Object.assign(globalThis, { window: browser });
await import("simjs");
if (browser.Sim === undefined) throw new Error("SIM.JS left nothing behind");
const { Sim, Random, Facility, Entity } = browser.Sim;

/** See `bench/simulator/tasks.ts`. */
function mm1({ n }: Sizes): Promise<Ran> {
  const customers = n / 2;
  const random = new Random(SEED);
  const server = new Facility("server");
  let left = customers;
  class Source extends Entity {
    start(): void {
      this.setTimer(random.exponential(LOAD)).done(this.arrive);
    }

    arrive(): void {
      this.useFacility(server, random.exponential(1));
      if (--left > 0) this.start();
    }
  }
  const sim = new Sim();
  sim.addEntity(Source);
  sim.simulate(Infinity);
  const { durationSeries } = server.systemStats();
  verifySojourn(durationSeries.average(), customers);
  return Promise.resolve({ count: customers + durationSeries.count() });
}

/** See `bench/simulator/tasks.ts`. */
function phold({ n }: Sizes): Promise<Ran> {
  const random = new Random(SEED);
  const sim = new Sim();
  const processes: Process[] = [];
  class Process extends Entity {
    handled = 0;

    /** Called before there are others: the first message is its own. */
    start(): void {
      this.send("", random.exponential(1), this);
    }

    onMessage(): void {
      this.handled++;
      const to = processes[Math.floor(random.random() * PROCESSES)]!;
      this.send("", random.exponential(1), to);
    }
  }
  for (let process = 0; process < PROCESSES; process++) {
    processes.push(sim.addEntity(Process));
  }
  sim.simulate(Infinity, n);
  verifyHold(sim.time(), n);
  return Promise.resolve({
    count: processes.reduce((sum, { handled }) => sum + handled, 0),
  });
}

const TASKS: Readonly<Record<string, Run>> = { mm1, phold };

await runProgram(TASKS, Deno.args);
