/**
 * Three of Savina's programs with their actors spread over two workers: the
 * same actors and the same checks as in one thread.
 *
 * @module
 */
import { type Crew, raiseByTurns } from "../actors/workers/crew.ts";
import { type Run, verify } from "../actors/program.ts";
import { type AccountMessage, TELLER } from "./ours/bank_transaction.ts";
import { SINK, type WorkerMessage } from "./ours/big.ts";
import { PING, type PongMessage } from "./ours/ping_pong.ts";
import { initialBalance, verifyMoney } from "./work.ts";

/**
 * A transfer is one message at a time, and a link takes 8,192 of them: so none
 * is lost, however they are spread.
 */
const TRANSFERS_UNDER_WAY = 8_192;

/** Ping lives in the first worker, Pong in the second. */
export function pingPong(crew: Crew): Run {
  return async ({ n }) => {
    const [pong] = await crew.raise<PongMessage>({
      worker: 1,
      behavior: "pong",
      args: [null],
    });
    const pings = await crew.ask(PING, { kind: "run", n, pong: pong! });
    verify("pings", pings, n);
    return { count: 3 * n };
  };
}

/** Half of the workers' mail goes to the other thread. */
export function big(crew: Crew): Run {
  return async ({ n, actors }) => {
    const workers = await raiseByTurns<WorkerMessage>(crew, {
      behavior: "worker",
      args: Array.from({ length: actors }, (_, id) => ({ id, n })),
    });
    const answered = await crew.ask(SINK, { kind: "run", actors, n, workers });
    verify("pings", answered, actors * n);
    return { count: 2 * answered };
  };
}

/** The teller lives in the first worker, the accounts in both. */
export function bankTransaction(crew: Crew): Run {
  return async ({ n, actors }) => {
    const balance = initialBalance(n, actors);
    const accounts = await raiseByTurns<AccountMessage>(crew, {
      behavior: "account",
      args: Array.from({ length: actors }, () => balance),
      mailbox: { capacity: TRANSFERS_UNDER_WAY },
    });
    const all = { actors, n, accounts, underWay: TRANSFERS_UNDER_WAY };
    verifyMoney(await crew.ask(TELLER, { kind: "run", ...all }));
    return { count: 4 * n };
  };
}
