/**
 * What machines ask of a running shop: is it alive, is it ready, what has it
 * counted, what does it offer. Unmetered, because a probe that is refused for
 * its rate would look like an outage.
 *
 * @module
 */
import { z } from "zod";
import type { Call } from "../call.ts";
import { explanationDocument } from "../pages/problem_page.tsx";
import { isProblemCode, PROBLEMS } from "../problems.ts";
import type { Operation, Route } from "../routes.ts";

const health = z.object({ status: z.string() });

const LIVE: Operation = {
  id: "isLive",
  tag: "operations",
  summary: "Is the process answering",
  answers: { 200: { text: "It is", schema: health } },
  problems: [],
};

const READY: Operation = {
  id: "isReady",
  tag: "operations",
  summary: "Is every partition served",
  answers: { 200: { text: "They are", schema: health } },
  problems: ["unavailable"],
};

const METRICS: Operation = {
  id: "readMetrics",
  tag: "operations",
  summary: "Counters and histograms as Prometheus text",
  answers: { 200: { text: "Prometheus exposition format 0.0.4" } },
  problems: [],
};

const PROBLEM: Operation = {
  id: "explainProblem",
  tag: "operations",
  summary: "What a problem's type means",
  answers: { 200: { text: "The type's title, status and explanation" } },
  problems: ["not-found"],
};

function ready(call: Call): Response {
  return call.services.gate.isReady()
    ? call.sendJson(200, { status: "ready" })
    : call.problem({ code: "unavailable", retryAfterMs: 1000 });
}

function metrics(call: Call): Response {
  const { services } = call;
  return call.send(200, services.metrics.text(services.gate.metrics()), {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
    "cache-control": "no-store",
  });
}

function explain(call: Call): Response {
  const code = call.param("code");
  if (!isProblemCode(code)) return call.problem({ code: "not-found" });
  const { title, status, detail, retryable } = PROBLEMS[code];
  const type = `/problems/${code}`;
  return call.wantsPage
    ? call.sendPage(200, explanationDocument(code))
    : call.sendJson(200, { type, title, status, detail, retryable });
}

/** The rows of this file. */
export const OPERATION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/health/live",
    access: "open",
    operation: LIVE,
    handle: (call) => call.sendJson(200, { status: "live" }),
  },
  {
    method: "GET",
    path: "/health/ready",
    access: "open",
    operation: READY,
    handle: ready,
  },
  {
    method: "GET",
    path: "/metrics",
    access: "open",
    operation: METRICS,
    handle: metrics,
  },
  {
    method: "GET",
    path: "/problems/{code}",
    access: "open",
    operation: PROBLEM,
    handle: explain,
  },
];
