/**
 * The pool of servers that read the catalog, over HTTP: `GET /balance` has one
 * of them answer, as any call does, and shows all; an operator drains one
 * before he takes it away.
 *
 * @module
 */
import { z } from "zod";
import type { BalanceView } from "../../cluster/gate.ts";
import type { PoolCallsReport } from "../../cluster/pool/pool_calls.ts";
import type { Call } from "../call.ts";
import type { Operation, Route } from "../routes.ts";
import * as schemas from "../schemas.ts";

const pool = {
  policy: z.string(),
  isPanicking: z.boolean(),
  retries: z.int(),
  throttled: z.int(),
  members: z.array(z.looseObject({ name: z.string(), state: z.string() })),
};

const BALANCE: Operation = {
  id: "readBalance",
  tag: "operations",
  summary: "Have one server of the catalog answer, and see how all are",
  answers: {
    200: {
      text: "Who answered, the policy, the servers",
      schema: schemas.enveloped(z.object({
        server: z.string(),
        ...pool,
        pools: z.array(z.object({ domain: z.string(), ...pool })),
      })),
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

function read(call: Call): Response | Promise<Response> {
  return call.ask(
    (done) => call.services.gate.readBalance(call.client, done),
    (data: BalanceView) => call.sendJson(200, { status: "success", data }),
  );
}

async function drain(call: Call): Promise<Response> {
  const body = await call.json(drainage);
  if (body.problem !== undefined) return call.problem(body.problem);
  const { draining } = body.value;
  return call.ask(
    (done) =>
      call.services.gate.drainServer(call.param("server"), draining, done),
    (report: PoolCallsReport) => call.sendJson(200, report),
  );
}

/** The rows of this file. */
export const BALANCE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/balance",
    access: "public",
    isEnveloped: true,
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
