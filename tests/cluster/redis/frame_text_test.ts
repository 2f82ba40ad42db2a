/** Frames between processes, written as text and read again, or refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { MeshFrame, MeshItem } from "../../../cluster/mesh_frame.ts";
import { readFrame, writeFrame } from "../../../cluster/redis/frame_text.ts";
import { writeBatch } from "../../../cluster/worker/batch_text.ts";

const name = fc.constantFrom("main@3f9a1c07", "worker-0", "cache-1@0a");
const number = fc.integer({ min: 1 });
const content = fc.record({ kind: fc.string(), said: fc.string() }, {
  noNullPrototype: true,
});
const batch = fc.tuple(number, fc.array(content)).map(([number, contents]) =>
  writeBatch([
    ...[number, 0],
    ...contents.flatMap((content) => ["to", "from", 7, 0, content, ""]),
  ])
);

const item: fc.Arbitrary<MeshItem<string>> = fc.oneof(
  fc.record({
    kind: fc.constant("batch" as const),
    from: name,
    to: name,
    link: number,
    batch,
  }),
  fc.record({
    kind: fc.constant("domains" as const),
    domains: fc.array(fc.record({ name, incarnation: fc.nat() })),
  }),
  fc.record({
    kind: fc.constant("join" as const),
    from: name,
    to: name,
    link: number,
  }),
  fc.record({ kind: fc.constant("part" as const), from: name, to: name }),
  fc.record({
    kind: fc.constant("broadcast" as const),
    topic: fc.string(),
    content,
  }),
);
const frame: fc.Arbitrary<MeshFrame<string>> = fc.record({
  from: name,
  to: name,
  session: number,
  peerSession: fc.nat(),
  number: fc.nat(),
  heard: fc.nat(),
  isLast: fc.boolean(),
  items: fc.array(item),
}, { noNullPrototype: true });

const HELLO: MeshFrame<string> = {
  from: "a",
  to: "b",
  session: 1,
  peerSession: 0,
  number: 0,
  heard: 0,
  isLast: false,
  items: [],
};

/** A frame with one thing in it, which is one of several. */
function holding(item: Record<string, unknown>, ...batches: string[]): string {
  const head = JSON.stringify({ ...HELLO, number: 1, items: [item] });
  return [head, ...batches].join("\n");
}

Deno.test("a frame that was written as text is read as it was", () => {
  fc.assert(fc.property(frame, (written) => {
    const plain = JSON.parse(JSON.stringify(written));
    assert.deepEqual(readFrame(writeFrame(written)), plain);
  }));
});

Deno.test("what is no frame, or has a batch that no domain could read, is refused", () => {
  const batch = { kind: "batch", from: "a", to: "b", link: 1 };
  const good = writeBatch([1, 0, "to", "from", 7, 0, { kind: "hello" }, ""]);
  assert.notEqual(readFrame(holding(batch, good)), null);
  const refused = [
    "",
    "nonsense",
    "null",
    "[]",
    JSON.stringify({ ...HELLO, session: 0 }),
    JSON.stringify({ ...HELLO, heard: -1 }),
    JSON.stringify({ ...HELLO, from: "a b" }),
    JSON.stringify({ ...HELLO, items: {} }),
    holding({ ...batch, link: 0 }, good),
    holding({ kind: "join", from: "a", to: "b" }),
    holding({ kind: "broadcast", topic: "a", content: "b" }),
    holding(batch),
    holding(batch, good, good),
    ...[
      "nonsense",
      "null",
      "{}",
      "[]",
      '[1,0,0,0,"to"]',
      '[1,0,0,0,"to","from",0,0,"",{}]',
      '[1,0,0,0,"to","from",0,0,"",null]',
      '[1,0,0,0,"to","from",0,0,7,{"kind":"hello"}]',
      '[1,0,0,0,"to","from",0.5,0,"",{"kind":"hello"}]',
      '[1,0,0,0,"to","from",0,-1,"",{"kind":"hello"}]',
      '[0,0,0,0,"to","from",0,0,"",{"kind":"hello"}]',
      '[-1,0,0,0,"to","from",0,0,"",{"kind":"hello"}]',
    ].map((text) => holding(batch, text)),
  ];
  for (const text of refused) assert.equal(readFrame(text), null, text);
});

Deno.test("what a later release says besides is let pass", () => {
  const item = { kind: "rumor", text: "a" };
  const frame = readFrame(holding({ ...item }));
  assert.equal(frame?.items.length, 1);
  const more = JSON.stringify({ ...HELLO, release: "9.9.9" });
  assert.deepEqual(readFrame(more), HELLO);
});
