/**
 * `deno task policies`: compares all eviction policies, balancers and limiters,
 * each kind on the same input in virtual time. The defaults of the shop are
 * chosen by it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { parseCsv } from "../../cluster/csv.ts";
import {
  clearProgress,
  mustBeWritable,
  parseOptions,
  runMain,
  showProgress,
  writeText,
} from "../command.ts";
import { comparePolicies } from "./comparison.ts";
import { comparisonHtml } from "./page.ts";
import { sheetsOf, textOf } from "./sheets.ts";

const HELP = `Usage: deno task policies [--report FILE.html] [--json FILE]

Compares the policies that a shop can choose from: what each limiter is worth
under overload, what callers wait with each balancer, how often each cache hits.
Everything is seeded and in virtual time, so the figures are the same on every
run and machine. It takes less than a minute.

--report FILE  writes a page with pictures, for a browser
--json FILE    writes the figures
--help         this text

Exit code: 0, 2 for bad usage.`;

interface Usage {
  readonly reportFile: string | null;
  readonly jsonFile: string | null;
}

function readUsage(args: string[]): Usage | null {
  const { values } = parseOptions({
    args,
    options: {
      report: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return null;
  return { reportFile: values.report ?? null, jsonFile: values.json ?? null };
}

function compare({ reportFile, jsonFile }: Usage): number {
  for (const output of [reportFile, jsonFile]) {
    if (output !== null) mustBeWritable(output);
  }
  const comparison = comparePolicies(orderedSkus(), showProgress);
  clearProgress();
  if (jsonFile !== null) {
    writeText(jsonFile, JSON.stringify(comparison, null, 2) + "\n");
  }
  if (reportFile !== null) writeText(reportFile, comparisonHtml(comparison));
  console.log(textOf(sheetsOf(comparison)));
  return 0;
}

/** The product of each order line of the shop's own fixtures. */
function orderedSkus(): string[] {
  const file = "../../fixtures/orders/order_lines.csv";
  const skus: string[] = [];
  parseCsv(
    Deno.readTextFileSync(new URL(file, import.meta.url)),
    ([_invoice, sku = ""], row) => void (row > 1 && skus.push(sku)),
  );
  return skus;
}

if (import.meta.main) runMain({ help: HELP, read: readUsage, run: compare });
