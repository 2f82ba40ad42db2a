/** What becomes of a text in a port, and of frames that Redis does not take. */
import assert from "node:assert/strict";
import type { MeshFrame, MeshItem } from "../../../cluster/mesh_frame.ts";
import { readFrame, writeFrame } from "../../../cluster/redis/frame_text.ts";
import type { RedisPort } from "../../../cluster/redis/redis_port.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { ProcessLinks } from "../../../cluster/worker/process_links.ts";
import { granted } from "../../permission.ts";
import { within } from "../../shop/shop_process.ts";
import { NODE_REDIS } from "./clients.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const WITHIN_MS = 20_000;

/** The other process, word by word. */
class Script implements AsyncDisposable {
  readonly #redis: RedisPort;
  readonly #unsubscribe: () => Promise<void>;
  readonly #heard: MeshFrame<string>[] = [];
  #noted: () => void = () => {};
  #session = 0;
  #number = 0;

  constructor(redis: RedisPort, ready: () => void) {
    this.#redis = redis;
    this.#unsubscribe = redis.subscribe(
      "doorbuster:{store}:process:b",
      (text) => {
        const frame = readFrame(text);
        assert.ok(frame !== null);
        this.#session = frame.session;
        this.#heard.push(frame);
        this.#noted();
      },
      ready,
    );
  }

  async say(...items: MeshItem<string>[]): Promise<void> {
    if (items.length > 0) this.#number++;
    const frame = writeFrame({
      ...{ from: "b", to: "a", session: 1, peerSession: this.#session },
      ...{ number: this.#number, heard: 0, isLast: false, items },
    });
    await this.#redis.send(["PUBLISH", "doorbuster:{store}:process:a", frame]);
  }

  /** The next items of a kind. */
  async hears<Kind extends MeshItem<string>["kind"]>(
    kind: Kind,
    count = 1,
  ): Promise<Extract<MeshItem<string>, { kind: Kind }>[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const items = () =>
      this.#heard.flatMap(({ items }) => items).filter((
        item,
      ): item is Extract<MeshItem<string>, { kind: Kind }> =>
        item.kind === kind
      );
    this.#noted = () => items().length >= count && resolve();
    this.#noted();
    await within(WITHIN_MS, `${count} of ${kind}`, promise);
    return items();
  }

  /** Once any frame came. */
  async greeted(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#noted = () => this.#heard.length > 0 && resolve();
    this.#noted();
    await within(WITHIN_MS, "a hello", promise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#unsubscribe();
  }
}

const JOIN = { kind: "join", from: "worker-0", to: "main@a" } as const;

/** The process under test, with one domain, and its script of the other one. */
async function play(
  act: (scene: {
    server: RedisServer;
    script: Script;
    links: ProcessLinks;
    /** What the domain got, the newest last. */
    ports: MessagePort[];
    connected: (count: number) => Promise<void>;
  }) => Promise<void>,
  heard: (ports: MessagePort[]) => void = () => {},
): Promise<void> {
  await using server = await RedisServer.start();
  await using client = await NODE_REDIS.connect(server.port);
  await using beside = await NODE_REDIS.connect(server.port);
  const ready = Promise.withResolvers<void>();
  await using script = new Script(beside.port, ready.resolve);
  await ready.promise;
  const ports: MessagePort[] = [];
  let noted = () => {};
  const links = new ProcessLinks({
    ...{ redis: client.port, storeId: "store", process: "a" },
    ...{ clock: hostClock, log: { write: () => {} }, silenceMs: 60_000 },
    connect(_domain, _peer, port) {
      ports.push(port);
      noted();
    },
    disconnect: () => {},
    heard: () => heard(ports),
    reset: () => {},
  });
  await links.start();
  links.addDomain("main@a");
  links.setMembers(["a", "b"]);
  await script.greeted();
  const domains = [{ name: "worker-0", incarnation: 1 }];
  await script.say({ kind: "domains", domains }, { ...JOIN, link: 1 });
  await script.hears("join");
  await act({
    ...{ server, script, links, ports },
    async connected(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      noted = () => ports.length >= count && resolve();
      noted();
      await within(WITHIN_MS, `${count} ports`, promise);
    },
  });
  await links.stop();
  for (const port of ports) port.close();
}

Deno.test({
  name:
    "a text that waited in the port of a link that is over does not leave " +
    "by the next one",
  ignore,
  async fn() {
    await play(async ({ script, ports, connected }) => {
      await script.say(
        { kind: "broadcast", topic: "now", content: { kind: "now" } },
        { ...JOIN, link: 2 },
      );
      await connected(2);
      ports[1]!.postMessage("[2,0,0,0]");
      const [batch] = await script.hears("batch");
      assert.deepEqual([batch!.link, batch!.batch], [2, "[2,0,0,0]"]);
      // In the midst of a frame: it waits there when the next link begins.
    }, (ports) => ports[0]!.postMessage("[1,0,0,0]"));
  },
});

Deno.test({
  name:
    "while Redis takes nothing two frames are given to its client, and the " +
    "rest leaves as one",
  ignore,
  async fn() {
    await play(async ({ server, script, links }) => {
      const { sentFrames } = links.report();
      server.signal("SIGSTOP");
      for (let count = 0; count < 20; count++) {
        links.broadcast("now", { kind: "now" });
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(links.report().sentFrames, sentFrames + 2);
      server.signal("SIGCONT");
      await script.hears("broadcast", 20);
      assert.equal(links.report().sentFrames, sentFrames + 3);
    });
  },
});

Deno.test({
  name: "a Redis that hangs does not hold up a stop",
  ignore,
  async fn() {
    await play(async ({ server, links }) => {
      server.signal("SIGSTOP");
      await within(WITHIN_MS, "the stop", links.stop());
      server.signal("SIGCONT");
    });
  },
});
