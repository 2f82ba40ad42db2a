/**
 * While a simulated run goes on, ambient time, chance and timers are not there:
 * each throws and says what to use instead. The linter finds what is written
 * plainly; this finds the rest (an alias, a computed name, a library's own
 * call), as it stands in the way of the call itself. A run is synchronous, so
 * nothing else of the process ever meets a wire.
 *
 * @module
 */

/** Something ambient was called during a run. The stack shows by whom. */
export class AmbientAccess extends Error {
  /** Always `AmbientAccess`. */
  override readonly name = "AmbientAccess";

  /**
   * An error about one access.
   *
   * @param api What was used, such as `Date.now`.
   * @param instead What gives the same to a run that can be repeated.
   */
  constructor(readonly api: string, instead: string) {
    super(`${api} was called in a simulated run. Instead: ${instead}`);
  }
}

type Trip = () => never;

/** A property that is replaced for the length of a run. */
interface Wire {
  readonly owner: object;
  readonly key: string;
  readonly api: string;
  readonly instead: string;
  /** What stands there meanwhile; without it, what only trips. */
  readonly replace?: (trip: Trip) => unknown;
}

const NOW = "ctx.now() in an actor, or a Clock as a parameter";
const CHANCE = "ctx.random() in an actor, or a Random as a parameter";
const TIMER = "ctx.timer in an actor, or Scheduler.at";

function wiresOf(
  [name, owner]: readonly [string, object],
  keys: readonly string[],
  instead: string,
): Wire[] {
  const api = (key: string) => name === "" ? key : `${name}.${key}`;
  return keys.map((key) => ({ owner, key, api: api(key), instead }));
}

const WIRES: readonly Wire[] = [
  ...wiresOf(["Date", Date], ["now"], NOW),
  {
    owner: globalThis,
    key: "Date",
    api: "new Date()",
    instead: `${NOW}; new Date(ms) of a given ms is fine`,
    replace: dateOfGiven,
  },
  ...wiresOf(["performance", performance], ["now"], NOW),
  ...wiresOf(["Temporal.Now", Temporal.Now], [
    ...["instant", "plainDateISO", "plainDateTimeISO", "plainTimeISO"],
    "zonedDateTimeISO",
  ], NOW),
  ...wiresOf(["Math", Math], ["random"], CHANCE),
  ...wiresOf(["crypto", crypto], ["getRandomValues", "randomUUID"], CHANCE),
  ...wiresOf(["", globalThis], [
    ...["queueMicrotask", "setInterval", "setTimeout"],
  ], TIMER),
];

/** A `Date` that is only ever of a given time. */
function dateOfGiven(trip: Trip): DateConstructor {
  return new Proxy(Date, {
    construct: (target, given, newTarget) =>
      given.length === 0 ? trip() : Reflect.construct(target, given, newTarget),
    apply: trip,
  });
}

/**
 * Runs something synchronous without anything ambient, and puts all back.
 *
 * @throws {AmbientAccess} The first access, even where the run caught it: a
 *   supervisor takes what an actor throws for a crash and starts it again.
 */
export function withoutAmbient<Result>(run: () => Result): Result {
  let first: AmbientAccess | null = null;
  const before = WIRES.map(({ owner, key }) =>
    Object.getOwnPropertyDescriptor(owner, key)
  );
  const restore = () => {
    for (const [index, { owner, key }] of WIRES.entries()) {
      const descriptor = before[index];
      // Without one it was inherited and shows again.
      if (descriptor === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, descriptor);
    }
  };
  try {
    for (const { owner, key, api, instead, replace } of WIRES) {
      const trip = () => {
        const access = new AmbientAccess(api, instead);
        first ??= access;
        throw access;
      };
      const value = replace?.(trip) ?? trip;
      Object.defineProperty(owner, key, { value, configurable: true });
    }
    return run();
  } finally {
    restore();
    // deno-lint-ignore no-unsafe-finally -- it outranks what it led to
    if (first !== null) throw first;
  }
}
