/** Starts that let others have their turn in between. */
import assert from "node:assert/strict";
import { StartQueue } from "../../../cluster/worker/start_queue.ts";

Deno.test("what is started in a row leaves a turn between each two", async () => {
  const queue = new StartQueue();
  const happened: string[] = [];
  const done = Promise.withResolvers<void>();
  for (const name of ["a", "b", "c"]) {
    queue.add(() => {
      happened.push(name);
      setImmediate(() => happened.push("others"));
      if (name === "c") setImmediate(done.resolve);
    });
  }
  assert.deepEqual(happened, [], "in a later turn");
  await done.promise;
  assert.deepEqual(happened, ["a", "others", "b", "others", "c", "others"]);
});

Deno.test("what comes last lets all others go first, also those that were added later", async () => {
  const queue = new StartQueue();
  const happened: string[] = [];
  const done = Promise.withResolvers<void>();
  queue.addLast(() => {
    happened.push("last");
    queue.add(() => happened.push("soon"));
  });
  queue.addLast(() => {
    happened.push("very last");
    done.resolve();
  });
  queue.add(() => happened.push("first"));
  queue.add(() => happened.push("second"));
  await done.promise;
  assert.deepEqual(happened, ["first", "second", "last", "soon", "very last"]);
  const again = Promise.withResolvers<void>();
  queue.addLast(again.resolve);
  await again.promise;
});

Deno.test("between two starts there is as much time as the former took", async () => {
  const queue = new StartQueue();
  const done = Promise.withResolvers<void>();
  let endedMs = 0;
  queue.add(() => {
    const fromMs = performance.now();
    while (performance.now() < fromMs + 20);
    endedMs = performance.now();
  });
  queue.add(done.resolve);
  await done.promise;
  // A timer counts whole milliseconds.
  assert(performance.now() - endedMs >= 19);
});

Deno.test("nothing more is started once a queue has stopped", async () => {
  const queue = new StartQueue();
  let started = 0;
  queue.add(() => started++);
  queue.addLast(() => started++);
  queue.stop();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(started, 0);
});
