/**
 * The few things that are needed of ZooKeeper, and a client that gives them:
 * node-zookeeper-client as it is, told by its shape and not imported here.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** node-zookeeper-client, as far as it is used. */
export interface ZooKeeperClient {
  /** How often it sends a command again when its connection was lost. */
  readonly options: { readonly retries: number };
  /** Connects, and again whenever the connection is lost. */
  connect(): void;
  /** Ends the session, and with it all that is ephemeral. */
  close(): void;
  /** Such as `SYNC_CONNECTED` and `EXPIRED`. */
  getState(): { readonly name: string };
  /** What the server has agreed to, once it is connected. */
  getSessionTimeout(): number;
  /** Hears of each change of the state. */
  on(event: "state", heard: () => void): unknown;
  /** Makes a znode. */
  create(path: string, mode: number, done: ZooKeeperDone<string>): void;
  /** Removes a znode that has no children. */
  remove(path: string, done: ZooKeeperDone<unknown>): void;
  /** Replaces what is in a znode. */
  setData(path: string, data: Buffer, done: ZooKeeperDone<unknown>): void;
  /** The names of its children, in no order. */
  getChildren(path: string, done: ZooKeeperDone<readonly string[]>): void;
  /** What is known of a znode; null when it is not there. */
  exists(path: string, done: ZooKeeperDone<ZooKeeperStat | null>): void;
  /** Reads a znode and, when it is there, hears once that it changed. */
  getData(path: string, heard: () => void, done: ZooKeeperDone<unknown>): void;
  /** The client drops no connection that hangs. Its socket can be. */
  readonly connectionManager: {
    readonly socket?: { destroy(why: Error): unknown };
  };
}

/** What is known of a znode. */
export interface ZooKeeperStat {
  /** The transaction that made it: 8 bytes, the first one the highest. */
  readonly czxid: Uint8Array;
}

/** Hears how a command ended. */
export type ZooKeeperDone<Value> = (error: unknown, value: Value) => void;

/** How a command ended. */
export type ZooKeeperAnswer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  /** There is no such znode. */
  | { readonly kind: "missing" }
  /** It was refused or never sent: nothing happened. */
  | { readonly kind: "unavailable" }
  /** The connection failed: it may have been run. */
  | { readonly kind: "unknown" };

/** How a znode is made: for good, or for a session and with a number. */
export const PERSISTENT = 0;
/** Ends with its session; the server puts ten digits behind its name. */
export const EPHEMERAL_SEQUENTIAL = 3;

/** What is in all znodes of locks. */
export const NOTHING: Buffer = Buffer.alloc(0);

const NO_NODE = -101;
const NODE_EXISTS = -110;
/** Errors from here on down are what a server says of a request it refused. */
const REFUSAL = -100;

/** The answer that a client's callback was given. */
export function answerOf<Value>(
  error: unknown,
  value: Value,
): ZooKeeperAnswer<Value> {
  if (error === null || error === undefined) return { kind: "ok", value };
  const code = error instanceof Error && "code" in error ? error.code : 0;
  if (code === NO_NODE) return { kind: "missing" };
  return { kind: Number(code) <= REFUSAL ? "unavailable" : "unknown" };
}

/** Whether a znode was not made as it is there. */
export function wasThere(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    error.code === NODE_EXISTS;
}

/** The number of a transaction; larger than those of all before. */
export function transactionNumber(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Number(view.getBigInt64(0));
}
