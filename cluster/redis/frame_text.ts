/**
 * A frame between two processes as text: its head as JSON, and behind it each
 * batch of a link on a line of its own, as the domain wrote it, so that no
 * batch is written twice. What comes from outside is checked here, down to the
 * layout of each batch, since what a domain's thread cannot read would end it.
 * Of a later release, keys and kinds of items that are not known are let pass.
 *
 * @module
 */
import { z } from "zod";
import type { MeshFrame, MeshItem } from "../mesh_frame.ts";
import { isBatchText } from "../worker/batch_text.ts";

/** More domains than a process has; a frame that names more is none of ours. */
const MOST_DOMAINS = 1_000;

const name = z.string().regex(/^[\w@.[\]-]{1,100}$/);
const count = z.int().min(0);
const number = z.int().min(1);

const known = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("batch"),
    from: name,
    to: name,
    link: number,
  }),
  z.object({
    kind: z.literal("domains"),
    domains: z.array(z.object({ name, incarnation: count })).max(MOST_DOMAINS),
  }),
  z.object({ kind: z.literal("join"), from: name, to: name, link: number }),
  z.object({ kind: z.literal("part"), from: name, to: name }),
  z.object({
    kind: z.literal("broadcast"),
    topic: z.string(),
    content: z.looseObject({ kind: z.string() }),
  }),
]);
const kinds: ReadonlySet<string> = new Set(
  known.options.map((option) => option.shape.kind.value),
);
const unknown = z.object({
  kind: z.string().refine((kind) => !kinds.has(kind)),
});

const frame = z.object({
  from: name,
  to: name,
  session: number,
  peerSession: count,
  number: count,
  heard: count,
  isLast: z.boolean(),
  items: z.array(z.union([known, unknown])),
});

/** Writes a frame whose batches are text of links. */
export function writeFrame(written: MeshFrame<string>): string {
  const lines = [""];
  const items = written.items.map((item) => {
    if (item.kind !== "batch") return item;
    const { batch, ...head } = item;
    lines.push(batch);
    return head;
  });
  lines[0] = JSON.stringify({ ...written, items });
  return lines.join("\n");
}

/** Reads what `writeFrame` wrote; null when it is nothing of that kind. */
export function readFrame(text: string): MeshFrame<string> | null {
  const [head = "", ...batches] = text.split("\n");
  const read = frame.safeParse(parse(head));
  if (!read.success || !batches.every(isBatchText)) return null;
  let taken = 0;
  const items = read.data.items.map((item) =>
    item.kind === "batch" ? { ...item, batch: batches[taken++] } : item
  );
  if (taken !== batches.length) return null;
  // Items of an unknown kind are nobody's, and the mesh ignores them.
  return { ...read.data, items: items as MeshItem<string>[] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
