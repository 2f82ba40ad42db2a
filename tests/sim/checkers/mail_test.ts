/** Mail: every frame is accounted for, and no queue is beyond its bound. */
import assert from "node:assert/strict";
import type { MailboxCount, WayCount } from "../../../sim/observation.ts";
import { judge, SHARD, Story, wrong } from "./story.ts";

const ID = "mail.accounted";

/** What a run is accused of in which ten frames went such a way. */
function found(way: Partial<WayCount>): string | null {
  const ten = { offered: 10, carried: 10, arrived: 10, delivered: 10 };
  return wrong(ID, new Story().countsMail({ ...ten, ...way }));
}

Deno.test("mail.accounted accepts frames that came, or of which it is said why not", () => {
  const checker = judge(
    ID,
    new Story().countsMail({
      ...{ offered: 10, expired: 1, unsent: 1, waiting: 1, carried: 7 },
      ...{ underWay: 1, lost: 2, arrived: 4, delivered: 4 },
      ...{ deepest: 8, bound: 8 },
    }),
  );
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 2);
});

Deno.test("mail.accounted rejects a frame that vanishes before it leaves", () => {
  assert.equal(found({ offered: 11 }), "a→b");
});

Deno.test("mail.accounted rejects a frame that vanishes on its way", () => {
  assert.equal(found({ arrived: 9, delivered: 9 }), "a→b");
});

Deno.test("mail.accounted rejects a frame that arrives and is not handed over, or twice", () => {
  assert.equal(found({ delivered: 9 }), "a→b");
  assert.equal(found({ delivered: 11 }), "a→b");
});

Deno.test("mail.accounted rejects one frame more than may wait", () => {
  assert.equal(found({ deepest: 8, bound: 8 }), null);
  assert.equal(found({ deepest: 9, bound: 8 }), "a→b");
});

Deno.test("mail.accounted rejects a shard's mailbox beyond both of its lanes", () => {
  const waits = (depth: number) =>
    wrong(ID, new Story().countsMail({}, { depth, taken: 2 + depth }));
  assert.equal(waits(16), null);
  assert.equal(waits(17), SHARD);
});

/** Whom a run is accused of whose shard's mailbox has such counts. */
function accused(mailbox: Partial<MailboxCount>): string | null {
  const ten = { taken: 10, given: 7, dropped: 1, depth: 2 };
  const story = new Story();
  return wrong(
    ID,
    story.countsMail({}, { ...ten, handled: 5, passed: 2, ...mailbox }),
  );
}

Deno.test("mail.accounted rejects a message that vanishes from an actor's mailbox, or comes out of it twice", () => {
  assert.equal(accused({}), null);
  assert.equal(accused({ taken: 11 }), SHARD);
  assert.equal(accused({ taken: 9 }), SHARD);
  assert.equal(accused({ depth: 1 }), SHARD);
});

Deno.test("mail.accounted rejects a message that was given to an actor and neither handled nor noticed", () => {
  assert.equal(accused({ handled: 4 }), SHARD);
  assert.equal(accused({ passed: 1 }), SHARD);
  assert.equal(accused({ handled: 6 }), SHARD);
});
