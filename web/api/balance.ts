/**
 * The pool of servers that read the catalog, over HTTP: `GET /balance` has one
 * of them answer, as any call does, and shows all; an operator drains one
 * before he takes it away.
 *
 * @module
 */
import { z } from "zod";
import type { PoolReport } from "../../cluster/pool/pool.ts";
import type { Call } from "../call.ts";
import {
  type Problem,
  problemOf,
  PROBLEMS,
  retryAfterSeconds,
  statusOf,
} from "../problems.ts";
import type { Operation, Route } from "../routes.ts";

const pool = {
  policy: z.string(),
  isPanicking: z.boolean(),
  members: z.array(z.looseObject({ name: z.string(), state: z.string() })),
};

const BALANCE: Operation = {
  id: "readBalance",
  tag: "operations",
  summary: "Have one server of the catalog answer, and see how all are",
  answers: {
    200: {
      text: "Who answered, the policy, the servers",
      schema: z.object({
        status: z.literal("success"),
        data: z.object({ server: z.string(), ...pool }),
      }),
    },
  },
  problems: [],
};

const drainage = z.strictObject({
  draining: z.boolean({ error: "true or false" }),
});

const DRAIN: Operation = {
  id: "drainServer",
  tag: "admin",
  summary: "Give a server of the catalog nothing new, or something again",
  body: drainage,
  answers: {
    200: { text: "The pool of searches after it", schema: z.object(pool) },
  },
  problems: ["not-found"],
};

/** In the envelope of the seeds' routes, whatever the outcome. */
function read(call: Call): Promise<Response> {
  return new Promise((resolve, reject) =>
    call.services.gate.readBalance(call.client, (outcome) => {
      try {
        resolve(
          outcome.kind === "ok"
            ? call.sendJson(200, { status: "success", data: outcome.value })
            : refused(call, problemOf(outcome)),
        );
      } catch (error) {
        reject(error);
      }
    })
  );
}

function refused(call: Call, problem: Problem): Response {
  const message = problem.detail ?? PROBLEMS[problem.code].detail;
  const seconds = retryAfterSeconds(problem);
  return call.sendJson(
    statusOf(problem),
    { status: "error", message },
    seconds === null ? {} : { "retry-after": String(seconds) },
  );
}

async function drain(call: Call): Promise<Response> {
  const body = await call.json(drainage);
  if (body.problem !== undefined) return call.problem(body.problem);
  const { draining } = body.value;
  return call.ask(
    (done) =>
      call.services.gate.drainServer(call.param("server"), draining, done),
    (report: PoolReport) => call.sendJson(200, report),
  );
}

/** The rows of this file. */
export const BALANCE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/balance",
    access: "public",
    operation: BALANCE,
    handle: read,
  },
  {
    method: "POST",
    path: "/v1/admin/balance/{server}",
    access: "admin",
    operation: DRAIN,
    handle: drain,
  },
];
