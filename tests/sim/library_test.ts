/**
 * The scenario files that come with the shop, their published JSON Schema, and
 * the recorded year that one of them plays back.
 *
 * @module
 */
import assert from "node:assert/strict";
import { z } from "zod";
import { parseRecordedOrders } from "../../sim/recorded_orders.ts";
import {
  jsonSchemaOf,
  parseScenario,
  resolveScenario,
  ScenarioError,
} from "../../sim/scenario.ts";
import { granted } from "../permission.ts";

const FOLDER = new URL("../../fixtures/scenarios/", import.meta.url);
/** As the contract lists them. */
const LIBRARY = [
  ...["double11", "flash-sale", "new-launch", "coupon-drop", "short-video"],
  ...["social-hot-event", "trading-peak", "black-friday", "retry-storm"],
  ...["retry-storm-unbudgeted", "cold-cache", "payment-brownout"],
  ...["shard-loss", "online-retail-year", "three-processes"],
];
const ignore = !granted("read");

function readText(path: string): string {
  return Deno.readTextFileSync(new URL(path, FOLDER));
}

function read(name: string) {
  return parseScenario(readText(`${name}.json`), `${name}.json`);
}

Deno.test({
  name: "the library is what the contract lists",
  ignore,
  fn() {
    const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();
    const listed = LIBRARY.map((name) => `${name}.json`);
    assert.deepEqual(files, [...listed, "schema.json"].sort());
  },
});

Deno.test({
  name: "each scenario has its file's name, a lesson and the schema",
  ignore,
  fn() {
    for (const name of LIBRARY) {
      const file = read(name);
      const { teaches, expects, thresholds } = resolveScenario(file, 1);
      assert.equal(file.name, name);
      assert.ok(teaches.length > 60, name);
      assert.ok(thresholds.length > 0, name);
      const fails = name === "retry-storm-unbudgeted";
      assert.equal(expects, fails ? "threshold" : "passed");
      const value = file.value as { $schema: string };
      assert.equal(value.$schema, "./schema.json");
    }
  },
});

Deno.test({
  name: "each scenario resolves with its seeds, to the same each time",
  ignore,
  fn() {
    for (const name of LIBRARY) {
      const { seeds } = read(name);
      const last = seeds?.last ?? 3;
      for (let seed = seeds?.first ?? 1; seed <= last; seed++) {
        assert.deepEqual(
          resolveScenario(read(name), seed),
          resolveScenario(read(name), seed),
        );
      }
    }
  },
});

Deno.test({
  name: "double11 has the numbers of 2020, scaled",
  ignore,
  fn() {
    const { load, scale, catalog, clock } = resolveScenario(
      read("double11"),
      1,
    );
    const midnight = load.find(({ phase }) => phase === "midnight")!;
    assert.ok(midnight.arrivals.kind === "open");
    const { curve } = midnight.arrivals;
    const peak = curve.reduce((most, point) =>
      point.perSecond > most.perSecond ? point : most
    );
    assert.equal(Math.round(peak.perSecond / scale), 583_000);
    assert.equal(peak.atUs, 26_000_000);
    // 00:00 in China is 16:00 in UTC.
    const opensMs = clock.startMs + midnight.fromUs / 1000;
    assert.equal(opensMs, Date.UTC(2020, 10, 10, 16));
    assert.deepEqual(catalog.popularity, { kind: "zipf", exponent: 1.22 });
  },
});

Deno.test({
  name: "the two retry storms differ in how clients retry and in nothing else",
  ignore,
  fn() {
    const [budgeted, unbudgeted] = ["retry-storm", "retry-storm-unbudgeted"]
      .map((name) => resolveScenario(read(name), 1));
    const rest = ({ journeys, ...scenario }: typeof budgeted & object) => ({
      ...scenario,
      ...{ name: "", teaches: "", expects: "" },
      journeys: journeys.map((journey) => ({ ...journey, retry: null })),
    });
    assert.deepEqual(rest(budgeted!), rest(unbudgeted!));
    const retries = [budgeted!, unbudgeted!]
      .map(({ journeys }) => journeys[0]!.retry.budgetPerMillion);
    assert.deepEqual(retries, [100_000, null]);
  },
});

Deno.test({
  name: "schema.json is the schema that the parser has",
  ignore,
  fn() {
    assert.deepEqual(
      JSON.parse(readText("schema.json")),
      JSON.parse(JSON.stringify(jsonSchemaOf())),
      "Write JSON.stringify(jsonSchemaOf(), null, 2) into schema.json",
    );
  },
});

Deno.test("the JSON Schema describes most of what can be said", () => {
  const { properties } = jsonSchemaOf() as {
    properties: Record<string, { description?: string }>;
  };
  const mute = Object.entries(properties)
    .filter(([, { description }]) => description === undefined)
    .map(([key]) => key);
  const obvious = ["$schema", "schema", "name", "clock", "catalog"];
  const names = [...obvious, "network", "disk"];
  assert.deepEqual(mute, names);
});

Deno.test({
  name: "the JSON Schema takes the library and ranges, and refuses mistakes",
  ignore,
  fn() {
    // The schema's own type is wider than what a parser takes.
    const schema = z.fromJSONSchema(
      JSON.parse(readText("schema.json")) as z.core.JSONSchema.JSONSchema,
    );
    for (const name of LIBRARY) {
      const { value } = read(name);
      assert.ok(schema.safeParse(value).success, name);
    }
    const { value } = read("flash-sale");
    const accepts = (changes: Record<string, unknown>) =>
      schema.safeParse({ ...value as object, ...changes }).success;
    assert.ok(accepts({ scale: { uniform: [0.1, 1] } }));
    assert.ok(accepts({ clock: { duration: { uniform: ["1s", "2s"] } } }));
    assert.ok(!accepts({ clock: { duration: 5 } }));
    assert.ok(!accepts({ clock: { duration: "5s", oops: 1 } }));
    assert.ok(!accepts({ thresholds: [{ metric: "latensy", lt: 5 }] }));
  },
});

Deno.test({
  name: "the recorded year is 20,767 orders, faster than a run lasts",
  ignore,
  fn() {
    const named = (path: string) => ({ path, text: readText(path) });
    const { load, clock } = resolveScenario(read("online-retail-year"), 1);
    const { arrivals } = load[0]!;
    assert.ok(arrivals.kind === "recorded" && arrivals.linesFile !== null);
    const orders = parseRecordedOrders(
      named(arrivals.file),
      named(arrivals.linesFile),
    );
    assert.equal(orders.length, 20_767);
    assert.equal(orders[0]!.atUs, 0);
    assert.equal(orders[0]!.customer, "17850");
    const lastUs = orders.at(-1)!.atUs / arrivals.speed;
    assert.ok(lastUs < clock.durationUs && lastUs > clock.durationUs * 0.9);
    for (const { lines } of orders) {
      for (const { quantity } of lines) assert.ok(quantity > 0);
    }
  },
});

Deno.test("recorded orders leave out what was given back", () => {
  const invoices = "invoiced_at,invoice,customer,country,units\n" +
    "2010-12-01T08:28:00,2,8,UK,3\n2010-12-01T08:26:00,1,,UK,5\n" +
    "2010-12-01T08:30:00,C3,8,UK,-3\n2010-12-01T08:31:00,4,8,UK,-1\n";
  const lines = "invoice,sku,quantity\n1,a,2\n1,b,1\n1,a,3\n2,a,-1\nC3,a,-3\n";
  assert.deepEqual(
    parseRecordedOrders(
      { path: "i.csv", text: invoices },
      { path: "l.csv", text: lines },
    ),
    [
      {
        ...{ atUs: 0, customer: "" },
        lines: [{ sku: "a", quantity: 5 }, { sku: "b", quantity: 1 }],
      },
      { atUs: 120_000_000, customer: "8", lines: [] },
    ],
  );
});

Deno.test("a broken row of recorded orders is named", () => {
  const header = "invoiced_at,invoice,customer,units\n";
  const rows: readonly (readonly [string, RegExp])[] = [
    ["a,b\n", /^i\.csv: row 1: expected the columns invoiced_at, invoice/],
    [`${header}noon,1,8,3\n`, /^i\.csv: row 2: expected a time such as .*noon/],
  ];
  for (const [text, says] of rows) {
    assert.throws(
      () => parseRecordedOrders({ path: "i.csv", text }, null),
      (error) => error instanceof ScenarioError && says.test(error.lines[0]!),
    );
  }
});
