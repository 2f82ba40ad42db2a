/**
 * One iteration of nact: a system is started, used and stopped.
 *
 * @module
 */
import { type ActorSystemRef, start, stop } from "nact";

/** Starts a system, lets it be used, and stops it. */
export async function withSystem<Result>(
  use: (system: ActorSystemRef) => Promise<Result>,
): Promise<Result> {
  const system = start();
  const result = await use(system);
  stop(system);
  return result;
}

/** As `withSystem`, for what ends when one of the actors says so. */
export function runUntilDone<Result>(
  begin: (system: ActorSystemRef, done: (result: Result) => void) => void,
): Promise<Result> {
  return withSystem((system) => {
    const { promise, resolve } = Promise.withResolvers<Result>();
    begin(system, resolve);
    return promise;
  });
}
