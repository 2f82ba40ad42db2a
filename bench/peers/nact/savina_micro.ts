/**
 * The micro benchmarks of Savina as nact actors, by the same rules and with
 * the same checks as ours. All are children of the system, where nact finds
 * them fastest.
 *
 * @module
 */
import { dispatch, type Ref, spawn, stop } from "nact";
import { type Ran, type Sizes, verify } from "../../actors/program.ts";
import { nextRandom } from "../../savina/pseudo_random.ts";
import { type Color, COLORS, complement, compute } from "../../savina/work.ts";
import { runUntilDone } from "./with_system.ts";

type PingMessage = { readonly kind: "ping" | "pong" };
type PongMessage = { readonly kind: "ping"; readonly from: Ref<PingMessage> };

/** `n` exchanges, three messages each. */
export async function pingPong({ n }: Sizes): Promise<Ran> {
  let pings = 0;
  await runUntilDone<void>((system, done) => {
    const pong = spawn(system, (state: null, { from }: PongMessage) => {
      pings++;
      dispatch(from, { kind: "pong" });
      return state;
    }, "pong");
    const ping = spawn(
      system,
      (state: { left: number }, { kind }: PingMessage, { self }) => {
        if (kind === "ping") {
          state.left--;
          dispatch(pong, { kind: "ping", from: self });
        } else if (state.left > 0) dispatch(self, { kind: "ping" });
        else {
          stop(pong);
          done();
        }
        return state;
      },
      "ping",
      { initialState: { left: n } },
    );
    dispatch(ping, { kind: "ping" });
  });
  verify("pings", pings, n);
  return { count: 3 * n };
}

type Work = { readonly kind: "work" };

/** One does for all, as in ours. */
const WORK: Work = { kind: "work" };

async function forkJoin(actors: number, messages: number): Promise<Ran> {
  let worked = 0;
  await runUntilDone<void>((system, done) => {
    let ended = 0;
    const work = (
      left: number,
      _message: Work,
      { self }: { readonly self: Ref<Work> },
    ) => {
      compute();
      worked++;
      if (left === 1) stop(self);
      return left - 1;
    };
    const afterStop = () => {
      if (++ended === actors) done();
    };
    const properties = { initialState: messages, afterStop };
    const workers: Ref<Work>[] = [];
    for (let id = 0; id < actors; id++) {
      workers.push(spawn(system, work, `${id}`, properties));
    }
    for (let left = messages; left > 0; left--) {
      for (const worker of workers) dispatch(worker, WORK);
    }
  });
  verify("works", worked, actors * messages);
  return { count: worked };
}

/** `n` actors with one message each. */
export function forkJoinCreate({ n }: Sizes): Promise<Ran> {
  return forkJoin(n, 1);
}

/** `actors` with `n` messages each. */
export function forkJoinThroughput({ n, actors }: Sizes): Promise<Ran> {
  return forkJoin(actors, n);
}

type MemberMessage =
  | { readonly kind: "next"; readonly ref: Ref<MemberMessage> }
  | { readonly kind: "ping" | "exit"; readonly left: number };

interface Member {
  next: Ref<MemberMessage> | null;
  pings: number;
}

/** `n` hops round a ring of `actors`. */
export async function threadRing({ n, actors }: Sizes): Promise<Ran> {
  const pings = await runUntilDone<number>((system, done) => {
    let present = actors;
    let sum = 0;
    const receive = (
      state: Member,
      message: MemberMessage,
      { self }: { readonly self: Ref<MemberMessage> },
    ) => {
      if (message.kind === "next") {
        state.next = message.ref;
        return state;
      }
      const { kind, left } = message;
      const next = state.next!;
      if (kind === "ping") {
        state.pings++;
        if (left > 0) dispatch(next, { kind: "ping", left: left - 1 });
        else dispatch(next, { kind: "exit", left: actors });
        return state;
      }
      if (left > 1) dispatch(next, { kind: "exit", left: left - 1 });
      sum += state.pings;
      stop(self);
      if (--present === 0) done(sum);
      return state;
    };
    const ring = Array.from(
      { length: actors },
      (_, id) =>
        spawn(system, receive, `${id}`, {
          initialState: { next: null, pings: 0 } as Member,
        }),
    );
    for (const [id, member] of ring.entries()) {
      dispatch(member, { kind: "next", ref: ring[(id + 1) % actors]! });
    }
    dispatch(ring[0]!, { kind: "ping", left: n });
  });
  verify("pings", pings, n + 1);
  return { count: pings + actors };
}

type Meet = {
  readonly kind: "meet";
  readonly color: Color;
  readonly from: Ref<ChameneoMessage>;
};
type ChameneoMessage =
  | { readonly kind: "arrive" | "leave" }
  | Meet
  | { readonly kind: "change"; readonly color: Color };
type MallMessage = Meet | {
  readonly kind: "count_meetings";
  readonly meetings: number;
};

interface Mall {
  left: number;
  present: number;
  waiting: Ref<ChameneoMessage> | null;
  meetings: number;
}

/** `n` meetings of two among `actors`. */
export async function chameneos({ n, actors }: Sizes): Promise<Ran> {
  const meetings = await runUntilDone<number>((system, done) => {
    const mall = spawn(
      system,
      (state: Mall, message: MallMessage) => {
        if (message.kind === "count_meetings") {
          state.meetings += message.meetings;
          if (--state.present === 0) done(state.meetings);
        } else if (state.left === 0) dispatch(message.from, { kind: "leave" });
        else if (state.waiting === null) state.waiting = message.from;
        else {
          state.left--;
          dispatch(state.waiting, message);
          state.waiting = null;
        }
        return state;
      },
      "mall",
      {
        initialState: { left: n, present: actors, waiting: null, meetings: 0 },
      },
    );
    for (let id = 0; id < actors; id++) {
      const initialState = { color: COLORS[id % COLORS.length]!, meetings: 0 };
      const chameneo = spawn(system, chameneoIn(mall), `${id}`, {
        initialState,
      });
      dispatch(chameneo, { kind: "arrive" });
    }
  });
  verify("meetings", meetings, 2 * n);
  return { count: 4 * n };
}

function chameneoIn(mall: Ref<MallMessage>) {
  return (
    state: { color: Color; meetings: number },
    message: ChameneoMessage,
    { self }: { readonly self: Ref<ChameneoMessage> },
  ) => {
    switch (message.kind) {
      case "arrive":
        break;
      case "meet":
        state.color = complement(state.color, message.color);
        state.meetings++;
        dispatch(message.from, { kind: "change", color: state.color });
        break;
      case "change":
        state.color = message.color;
        state.meetings++;
        break;
      case "leave":
        dispatch(mall, { kind: "count_meetings", meetings: state.meetings });
        stop(self);
        return state;
    }
    dispatch(mall, { kind: "meet", color: state.color, from: self });
    return state;
  };
}

type WorkerMessage =
  | { readonly kind: "meet"; readonly neighbors: readonly Ref<WorkerMessage>[] }
  | { readonly kind: "ping" | "pong"; readonly sender: number }
  | { readonly kind: "exit" };

/** Who gets the first pong, without having pinged. */
const NOBODY = -1;

interface Worker {
  readonly id: number;
  random: number;
  neighbors: readonly Ref<WorkerMessage>[];
  expected: number;
  sent: number;
  answered: number;
}

/** `n` pings of each of `actors`. */
export async function big({ n, actors }: Sizes): Promise<Ran> {
  const answered = await runUntilDone<number>((system, done) => {
    let busy = actors;
    let present = actors;
    let sum = 0;
    const sink = spawn(
      system,
      (state: null, { answered }: { readonly answered: number }) => {
        if (answered !== NOBODY) {
          sum += answered;
          if (--present === 0) done(sum);
        } else if (--busy === 0) {
          for (const each of workers) dispatch(each, { kind: "exit" });
        }
        return state;
      },
      "sink",
      { initialState: null },
    );
    const workers = Array.from({ length: actors }, (_, id) => {
      const initialState: Worker = {
        id,
        random: id,
        neighbors: [],
        expected: NOBODY,
        sent: 0,
        answered: 0,
      };
      return spawn(system, workerFor(sink, n), `${id}`, { initialState });
    });
    for (const each of workers) {
      dispatch(each, { kind: "meet", neighbors: workers });
    }
    for (const each of workers) {
      dispatch(each, { kind: "pong", sender: NOBODY });
    }
  });
  verify("pings", answered, actors * n);
  return { count: 2 * answered };
}

function workerFor(sink: Ref<{ readonly answered: number }>, n: number) {
  return (
    state: Worker,
    message: WorkerMessage,
    { self }: { readonly self: Ref<WorkerMessage> },
  ) => {
    const { id, neighbors } = state;
    switch (message.kind) {
      case "meet":
        state.neighbors = message.neighbors;
        return state;
      case "ping":
        state.answered++;
        dispatch(neighbors[message.sender]!, { kind: "pong", sender: id });
        return state;
      case "pong":
        verify("the sender of a pong", message.sender, state.expected);
        if (state.sent === n) {
          dispatch(sink, { answered: NOBODY });
          return state;
        }
        state.sent++;
        state.random = nextRandom(state.random);
        state.expected = state.random % neighbors.length;
        dispatch(neighbors[state.expected]!, { kind: "ping", sender: id });
        return state;
      case "exit":
        dispatch(sink, { answered: state.answered });
        stop(self);
        return state;
    }
  };
}
