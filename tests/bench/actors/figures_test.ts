import assert from "node:assert/strict";
import { BenchmarkError } from "../../../bench/benchmark.ts";
import {
  type Figures,
  further,
  perSecond,
  readFigures,
} from "../../../bench/actors/figures.ts";

const ASKED = { program: "Erlang", name: "ask", count: 1000 };
const LINE = { name: "ask", count: 1000, seconds: [0.5, 0.2, 4], more: {} };

function read(changes: Record<string, unknown>): Figures {
  const line = JSON.stringify({ ...LINE, ...changes });
  return readFigures(`a word on stdout\n${line}\n`, ASKED);
}

Deno.test("the last line of a program is its figures", () => {
  assert.deepEqual(read({}), LINE);
});

Deno.test("the rate is that of the median iteration", () => {
  assert.equal(perSecond(read({})), 2000);
});

Deno.test("a further figure that is not there is no number", () => {
  const figures = read({ more: { bytes: 12 } });
  assert.equal(further(figures, "bytes"), 12);
  assert.ok(Number.isNaN(further(figures, "retries")));
});

const WRONG: readonly [string, Record<string, unknown>, RegExp][] = [
  ["of another task", { name: "idle" }, /they are of another task/],
  ["of less work", { count: 999 }, /it had to do 1000/],
  ["of more work", { count: 1001 }, /it had to do 1000/],
  ["without an iteration", { seconds: [] }, /it ran no iteration/],
  ["of no time", { seconds: [0.1, 0] }, /time stood still/],
  ["with a time that is no number", { seconds: [null] }, /time stood still/],
  ["with a figure that is none", { more: { bytes: "12" } }, /no number/],
  ["without its further figures", { more: null }, /last line is none/],
  ["without its times", { seconds: 1 }, /last line is none/],
];
for (const [what, changes, says] of WRONG) {
  Deno.test(`a line ${what} is no figures but an error`, () => {
    assert.throws(
      () => read(changes),
      (error) =>
        error instanceof BenchmarkError && says.test(error.message) &&
        error.message.startsWith("Erlang gave no figures of ask as "),
    );
  });
}

Deno.test("a program that printed no JSON in its last line is an error", () => {
  for (const text of ["", "Segmentation fault\n", `{"name":"ask"`, "[1]"]) {
    assert.throws(() => readFigures(text, ASKED), BenchmarkError);
  }
});
