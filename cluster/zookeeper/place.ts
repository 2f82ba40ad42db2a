/**
 * A place in the line for a lock: an ephemeral znode, or the wish for one.
 *
 * @module
 */

/** See the module. */
export class Place {
  /** The znode that all who want the lock stand in. */
  readonly folder: string;
  /** What its own znode is called, but for the number. */
  readonly prefix: string;
  /** Called when the one before it is gone. */
  readonly wake: () => void;
  /** Its own znode; null: none that is known. */
  znode: string | null = null;
  /** It was asked for, and the answer was lost. */
  mayStand = false;
  isHeld = false;
  /** Its znode shall go. */
  isUnwanted = false;
  /** The path that it watches. */
  before: string | null = null;
  /** Ends its lease. */
  timer: unknown = null;
  #work: Promise<unknown> = Promise.resolve();
  #working = 0;

  constructor(folder: string, prefix: string, wake: () => void) {
    this.folder = folder;
    this.prefix = prefix;
    this.wake = wake;
  }

  /** Of its own znode. */
  get path(): string {
    return `${this.folder}/${this.znode}`;
  }

  /** Something is done with it, or will be. */
  get isBusy(): boolean {
    return this.#working > 0;
  }

  /** Does one thing at a time, in the order of asking. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#working++;
    const done = this.#work.then(work).finally(() => this.#working--);
    this.#work = done;
    return done;
  }
}

/** What the folder of a name is called: any name is one part of a path. */
export function folderName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(".", "%2E");
}

/** The server counts in 32 bits, and goes on below zero. */
const NUMBERED = /-(-?\d{10})$/;

/** Those that have a number, the oldest first. */
export function placesInOrder(znodes: readonly string[]): string[] {
  return znodes
    .flatMap((znode) => {
      const number = NUMBERED.exec(znode)?.[1];
      return number === undefined ? [] : [{ znode, number: Number(number) }];
    })
    .sort((left, right) => (left.number - right.number) | 0)
    .map(({ znode }) => znode);
}
