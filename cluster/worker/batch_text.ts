/**
 * A batch of a link as JSON text, the form in which it crosses to another
 * thread. Most of a batch says again what its neighbors said, and writing and
 * reading text is much of what a message between threads costs. So a frame is
 * its content, behind as much of its head as differs from the frame before:
 *
 *     nothing                             the same, and the next id
 *     ask                                 the same, but another id
 *     to, from, ask, timeLeftMs, chain    an address as before is a 0
 *
 * Content is an object and no part of a head is one. Ids count from the lowest
 * of their sign, since V8 reads small integers faster than large ones, and it
 * reads an object behind another one of its shape in half the time.
 *
 * @module
 */
import { type Batch, HEAD, isBatch, SLOTS } from "../link.ts";

/** Numbers at the head of the text. */
const TEXT_HEAD = 4;

/** Writes a batch. */
export function writeBatch(batch: Batch): string {
  const askBase = idBase(batch, 1);
  const answerBase = idBase(batch, -1);
  const text: Batch = [batch[0]!, batch[1]!, askBase, answerBase];
  let nextAsk = NaN;
  for (let at = HEAD; at < batch.length; at += SLOTS) {
    const to = batch[at]!;
    const from = batch[at + 1]!;
    const id = batch[at + 2] as number;
    const ask = id > 0 ? id - askBase : id < 0 ? id + answerBase : 0;
    // The first frame has none before it, and says all.
    const before = at - SLOTS;
    const isToSame = at > HEAD && to === batch[before];
    const isFromSame = at > HEAD && from === batch[before + 1];
    if (
      !isToSame || !isFromSame || batch[at + 3] !== batch[before + 3] ||
      batch[at + 5] !== batch[before + 5]
    ) {
      text.push(isToSame ? 0 : to, isFromSame ? 0 : from);
      text.push(ask, batch[at + 3]!, batch[at + 5]!);
    } else if (ask !== nextAsk) text.push(ask);
    text.push(batch[at + 4]!);
    nextAsk = idAfter(ask);
  }
  return JSON.stringify(text);
}

/** Reads what `writeBatch` wrote. */
export function readBatch(text: string): Batch {
  const written: Batch = JSON.parse(text);
  const askBase = written[2] as number;
  const answerBase = written[3] as number;
  const batch: Batch = [written[0]!, written[1]!];
  let to: Batch[number] = "";
  let from: Batch[number] = "";
  let ask = 0;
  let timeLeftMs: Batch[number] = 0;
  let chain: Batch[number] = "";
  for (let at = TEXT_HEAD; at < written.length; at++) {
    if (typeof written[at] === "object") ask = idAfter(ask);
    else if (typeof written[at + 1] === "object") ask = written[at++] as number;
    else {
      if (written[at] !== 0) to = written[at]!;
      if (written[at + 1] !== 0) from = written[at + 1]!;
      ask = written[at + 2] as number;
      timeLeftMs = written[at + 3]!;
      chain = written[at + 4]!;
      at += 5;
    }
    const id = ask > 0 ? ask + askBase : ask < 0 ? ask - answerBase : 0;
    batch.push(to, from, id, timeLeftMs, written[at]!, chain);
  }
  return batch;
}

/** Whether a text of another process can be read, down to each frame. */
export function isBatchText(text: string): boolean {
  try {
    const batch = readBatch(text);
    if (!isBatch(batch)) return false;
    for (let at = HEAD; at < batch.length; at += SLOTS) {
      if (!isFrame(batch, at)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function isFrame(batch: Batch, at: number): boolean {
  const [to, from, ask, timeLeftMs, content, chain] = batch.slice(
    at,
    at + SLOTS,
  );
  return typeof to === "string" && typeof from === "string" &&
    typeof chain === "string" && Number.isSafeInteger(ask) &&
    Number.isSafeInteger(timeLeftMs) && Number(timeLeftMs) >= 0 &&
    typeof content === "object" && typeof content?.kind === "string";
}

/** The id that needs not be said behind this one; tells have none. */
function idAfter(ask: number): number {
  return ask === 0 ? 0 : ask > 0 ? ask + 1 : ask - 1;
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
