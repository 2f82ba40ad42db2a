/**
 * A batch of a link as JSON text, the form in which it crosses to another
 * thread. Most of a batch says again what its neighbors said, and reading text
 * is half of what a message between threads costs: so an address that the frame
 * before had as well is a 0, and ids of asks count from the lowest one of them,
 * since V8 reads small integers faster than large ones.
 *
 * @module
 */
import type { Batch } from "../link.ts";

/** Numbers at the head of a batch, and slots of one frame. */
const HEAD = 2;
const SLOTS = 6;

/** Writes a batch; it is used up. */
export function writeBatch(batch: Batch): string {
  const askBase = idBase(batch, 1);
  const answerBase = idBase(batch, -1);
  let lastTo: unknown = null;
  let lastFrom: unknown = null;
  for (let at = HEAD; at < batch.length; at += SLOTS) {
    const to = batch[at]!;
    const from = batch[at + 1]!;
    const ask = batch[at + 2] as number;
    if (to === lastTo) batch[at] = 0;
    if (from === lastFrom) batch[at + 1] = 0;
    if (ask > 0) batch[at + 2] = ask - askBase;
    else if (ask < 0) batch[at + 2] = ask + answerBase;
    lastTo = to;
    lastFrom = from;
  }
  batch.push(askBase, answerBase);
  return JSON.stringify(batch);
}

/** Reads what `writeBatch` wrote. */
export function readBatch(text: string): Batch {
  const batch: Batch = JSON.parse(text);
  const answerBase = batch.pop() as number;
  const askBase = batch.pop() as number;
  let lastTo = batch[HEAD]!;
  let lastFrom = batch[HEAD + 1]!;
  for (let at = HEAD; at < batch.length; at += SLOTS) {
    const to = batch[at]!;
    const from = batch[at + 1]!;
    const ask = batch[at + 2] as number;
    if (to === 0) batch[at] = lastTo;
    else lastTo = to;
    if (from === 0) batch[at + 1] = lastFrom;
    else lastFrom = from;
    if (ask > 0) batch[at + 2] = ask + askBase;
    else if (ask < 0) batch[at + 2] = ask - answerBase;
  }
  return batch;
}

/** One less than the lowest id of that sign; 0 where there is none. */
function idBase(batch: Batch, sign: 1 | -1): number {
  let lowest = Infinity;
  for (let at = HEAD + 2; at < batch.length; at += SLOTS) {
    const id = (batch[at] as number) * sign;
    if (id > 0 && id < lowest) lowest = id;
  }
  return lowest === Infinity ? 0 : lowest - 1;
}
