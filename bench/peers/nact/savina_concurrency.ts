/**
 * The concurrency benchmarks of Savina as nact actors, by the same rules and
 * with the same checks as ours. nact has no stash: an account keeps a list.
 *
 * @module
 */
import { dispatch, type Ref, spawn, stop } from "nact";
import { type Ran, type Sizes, verify } from "../../actors/program.ts";
import {
  drawTransfers,
  initialBalance,
  processItem,
  verifyMoney,
} from "../../savina/work.ts";
import { runUntilDone } from "./with_system.ts";

type TellerMessage =
  | { readonly kind: "start" | "reply" }
  | { readonly kind: "ended"; readonly change: number };
type AccountMessage =
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

interface Account {
  balance: number;
  change: number;
  isWaiting: boolean;
  stash: AccountMessage[];
}

/** `n` transfers between `actors`, four messages each. */
export async function bankTransaction({ n, actors }: Sizes): Promise<Ran> {
  const change = await runUntilDone<number>((system, done) => {
    const accounts: Ref<AccountMessage>[] = [];
    const teller = spawn(
      system,
      (
        state: { left: number; present: number; change: number },
        message: TellerMessage,
      ) => {
        switch (message.kind) {
          case "start":
            for (const transfer of drawTransfers(n, actors)) {
              const { source, receiver, amount } = transfer;
              const credit = { amount, receiver: accounts[receiver]! };
              dispatch(accounts[source]!, { kind: "credit", ...credit });
            }
            return state;
          case "reply":
            if (--state.left > 0) return state;
            for (const each of accounts) dispatch(each, { kind: "stop" });
            return state;
          case "ended":
            state.change += message.change;
            if (--state.present === 0) done(state.change);
            return state;
        }
      },
      "teller",
      { initialState: { left: n, present: actors, change: 0 } },
    );
    const receive = accountAt(teller);
    const balance = initialBalance(n, actors);
    for (let id = 0; id < actors; id++) {
      const initialState: Account = {
        balance,
        change: 0,
        isWaiting: false,
        stash: [],
      };
      accounts.push(spawn(system, receive, `${id}`, { initialState }));
    }
    dispatch(teller, { kind: "start" });
  });
  verifyMoney(change);
  return { count: 4 * n };
}

function accountAt(teller: Ref<TellerMessage>) {
  return (
    state: Account,
    message: AccountMessage,
    { self }: { readonly self: Ref<AccountMessage> },
  ) => {
    if (state.isWaiting && message.kind !== "reply") {
      state.stash.push(message);
      return state;
    }
    switch (message.kind) {
      case "credit": {
        const { amount, receiver } = message;
        state.balance -= amount;
        state.change -= amount;
        state.isWaiting = true;
        dispatch(receiver, { kind: "debit", amount, from: self });
        return state;
      }
      case "debit":
        state.balance += message.amount;
        state.change += message.amount;
        dispatch(message.from, { kind: "reply" });
        break;
      case "reply":
        state.isWaiting = false;
        dispatch(teller, { kind: "reply" });
        break;
      case "stop":
        dispatch(teller, { kind: "ended", change: state.change });
        stop(self);
        return state;
    }
    const oldest = state.stash.shift();
    if (oldest !== undefined) dispatch(self, oldest);
    return state;
  };
}

type ManagerMessage =
  | { readonly kind: "start" | "finished" }
  | {
    readonly kind: "data";
    readonly item: number;
    readonly from: Ref<ProducerMessage>;
  }
  | { readonly kind: "available"; readonly from: Ref<ConsumerMessage> }
  | { readonly kind: "ended"; readonly consumed: number };
type ProducerMessage = { readonly kind: "produce" };
type ConsumerMessage =
  | { readonly kind: "data"; readonly item: number }
  | { readonly kind: "leave" };

interface Manager {
  readonly threshold: number;
  readonly consumers: number;
  producing: number;
  present: number;
  consumed: number;
  readonly free: Ref<ConsumerMessage>[];
  readonly parked: Ref<ProducerMessage>[];
  readonly pending: number[];
}

/** `n` items of each of `producers`, four messages each. */
export async function boundedBuffer(sizes: Sizes): Promise<Ran> {
  const { n, buffer, producers, consumers, cost } = sizes;
  const consumed = await runUntilDone<number>((system, done) => {
    const initialState: Manager = {
      threshold: buffer - producers,
      consumers,
      producing: producers,
      present: consumers,
      consumed: 0,
      free: [],
      parked: [],
      pending: [],
    };
    const manager = spawn(system, managerUntil(done), "manager", {
      initialState,
    });
    const consume = consumerOf(manager, cost);
    for (let id = 0; id < consumers; id++) {
      const state = { item: 0, consumed: 0 };
      initialState.free.push(
        spawn(system, consume, `consumer-${id}`, { initialState: state }),
      );
    }
    const produce = producerOf(manager, cost);
    for (let id = 0; id < producers; id++) {
      const producer = spawn(system, produce, `producer-${id}`, {
        initialState: { left: n, item: 0 },
      });
      dispatch(producer, { kind: "produce" });
    }
  });
  verify("items", consumed, producers * n);
  return { count: 4 * consumed };
}

function managerUntil(done: (consumed: number) => void) {
  return (state: Manager, message: ManagerMessage) => {
    const { free, parked, pending, threshold } = state;
    switch (message.kind) {
      case "data": {
        const { item, from } = message;
        const consumer = free.shift();
        if (consumer === undefined) pending.push(item);
        else dispatch(consumer, { kind: "data", item });
        if (pending.length >= threshold) parked.push(from);
        else dispatch(from, { kind: "produce" });
        return state;
      }
      case "available": {
        const item = pending.shift();
        if (item === undefined) {
          free.push(message.from);
          break;
        }
        dispatch(message.from, { kind: "data", item });
        const producer = parked.shift();
        if (producer !== undefined) dispatch(producer, { kind: "produce" });
        return state;
      }
      case "finished":
        state.producing--;
        break;
      case "ended":
        state.consumed += message.consumed;
        if (--state.present === 0) done(state.consumed);
        return state;
    }
    if (state.producing > 0 || free.length < state.consumers) return state;
    for (const consumer of free) dispatch(consumer, { kind: "leave" });
    return state;
  };
}

function producerOf(manager: Ref<ManagerMessage>, cost: number) {
  return (
    state: { left: number; item: number },
    _message: ProducerMessage,
    { self }: { readonly self: Ref<ProducerMessage> },
  ) => {
    if (state.left === 0) {
      dispatch(manager, { kind: "finished" });
      stop(self);
      return state;
    }
    state.left--;
    state.item = processItem(state.item, cost);
    dispatch(manager, { kind: "data", item: state.item, from: self });
    return state;
  };
}

function consumerOf(manager: Ref<ManagerMessage>, cost: number) {
  return (
    state: { item: number; consumed: number },
    message: ConsumerMessage,
    { self }: { readonly self: Ref<ConsumerMessage> },
  ) => {
    if (message.kind === "data") {
      state.item = processItem(state.item + message.item, cost);
      state.consumed++;
      dispatch(manager, { kind: "available", from: self });
    } else {
      dispatch(manager, { kind: "ended", consumed: state.consumed });
      stop(self);
    }
    return state;
  };
}

type ArbitratorMessage =
  | {
    readonly kind: "hungry";
    readonly id: number;
    readonly from: Ref<PhilosopherMessage>;
  }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "ended"; readonly retries: number };
type PhilosopherMessage = { readonly kind: "start" | "eat" | "denied" };

interface Table {
  meals: number;
  retries: number;
}

/** `n` meals of each of `actors`, four messages each without retries. */
export async function philosophers({ n, actors }: Sizes): Promise<Ran> {
  const { meals, retries } = await runUntilDone<Table>((system, done) => {
    const arbitrator = spawn(system, arbitratorUntil(done), "arbitrator", {
      initialState: {
        forks: Array<boolean>(actors).fill(false),
        present: actors,
        meals: 0,
        retries: 0,
      },
    });
    const philosopher = philosopherAt(arbitrator);
    for (let id = 0; id < actors; id++) {
      const each = spawn(system, philosopher, `${id}`, {
        initialState: { id, left: n, retries: 0 },
      });
      dispatch(each, { kind: "start" });
    }
  });
  verify("meals", meals, actors * n);
  return { count: 4 * meals, more: { retries } };
}

function arbitratorUntil(done: (table: Table) => void) {
  return (
    state: Table & { readonly forks: boolean[]; present: number },
    message: ArbitratorMessage,
  ) => {
    const { forks } = state;
    switch (message.kind) {
      case "hungry": {
        const left = message.id;
        const right = (left + 1) % forks.length;
        if (forks[left] || forks[right]) {
          dispatch(message.from, { kind: "denied" });
          return state;
        }
        forks[left] = forks[right] = true;
        state.meals++;
        dispatch(message.from, { kind: "eat" });
        return state;
      }
      case "done":
        forks[message.id] = forks[(message.id + 1) % forks.length] = false;
        return state;
      case "ended":
        state.retries += message.retries;
        if (--state.present === 0) done(state);
        return state;
    }
  };
}

function philosopherAt(arbitrator: Ref<ArbitratorMessage>) {
  return (
    state: { readonly id: number; left: number; retries: number },
    { kind }: PhilosopherMessage,
    { self }: { readonly self: Ref<PhilosopherMessage> },
  ) => {
    const { id } = state;
    if (kind !== "eat") {
      if (kind === "denied") state.retries++;
      dispatch(arbitrator, { kind: "hungry", id, from: self });
      return state;
    }
    dispatch(arbitrator, { kind: "done", id });
    if (--state.left > 0) dispatch(self, { kind: "start" });
    else {
      dispatch(arbitrator, { kind: "ended", retries: state.retries });
      stop(self);
    }
    return state;
  };
}
