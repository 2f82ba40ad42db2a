/**
 * Savina's BankTransaction: a teller orders all transfers at once. An account
 * that has sent money sets everything else aside until the receiver has
 * confirmed.
 *
 * @module
 */
import type {
  Asker,
  Asks,
  Behavior,
  Context,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { withSystem } from "../../actors/ours/with_system.ts";
import type { Ran, Sizes } from "../../actors/program.ts";
import {
  drawTransfers,
  initialBalance,
  type Transfer,
  verifyMoney,
} from "../work.ts";

type TellerMessage =
  | (
    & {
      readonly kind: "run";
      /** Transfers that are not confirmed yet, at most. */
      readonly underWay: number;
      /** Null: the teller starts as many as there are `actors`. */
      readonly accounts: readonly Ref<AccountMessage>[] | null;
    }
    & Pick<Sizes, "actors" | "n">
    & Asks<number>
  )
  | { readonly kind: "reply" }
  | { readonly kind: "ended"; readonly change: number };
/** What an account is told. */
export type AccountMessage =
  | {
    readonly kind: "credit";
    readonly amount: number;
    readonly receiver: Ref<AccountMessage>;
  }
  | {
    readonly kind: "debit";
    readonly amount: number;
    readonly from: Ref<AccountMessage>;
  }
  | { readonly kind: "reply" | "stop" };

/** Whom to ask for a run. */
export const TELLER: Ref<TellerMessage> = "teller";

interface Teller {
  asker: Asker;
  accounts: readonly Ref<AccountMessage>[];
  transfers: readonly Transfer[];
  ordered: number;
  /** Transfers that are not confirmed. */
  left: number;
  present: number;
  change: number;
}

/** Orders transfers, and adds up what they changed. */
export const teller: Behavior<Teller, TellerMessage> = {
  name: "teller",
  start: () => ({
    asker: 0,
    accounts: [],
    transfers: [],
    ordered: 0,
    left: 0,
    present: 0,
    change: 0,
  }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run": {
        const { actors, n } = message;
        state.asker = ctx.asker();
        state.left = n;
        state.present = actors;
        state.change = state.ordered = 0;
        state.transfers = drawTransfers(n, actors);
        state.accounts = message.accounts ?? openAccounts(ctx, message);
        const first = Math.min(message.underWay, n);
        while (state.ordered < first) orderNext(ctx, state);
        return;
      }
      case "reply":
        if (state.ordered < state.transfers.length) orderNext(ctx, state);
        if (--state.left > 0) return;
        for (const each of state.accounts) ctx.tell(each, { kind: "stop" });
        return;
      case "ended":
        state.change += message.change;
        if (--state.present === 0) ctx.answer(state.asker, ok(state.change));
        return;
    }
  },
};

function openAccounts(
  ctx: Context<TellerMessage>,
  { actors, n }: Pick<Sizes, "actors" | "n">,
): Ref<AccountMessage>[] {
  const balance = initialBalance(n, actors);
  return Array.from({ length: actors }, (_, id) =>
    ctx.spawn({
      name: `${id}`,
      behavior: account,
      args: balance,
      // Chance could send all transfers to one account.
      mailbox: { capacity: n },
    }));
}

function orderNext(ctx: Context<TellerMessage>, state: Teller): void {
  const { source, receiver, amount } = state.transfers[state.ordered++]!;
  ctx.tell(state.accounts[source]!, {
    kind: "credit",
    amount,
    receiver: state.accounts[receiver]!,
  });
}

interface Account {
  balance: number;
  /** What came in less what went out, which vanishes in the balance. */
  change: number;
  isWaiting: boolean;
}

/** Holds money; waits for the receiver's word when it has sent some. */
export const account: Behavior<Account, AccountMessage, number> = {
  name: "account",
  start: (balance) => ({ balance, change: 0, isWaiting: false }),
  receive(ctx, state, message) {
    if (state.isWaiting && message.kind !== "reply") {
      if (!ctx.stash()) throw new Error("Cannot set a message aside");
      return;
    }
    switch (message.kind) {
      case "credit": {
        const { amount, receiver } = message;
        state.balance -= amount;
        state.change -= amount;
        state.isWaiting = true;
        ctx.tell(receiver, { kind: "debit", amount, from: ctx.self });
        return;
      }
      case "debit":
        state.balance += message.amount;
        state.change += message.amount;
        ctx.tell(message.from, { kind: "reply" });
        ctx.unstash(1);
        return;
      case "reply":
        state.isWaiting = false;
        ctx.tell(TELLER, { kind: "reply" });
        ctx.unstash(1);
        return;
      case "stop":
        ctx.tell(TELLER, { kind: "ended", change: state.change });
        ctx.stop();
        return;
    }
  },
};

/** `n` transfers between `actors`, four messages each. */
export function bankTransaction({ n, actors }: Sizes): Promise<Ran> {
  const children = [{
    name: TELLER,
    behavior: teller,
    args: undefined,
    mailbox: { capacity: n + actors },
  }];
  return withSystem(children, async (ask) => {
    const all = { actors, n, underWay: n, accounts: null };
    verifyMoney(await ask(TELLER, { kind: "run", ...all }));
    return { count: 4 * n };
  });
}
