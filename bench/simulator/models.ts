/**
 * The two models that simulators are compared on, as numbers, and how a
 * program shows that it has played them: a simulator that leaves events out is
 * fast. SimPy's program (`bench/peers/simpy/main.py`) has the same.
 *
 * M/M/1: customers come to one server, wait in line, are served and leave; two
 * events each. PHOLD (Fujimoto 1990): messages travel between processes; each
 * that arrives is sent on to a random one, so as many are always pending.
 *
 * @module
 */

/** Of M/M/1: arrivals in the time that a service takes. */
export const LOAD = 0.8;
/** Of PHOLD: processes, and messages under way, one for each at first. */
export const PROCESSES = 1_024;
/** Every program's own; each has its own generator. */
export const SEED = 42;

/** Theory's mean time in M/M/1, in services: 1 / (1 − load). */
const SOJOURN = 5;
/**
 * Its deviation over 500,000 customers is 1.3 %; four of them pass. Fewer
 * customers deviate more, by the square root.
 */
const SOJOURN_SLACK = 0.055 * Math.sqrt(500_000);
/** A sum of n exponential times deviates by √n of them; six times pass. */
const HOLD_SLACK = 6;

/** Throws when customers did not wait as theory says. */
export function verifySojourn(services: number, customers: number): void {
  verify("a mean sojourn", services / SOJOURN, SOJOURN_SLACK, customers);
}

/** Throws when messages did not take a mean time of 1 each. */
export function verifyHold(endTime: number, events: number): void {
  const time = endTime * PROCESSES / events;
  verify("the end of PHOLD", time, HOLD_SLACK, events);
}

function verify(what: string, share: number, slack: number, count: number) {
  if (Math.abs(share - 1) <= slack / Math.sqrt(count)) return;
  throw new Error(
    `Cannot accept ${what} as theory has another: ` +
      `current value is ${share} of it`,
  );
}
