/** The adversary is repeatable, and takes only what was not durable. */
import assert from "node:assert/strict";
import { MemoryDisk } from "../../../../actors/runtime/test_kit/memory_journal.ts";
import { ok } from "../../../../actors/runtime/outcome.ts";
import {
  type Awaited,
  type CrashPoint,
  SteppingHost,
} from "../../../../actors/runtime/test_kit/stepping_host.ts";
import { caller, counter, type CounterMessage, spec } from "../domain_bench.ts";

const roomy = { ...spec("", counter, true), mailboxCapacity: 100 };
const domains = [
  { name: "one", actors: [{ ...roomy, address: "counter[0]" }] },
  {
    name: "two",
    actors: [
      { ...roomy, address: "counter[1]" },
      { ...roomy, address: "caller[0]", behavior: caller, journaled: false },
    ],
  },
];

const addOne: CounterMessage = { kind: "add", amount: 1 };

/** Who was answered when, over a run of asks to everybody. */
function trace(seed: number): string {
  const host = new SteppingHost({ seed, domains });
  const lines: string[] = [];
  const asks: { name: string; awaited: Awaited }[] = [];
  for (let number = 1; number <= 12; number++) {
    const add = { kind: "add", amount: number };
    const target = ["counter[0]", "counter[1]", "caller[0]"][number % 3]!;
    const message = target === "caller[0]"
      ? { kind: "call", message: add }
      : add;
    asks.push({ name: `${number}`, awaited: host.ask(target, message) });
  }
  while (asks.length > 0) {
    if (!host.step()) host.runUntil(host.nowMs + 1);
    for (const [index, { name, awaited }] of [...asks.entries()].reverse()) {
      if (awaited.outcome === null) continue;
      lines.push(`${name} ${JSON.stringify(awaited.outcome)}`);
      asks.splice(index, 1);
    }
  }
  return lines.join("\n");
}

Deno.test("the same seed gives the same run, other seeds other orders", () => {
  const traces = Array.from({ length: 8 }, (_, seed) => trace(seed));
  assert.equal(trace(3), traces[3]);
  assert(new Set(traces).size >= 7, "eight seeds, next to no two alike");
});

Deno.test("power that goes before a commit takes it, after it leaves it", () => {
  for (const side of ["before", "after"] as const) {
    for (let commit = 1; commit <= 3; commit++) {
      const disk = new MemoryDisk();
      const crashAt: CrashPoint = { commit, side };
      const host = new SteppingHost({ seed: 7, domains, disk, crashAt });
      for (let number = 1; number <= 3; number++) {
        const asked = host.ask("counter[0]", addOne);
        host.settle(asked);
        const isLost = number === commit;
        assert.equal(asked.outcome?.kind, isLost ? "unknown" : "ok");
        const durable = isLost && side === "before" ? number - 1 : null;
        if (durable !== null) {
          assert.equal(disk.of("counter[0]").length, durable);
        }
      }
      assert.equal(host.losses, 1);
      const total = side === "before" ? 2 : 3;
      assert.equal(disk.of("counter[0]").length, total);
      const read = host.ask("counter[0]", { kind: "read" });
      host.settle(read);
      assert.deepEqual(read.outcome, ok(total), "the fold is the disk");
    }
  }
});

Deno.test("settle gives up on an answer that never comes", () => {
  const host = new SteppingHost({ seed: 1, domains });
  const never = host.ask("counter[0]", { kind: "wait" }, 3_600_000);
  assert.throws(() => host.settle(never), /never came/);
});

Deno.test("a gateway answers through the host, an address of nobody is gone", () => {
  const host = new SteppingHost({
    seed: 1,
    domains,
    gateways: { clock: () => ok("noon") },
  });
  const served = host.ask("clock", { kind: "read" });
  const refused = host.ask("nobody", { kind: "read" });
  host.settle(served, refused);
  assert.deepEqual(served.outcome, ok("noon"));
  assert.equal((refused.outcome as { code?: string }).code, "unavailable");
});

Deno.test("who waits for a domain that lost its power hears of it at once", () => {
  const host = new SteppingHost({ seed: 1, domains });
  const waiting = host.ask("counter[0]", { kind: "wait" });
  host.runUntil(host.nowMs);
  const inFlight = host.ask("counter[0]", addOne);
  host.lose("one");
  assert.deepEqual(
    [waiting.outcome?.kind, inFlight.outcome?.kind],
    ["unknown", "unknown"],
  );
  host.runUntil(host.nowMs + 1_000);
  assert.equal(host.disk.of("counter[0]").length, 0, "lost on its way");
});
