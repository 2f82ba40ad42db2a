/** What a run's report shows, and what can never be on it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { reportHtml } from "../../sim/report.ts";
import { formulas } from "../../sim/report/formulas.ts";
import type { RunResult, Series, Verdict } from "../../sim/run_result.ts";
import { madeUpRun, madeUpSeries } from "./made_up_run.ts";

const TWO_MB = 2_000_000;

function parts(page: string, pattern: RegExp): string[] {
  return [...page.matchAll(pattern)].map((match) => match[1] ?? match[0]);
}

/** The text of a page, as somebody reads it. */
function readable(page: string): string {
  return page.replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

/** The part of a page under a heading. */
function under(page: string, heading: string): string {
  const [, after] = page.split(`<h2>${heading}</h2>`);
  assert(after !== undefined, `there is no heading ${heading}`);
  return after.split("</section>")[0] ?? "";
}

function bytes(page: string): number {
  return new TextEncoder().encode(page).length;
}

const WORDS: readonly (readonly [Verdict, string])[] = [
  ["passed", "Passed"],
  ["liveness", "Stuck"],
  ["invariant", "Violated"],
  ["threshold", "Missed"],
];

for (const [verdict, word] of WORDS) {
  Deno.test(
    `A run that is ${verdict} says first that it ${word}, and how ` +
      "to see it again",
    () => {
      const page = reportHtml([madeUpRun({ verdict })]);

      const text = readable(page.split("<main")[1] ?? "");
      assert.match(text, new RegExp(`^[^.]{0,60}\\b${word}\\b`));
      assert(page.includes(`<title>${word}: flash_sale · Doorbuster</title>`));
      const [head = ""] = page.split("<h2>");
      assert(
        head.includes("<code>deno task simulate flash_sale --seed 7</code>"),
      );
      assert(head.includes("Everybody comes in the same second"));
    },
  );
}

Deno.test(
  "The first violation of several, and every missed threshold, stand " +
    "in the head with their numbers",
  () => {
    const violation = (check: string, atUs: number) => ({
      id: check,
      ok: false,
      checked: 9,
      firstViolation: {
        check,
        atUs,
        key: "mug",
        detail: `1 too many, ${check}`,
      },
    });
    const page = reportHtml([madeUpRun({
      verdict: "invariant",
      checks: [violation("late", 9_000_000), violation("early", 2_500_000)],
      thresholds: [
        {
          metric: "latency.pay_order",
          bound: "< 50ms",
          value: 70.7,
          ok: false,
        },
        { metric: "failed", bound: "< 2%", value: 3.25, ok: false },
      ],
    })]);

    const head = readable(page.split("<h2>")[0] ?? "");
    assert.match(head, /early at 2\.5 s: mug 1 too many, early/);
    assert.doesNotMatch(head, /too many, late/);
    assert.match(
      head,
      /latency\.pay_order was to be &lt; 50ms: it is 70\.7 ms/,
    );
    assert.match(head, /failed was to be &lt; 2%: it is 3\.25 %/);
    const chart = under(page, "The run over time");
    assert.equal(parts(chart, /class="violation"/g).length, 2);
  },
);

Deno.test(
  "The thresholds are a table of metric, bound, value and whether it " +
    "is met",
  () => {
    const table = readable(under(reportHtml([madeUpRun()]), "Thresholds"));
    assert.match(table, /Metric bound value latency\.place_order/);
    assert.match(table, /latency\.place_order &lt; 250ms 181 ms ✓ ok/);
    assert.match(table, /ok\.place_order &gt; 4000 4,812 ✓ ok/);
  },
);

Deno.test(
  "Load, response times and queues share one drawing, with each " +
    "fault shaded and named",
  () => {
    const chart = under(reportHtml([madeUpRun()]), "The run over time");

    assert.equal(parts(chart, /<svg class="chart"/g).length, 1);
    assert.equal(parts(chart, /class="shade"/g).length, 3);
    assert.deepEqual(
      parts(chart, /class="title"[^>]*>([^<]*)</g).map((title) => title.trim()),
      [
        "Requests per second",
        "Response time",
        "Waiting at storefront",
        "Waiting at inventory",
        "Waiting at cache",
      ],
    );
    for (const tone of ["ok", "rejected", "failed", "tail", "depth"]) {
      assert.match(chart, new RegExp(`<path class="area ${tone}" d="M`));
    }
    assert.match(readable(chart), /crash inventory\[3\] 22 s – 26 s/);
    // A fault without length is seen all the same.
    assert.match(readable(chart), /flush cache\[\*\] 34 s/);
  },
);

Deno.test("A fault is shaded where it struck", () => {
  const [shade] = parts(
    under(reportHtml([madeUpRun()]), "The run over time"),
    /<rect class="shade"([^>]*)>/g,
  );
  // From 22 s to 26 s of 60 s.
  assert.match(shade ?? "", /x="36\.67%" width="6\.67%"/);
});

Deno.test(
  "The heat map has a row for each shard in order of its number, and " +
    "a gap while a shard is dead",
  () => {
    const map = under(reportHtml([madeUpRun()]), "Shards");

    const names = parts(map, /<span>(inventory[^<]*)<\/span>/g);
    assert.deepEqual(
      names,
      Array.from({ length: 16 }, (_, shard) => `inventory[${shard}]`),
    );
    // 120 columns of half a second: row 3 is empty from column 44 to 52.
    const bars = parts(map, /d="(M[^"]*)"/g).join("")
      .matchAll(/M(\d+) 3h(\d+)/g);
    const covered = new Set(
      [...bars].flatMap(([, from, width]) =>
        Array.from({ length: Number(width) }, (_, at) => Number(from) + at)
      ),
    );
    const gap = Array.from({ length: 120 }, (_, at) => at)
      .filter((column) => !covered.has(column));
    assert.deepEqual(gap, [44, 45, 46, 47, 48, 49, 50, 51]);
  },
);

Deno.test(
  "Of more shards than a screen shows, the busiest have rows and the " +
    "others one together",
  () => {
    const shard = (index: number) =>
      Array.from({ length: 240 }, () => index === 77 ? 0 : index);
    const handled = Object.fromEntries(
      Array.from(
        { length: 100 },
        (_, index) => [`shard[${index}]`, shard(index)],
      ),
    );
    const series = { ...madeUpSeries(240), handled };
    const map = under(reportHtml([madeUpRun({ series })]), "Shards");

    const names = parts(map, /<span>((?:shard|mean)[^<]*)<\/span>/g);
    assert.equal(names.length, 32);
    assert.equal(names[0], "shard[68]");
    assert.equal(names.at(-1), "mean of 69 others");
    assert(!names.includes("shard[77]"));
  },
);

Deno.test(
  "The stock of each hot product is one stack, which says when " +
    "nothing was left",
  () => {
    const stock = under(reportHtml([madeUpRun()]), "Stock");
    assert.equal(parts(stock, /<figure>/g).length, 3);
    for (const layer of ["sold", "held", "available"]) {
      assert.equal(parts(stock, new RegExp(`area ${layer}"`, "g")).length, 3);
    }
    assert.match(
      readable(stock),
      /cake-tins 1,000 of 1,000 sold, none left at 35/,
    );
  },
);

Deno.test("A stack whose top is not flat says so", () => {
  const leaking = {
    available: [10, 9, 8],
    held: [0, 1, 1],
    sold: [0, 0, 0],
  };
  const series = { ...madeUpSeries(3), stock: { mug: leaking } };
  const page = reportHtml([madeUpRun({ series })]);
  assert.match(readable(under(page, "Stock")), /together 9 to 10/);
  assert.doesNotMatch(
    readable(under(reportHtml([madeUpRun()]), "Stock")),
    /together \d/,
  );
});

Deno.test("The formulas have this run's numbers in them", () => {
  const series: Series = {
    ...madeUpSeries(0),
    bucketMs: 1_000,
    offered: [60, 50],
    ok: [40, 30],
    rejected: [20, 10],
    failed: [0, 10],
    cacheHits: [50, 40],
    cacheMisses: [0, 10],
    handled: { "inventory[0]": [10, 50], "inventory[1]": [20, 20] },
  };
  const step = { p50Ms: 1, p90Ms: 1, p99Ms: 1, p999Ms: 1, maxMs: 1 };
  const latencies = [
    { step: "read", count: 30, meanMs: 10, ...step },
    { step: "buy", count: 10, meanMs: 50, ...step },
  ];
  const filled = formulas(
    madeUpRun({ series, latencies, virtualMs: 2_000 }),
  );
  assert.deepEqual(
    filled.map(({ name, numbers, value }) => [name, numbers, value]),
    [
      ["Mean response time", "800 ms / 40", "20 ms"],
      ["Throughput", "100 / 2 s", "50 per second"],
      ["Hit ratio", "90 / 100", "90.0 %"],
      ["Miss ratio", "100 % − 90.0 %", "10.0 %"],
      [
        "Share per server",
        "100 / 2; the busiest had 1.20 times that",
        "50 messages",
      ],
    ],
  );
});

Deno.test(
  "Checks show how often they looked, response times all of their " +
    "percentiles",
  () => {
    const page = reportHtml([madeUpRun()]);
    assert.match(
      readable(under(page, "Checks")),
      /ok stock\. conserved 91,204 times looked/,
    );
    assert.match(
      readable(under(page, "Response times")),
      /place_order 22\.7 14\.2 39\.8 114 298 483 6,420/,
    );
  },
);

Deno.test(
  "Of many seeds the worst is shown, each has a square, and the " +
    "failed lead to their commands",
  () => {
    const seeds = Array.from(
      { length: 200 },
      (_, index) =>
        madeUpRun({ seed: index + 1, replay: `simulate --seed ${index + 1}` }),
    );
    seeds[56] = madeUpRun({
      seed: 57,
      verdict: "threshold",
      replay: "simulate --seed 57",
    });
    seeds[130] = madeUpRun({
      seed: 131,
      verdict: "invariant",
      replay: "simulate --seed 131",
    });
    const page = reportHtml(seeds);

    const [head = "", rest = ""] = page.split("<h2>200 seeds</h2>");
    assert.match(readable(head), /Violated.*198 of 200 seeds passed/);
    assert.match(head, /<code>simulate --seed 131<\/code>/);
    assert.equal(parts(rest, /class="seed /g).length, 200);
    const links = parts(rest, /<a href="#([^"]*)"/g);
    assert.equal(links.length, 2);
    for (const id of links) {
      assert.equal(parts(page, new RegExp(`id="${id}"`, "g")).length, 1);
    }
    assert.match(rest, /<code>simulate --seed 57<\/code>/);
  },
);

Deno.test(
  "Several scenarios are listed with their verdicts, each leads to " +
    "its pictures",
  () => {
    const page = reportHtml([
      madeUpRun(),
      madeUpRun({ scenario: "double11", verdict: "threshold" }),
      madeUpRun({ seed: 8 }),
    ]);
    const [, list = ""] = page.split("<nav");
    assert.match(
      readable(list),
      /1 of 2 scenarios passed\. flash_sale Passed 2 of 2 double11 Missed 0 of 1/,
    );
    assert.deepEqual(parts(page, /<article id="([^"]*)"/g), [
      "scenario-1",
      "scenario-2",
    ]);
  },
);

Deno.test("Every drawing has its numbers in a table below it", () => {
  const page = reportHtml([madeUpRun(), madeUpRun({ seed: 8 })]);
  const drawn = ["The run over time", "Shards", "Stock", "Cache and limiter"];
  for (const heading of ["2 seeds", ...drawn]) {
    const twins = parts(under(page, heading), /<details>[\s\S]*?<table>/g);
    assert(twins.length > 0, heading);
  }
});

/** Tags that need no end. */
const ALONE = new Set(["meta", "link", "wbr", "br"]);

function assertBalanced(page: string): void {
  const open: string[] = [];
  for (
    const [, end, name = "", rest = ""] of page.matchAll(
      /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^">])*)>/g,
    )
  ) {
    if (end === "/") assert.equal(open.pop(), name);
    else if (!ALONE.has(name) && !rest.endsWith("/")) open.push(name);
  }
  assert.deepEqual(open, []);
}

Deno.test("Every tag that opens is closed", () => {
  assertBalanced(reportHtml([madeUpRun()]));
  assertBalanced(reportHtml([]));
  assertBalanced(reportHtml([
    madeUpRun(),
    madeUpRun({ verdict: "liveness", seed: 8 }),
    madeUpRun({ scenario: "other", thresholds: [], checks: [] }),
  ]));
});

Deno.test("Whatever text a run holds, it stays text", () => {
  const bad = `"><img src=x onerror=alert(1)>'</style><script>&`;
  const series = {
    ...madeUpSeries(8),
    depths: { [bad]: [1, 2] },
    handled: { [bad]: [1, 2] },
    stock: { [bad]: { available: [1], held: [1], sold: [1] } },
  };
  const violation = { check: bad, atUs: 1, key: bad, detail: bad };
  const run = madeUpRun({
    scenario: bad,
    teaches: bad,
    trace: bad,
    replay: bad,
    verdict: "invariant",
    checks: [{ id: bad, ok: false, checked: 1, firstViolation: violation }],
    thresholds: [{ metric: bad, bound: bad, value: 1, ok: false }],
    latencies: [{ ...madeUpRun().latencies[0]!, step: bad }],
    faults: [{ id: bad, what: bad, target: bad, fromMs: 1, toMs: 2 }],
    series,
  });
  const page = reportHtml([run, { ...run, seed: 8 }, madeUpRun()]);

  assert.doesNotMatch(page, /<(img|script)/);
  assert.equal(parts(page, /<\/style>/g).length, 1);
  assertBalanced(page);
});

Deno.test("A long text is cut, a drawing never is", () => {
  const page = reportHtml([madeUpRun({ teaches: "x".repeat(9_000) })]);
  assert.doesNotMatch(page, /x{2001}/);
  assert(parts(page, / d="([^"]*)"/g).some((path) => path.length > 2_000));
  for (const path of parts(page, / d="([^"]*)"/g)) {
    assert.match(path, /^[MLVHAhlmavzZ0-9 .,-]*$/);
  }
});

const weird = fc.oneof(
  fc.constantFrom(NaN, Infinity, -Infinity, -0, -1, 1e300, 5e-324, 0),
  fc.nat(1_000),
  fc.double(),
);

/** A run whose every number may be anything. */
const weirdRun: fc.Arbitrary<RunResult> = fc.nat(400).chain((length) => {
  const values = fc.array(weird, { minLength: length, maxLength: length });
  return fc.record({
    bucketMs: weird,
    values,
    other: values,
    number: weird,
    virtualMs: weird,
  }).map(({ bucketMs, values, other, number, virtualMs }) => {
    const step = madeUpRun().latencies[0]!;
    return madeUpRun({
      virtualMs,
      wallMs: number,
      events: number,
      checks: [{ id: "a", ok: true, checked: number }],
      thresholds: [{ metric: "a", bound: "< 1ms", value: number, ok: true }],
      latencies: [
        { ...step, count: number, meanMs: number, p50Ms: number },
        { ...step, p999Ms: number, maxMs: virtualMs },
      ],
      faults: [
        { id: "a", what: "a", target: "b", fromMs: number, toMs: virtualMs },
      ],
      series: {
        bucketMs,
        offered: values,
        ok: other,
        rejected: values,
        failed: other,
        p50Ms: values,
        p99Ms: other,
        depths: { a: values },
        handled: { a: values, b: other },
        stock: { a: { available: values, held: other, sold: values } },
        cacheHits: values,
        cacheMisses: other,
        limited: values,
      },
    });
  });
});

Deno.test("No number is so odd that the page shows NaN, Infinity or a hole", () => {
  fc.assert(
    fc.property(weirdRun, (run) => {
      const page = reportHtml([run, { ...run, seed: 8 }]);
      assert.doesNotMatch(page, /NaN|Infinity|undefined|\bnull\b|\[object/);
      for (const size of parts(page, /(?:width|height|rx?)="(-[^"]*)"/g)) {
        assert.fail(`a size below 0: ${size}`);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("A run in which nothing happened has a page", () => {
  const page = reportHtml([madeUpRun({
    series: madeUpSeries(0),
    checks: [],
    thresholds: [],
    latencies: [],
    faults: [],
    virtualMs: 0,
    wallMs: 0,
    events: 0,
  })]);
  assert.match(readable(page), /Passed/);
  assert.match(readable(reportHtml([])), /No run has left a result/);
});

Deno.test("A long run of many shards, products and faults fits into 2 MB", () => {
  const long = madeUpSeries(50_000);
  const many = <Value>(value: Value, count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`name[${index}]`, value]),
    );
  const series = {
    ...long,
    handled: many(long.handled["inventory[3]"] ?? [], 300),
    stock: many(long.stock["mug"]!, 100),
    depths: many(long.depths.cache ?? [], 40),
  };
  const faults = Array.from({ length: 2_000 }, (_, index) => ({
    id: `fault-${index}`,
    what: "crash",
    target: `inventory[${index}]`,
    fromMs: index * 4_000,
    toMs: index * 4_000 + 2_000,
  }));
  const page = reportHtml([madeUpRun({ series, faults })]);
  assert(bytes(page) < TWO_MB, `${bytes(page)}`);
  // No chart has more points than it can show.
  const chart = under(page, "The run over time");
  assert(parts(chart, /<g>\s*<rect/g).length <= 180);
});

Deno.test(
  "Many scenarios of many seeds fit into 2 MB: the later ones keep " +
    "their verdict",
  () => {
    const run = madeUpRun();
    const results = Array.from({ length: 40 * 200 }, (_, index) => ({
      ...run,
      scenario: `scenario number ${index % 40}`,
      seed: Math.floor(index / 40),
    }));
    const page = reportHtml(results);

    assert(bytes(page) < TWO_MB, `${bytes(page)}`);
    const articles = page.split("<article").slice(1);
    assert.equal(articles.length, 40);
    assert.match(articles[0] ?? "", /The run over time/);
    assert.match(readable(articles[39] ?? ""), /Passed.*Charts are left out/);
  },
);

Deno.test("The page names no outside host and has nothing that runs", () => {
  const page = reportHtml([madeUpRun(), madeUpRun({ verdict: "liveness" })]);
  const named = page.replaceAll("http://www.w3.org/2000/svg", "");
  assert.doesNotMatch(
    named,
    /https?:|\/\/[a-z]|url\(|@import|<script|\son\w+=/,
  );
  assert.match(page, /Content-Security-Policy" content="default-src &#39;none/);
});

Deno.test("The same results give the same page", () => {
  assert.equal(reportHtml([madeUpRun()]), reportHtml([madeUpRun()]));
});
