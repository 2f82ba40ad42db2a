/**
 * What an operator may ask and do, with the admin token: look at the topology
 * and the locks, change stock, check the stock equation, inject a fault.
 *
 * @module
 */
import { parseDuration } from "../../cluster/units.ts";
import { z } from "zod";
import type { StockAudit, StockView } from "../../actors/inventory_shard.ts";
import type { Call } from "../call.ts";
import type { Operation, Route } from "../routes.ts";
import * as schemas from "../schemas.ts";

const TOPOLOGY: Operation = {
  id: "readTopology",
  tag: "admin",
  summary: "Roles, workers, partitions and who runs where",
  answers: { 200: { text: "The topology", schema: z.looseObject({}) } },
  problems: [],
};

const LIMITS: Operation = {
  id: "readLimits",
  tag: "admin",
  summary: "Every limit: what it allows, whom it knows, how often it refused",
  answers: { 200: { text: "The limits", schema: z.looseObject({}) } },
  problems: [],
};

const BREAKERS: Operation = {
  id: "readBreakers",
  tag: "admin",
  summary: "Every circuit breaker: where it stands and how it is",
  answers: { 200: { text: "The breakers", schema: z.looseObject({}) } },
  problems: [],
};

const ADJUST: Operation = {
  id: "adjustStock",
  tag: "admin",
  summary: "Add or remove units of a product",
  body: schemas.stockChange,
  answers: { 200: { text: "The stock after it", schema: schemas.stock } },
  problems: ["not-found"],
};

const AUDIT: Operation = {
  id: "auditStock",
  tag: "admin",
  summary: "Check that no unit was lost or sold twice",
  query: schemas.auditQuery,
  answers: {
    200: { text: "Totals, violations, stock", schema: schemas.stockAudit },
  },
  problems: ["not-found"],
};

const FAULT: Operation = {
  id: "injectFault",
  tag: "admin",
  summary: "Inject a fault into the running shop",
  body: schemas.fault,
  answers: { 202: { text: "The fault is on its way" } },
  problems: [],
};

const LOCKS: Operation = {
  id: "listLocks",
  tag: "admin",
  summary: "What this process holds or waits for, so that nobody else does",
  answers: {
    200: { text: "Locks, by kind and name", schema: schemas.lockList },
  },
  problems: [],
};

function topology(call: Call): Response {
  return call.sendJson(200, call.services.gate.topology());
}

function limits(call: Call): Response {
  return call.sendJson(200, call.services.gate.limits());
}

function breakers(call: Call): Response {
  return call.sendJson(200, call.services.gate.breakers());
}

function locks(call: Call): Response {
  return call.sendJson(200, { items: call.services.gate.locks() });
}

async function adjust(call: Call): Promise<Response> {
  const body = await call.json(schemas.stockChange);
  if (body.problem !== undefined) return call.problem(body.problem);
  const { add } = body.value;
  return call.ask(
    (done) => call.services.gate.adjustStock(call.param("sku"), add, done),
    (stock: StockView) => call.sendJson(200, stock),
    "add",
  );
}

function audit(call: Call): Response | Promise<Response> {
  const query = call.query(schemas.auditQuery);
  if (query.problem !== undefined) return call.problem(query.problem);
  const { sku, after, limit } = query.value;
  return call.ask(
    (done) => call.services.gate.auditStock(sku, after, limit, done),
    ({ totals, violations, items, next }: StockAudit) =>
      call.sendJson(200, {
        totals,
        violations,
        items,
        next: next ?? undefined,
      }),
  );
}

async function inject(call: Call): Promise<Response> {
  const body = await call.json(schemas.fault);
  if (body.problem !== undefined) return call.problem(body.problem);
  const { for: length, ...fault } = body.value;
  const forMs = length === undefined ? null : parseDuration(length);
  return call.ask(
    (done) =>
      call.services.gate.injectFault(
        forMs === null ? fault : { ...fault, forMs },
        (outcome) => {
          // All that a fault can be refused for is what it says.
          done(
            outcome.kind === "rejected"
              ? { ...outcome, code: "invalid-input" }
              : outcome,
          );
        },
      ),
    () => call.sendJson(202, body.value),
    "target",
  );
}

/** The rows of this file. */
export const ADMINISTRATION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/admin/topology",
    access: "admin",
    operation: TOPOLOGY,
    handle: topology,
  },
  {
    method: "GET",
    path: "/v1/admin/limits",
    access: "admin",
    operation: LIMITS,
    handle: limits,
  },
  {
    method: "GET",
    path: "/v1/admin/breakers",
    access: "admin",
    operation: BREAKERS,
    handle: breakers,
  },
  {
    method: "GET",
    path: "/v1/admin/locks",
    access: "admin",
    operation: LOCKS,
    handle: locks,
  },
  {
    method: "POST",
    path: "/v1/admin/products/{sku}/stock",
    access: "admin",
    operation: ADJUST,
    handle: adjust,
  },
  {
    method: "GET",
    path: "/v1/admin/invariants",
    access: "admin",
    operation: AUDIT,
    handle: audit,
  },
  {
    method: "POST",
    path: "/v1/admin/faults",
    access: "admin",
    operation: FAULT,
    handle: inject,
  },
];
