/**
 * Savina's BoundedBuffer: a manager between producers and consumers bounds
 * what waits between them; most of the time goes to the work on the items.
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
import { type Ran, type Sizes, verify } from "../../actors/program.ts";
import { processItem } from "../work.ts";

type Run = { readonly kind: "run"; readonly sizes: Sizes } & Asks<number>;
type ManagerMessage =
  | Run
  | {
    readonly kind: "data";
    readonly item: number;
    readonly from: Ref<ProducerMessage>;
  }
  | { readonly kind: "available"; readonly from: Ref<ConsumerMessage> }
  | { readonly kind: "finished" }
  | { readonly kind: "ended"; readonly consumed: number };
type ProducerMessage = { readonly kind: "produce" };
type ConsumerMessage =
  | { readonly kind: "data"; readonly item: number }
  | { readonly kind: "leave" };

const MANAGER: Ref<ManagerMessage> = "manager";

interface Manager {
  asker: Asker;
  /** More waiting items park producers. */
  threshold: number;
  consumers: number;
  producing: number;
  present: number;
  consumed: number;
  /** Consumers without work. */
  free: Ref<ConsumerMessage>[];
  /** Producers that wait for room. */
  parked: Ref<ProducerMessage>[];
  pending: number[];
}

const manager: Behavior<Manager, ManagerMessage> = {
  name: "manager",
  start: () => ({
    asker: 0,
    threshold: 0,
    consumers: 0,
    producing: 0,
    present: 0,
    consumed: 0,
    free: [],
    parked: [],
    pending: [],
  }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "run":
        state.asker = ctx.asker();
        return open(ctx, state, message.sizes);
      case "data":
        return takeItem(ctx, state, message.item, message.from);
      case "available":
        return serve(ctx, state, message.from);
      case "finished":
        state.producing--;
        return leaveWhenDone(ctx, state);
      case "ended":
        state.consumed += message.consumed;
        if (--state.present === 0) ctx.answer(state.asker, ok(state.consumed));
        return;
    }
  },
};

type ManagerContext = Context<ManagerMessage>;

function open(ctx: ManagerContext, state: Manager, sizes: Sizes): void {
  const { n, buffer, producers, consumers, cost } = sizes;
  state.threshold = buffer - producers;
  state.consumers = state.present = consumers;
  state.producing = producers;
  for (let id = 0; id < consumers; id++) {
    const name = `consumer-${id}`;
    state.free.push(ctx.spawn({ name, behavior: consumer, args: cost }));
  }
  for (let id = 0; id < producers; id++) {
    const name = `producer-${id}`;
    const spec = { name, behavior: producer, args: { items: n, cost } };
    ctx.tell(ctx.spawn(spec), { kind: "produce" });
  }
}

function takeItem(
  ctx: ManagerContext,
  state: Manager,
  item: number,
  from: Ref<ProducerMessage>,
): void {
  const consumer = state.free.shift();
  if (consumer === undefined) state.pending.push(item);
  else ctx.tell(consumer, { kind: "data", item });
  if (state.pending.length >= state.threshold) state.parked.push(from);
  else ctx.tell(from, { kind: "produce" });
}

function serve(
  ctx: ManagerContext,
  state: Manager,
  consumer: Ref<ConsumerMessage>,
): void {
  const item = state.pending.shift();
  if (item === undefined) {
    state.free.push(consumer);
    return leaveWhenDone(ctx, state);
  }
  ctx.tell(consumer, { kind: "data", item });
  const producer = state.parked.shift();
  if (producer !== undefined) ctx.tell(producer, { kind: "produce" });
}

function leaveWhenDone(ctx: ManagerContext, state: Manager): void {
  if (state.producing > 0 || state.free.length < state.consumers) return;
  for (const consumer of state.free) ctx.tell(consumer, { kind: "leave" });
}

interface Producer {
  readonly cost: number;
  left: number;
  item: number;
}

const producer: Behavior<
  Producer,
  ProducerMessage,
  { items: number; cost: number }
> = {
  name: "producer",
  start: ({ items, cost }) => ({ cost, left: items, item: 0 }),
  receive(ctx, state) {
    if (state.left === 0) {
      ctx.tell(MANAGER, { kind: "finished" });
      return ctx.stop();
    }
    state.left--;
    state.item = processItem(state.item, state.cost);
    ctx.tell(MANAGER, { kind: "data", item: state.item, from: ctx.self });
  },
};

interface Consumer {
  readonly cost: number;
  item: number;
  consumed: number;
}

const consumer: Behavior<Consumer, ConsumerMessage, number> = {
  name: "consumer",
  start: (cost) => ({ cost, item: 0, consumed: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "data":
        state.item = processItem(state.item + message.item, state.cost);
        state.consumed++;
        ctx.tell(MANAGER, { kind: "available", from: ctx.self });
        return;
      case "leave":
        ctx.tell(MANAGER, { kind: "ended", consumed: state.consumed });
        ctx.stop();
        return;
    }
  },
};

/** `n` items of each of `producers`, four messages each. */
export function boundedBuffer(sizes: Sizes): Promise<Ran> {
  const children = [{ name: MANAGER, behavior: manager, args: undefined }];
  return withSystem(children, async (ask) => {
    const consumed = await ask(MANAGER, { kind: "run", sizes });
    verify("items", consumed, sizes.producers * sizes.n);
    return { count: 4 * consumed };
  });
}
