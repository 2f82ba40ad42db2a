/**
 * The edge: the shop's HTTP, made of rows of routes. It translates requests
 * into asks of the gate and outcomes into answers, and decides nothing else.
 * There is no chain of middleware; each route has one handler, because at
 * 20,000 requests a second every step between the socket and the gate shows.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Log } from "../actors/runtime/ports.ts";
import type { Gate } from "../cluster/gate.ts";
import { ACCOUNT_ROUTES } from "./api/accounts.ts";
import { ADMINISTRATION_ROUTES } from "./api/administration.ts";
import { BALANCE_ROUTES } from "./api/balance.ts";
import { CACHE_ROUTES } from "./api/cache.ts";
import { documentRoutes } from "./api/documents.ts";
import { OPERATION_ROUTES } from "./api/operations.ts";
import { ORDER_ROUTES } from "./api/orders.ts";
import { PRODUCT_ROUTES } from "./api/products.ts";
import { Call } from "./call.ts";
import { PAGE_ROUTES } from "./pages/pages.ts";
import { HttpMetrics, type RouteMeter } from "./metrics.ts";
import { type PeerInfo, Peers } from "./peers.ts";
import type { Route } from "./routes.ts";
import {
  type EdgeConfig,
  LimitFields,
  type Services,
  TraceIds,
} from "./services.ts";
import { Sessions } from "./sessions.ts";

/** What the edge is made of. */
export interface EdgeOptions {
  readonly gate: Gate;
  /** HS256 key of session tokens. */
  readonly sessionSecret: string;
  /** Bearer token of `/v1/admin`. */
  readonly adminToken: string;
  readonly config: EdgeConfig;
  readonly clock: { wallMs(): number; monotonicMs(): number };
  /** Resolves after so many milliseconds. */
  readonly later: (delayMs: number) => Promise<void>;
  /** A new unguessable id of visible ASCII, such as a UUID. */
  readonly randomId: () => string;
  readonly log: Log;
}

/** What an HTTP server needs. */
export interface Edge {
  /** Answers a request. Never throws or rejects: a bug is a 500. */
  fetch(request: Request, info: PeerInfo): Response | Promise<Response>;
}

/** Rows that the OpenAPI document describes. */
const API_ROUTES: readonly Route[] = [
  ...PRODUCT_ROUTES,
  ...ORDER_ROUTES,
  ...ACCOUNT_ROUTES,
  ...ADMINISTRATION_ROUTES,
  ...BALANCE_ROUTES,
  ...CACHE_ROUTES,
  ...OPERATION_ROUTES,
];

type EdgeContext = Context<{ Bindings: PeerInfo }>;

/**
 * Makes the edge.
 *
 * @throws {TypeError} for an empty secret or a proxy that is no address.
 */
export function createEdge(options: EdgeOptions): Edge {
  const { adminToken, clock, config, gate, later, log, randomId } = options;
  if (adminToken === "") throw new TypeError("Cannot use an empty admin token");
  const services: Services = {
    gate,
    adminToken,
    clock,
    config,
    later,
    log,
    randomId,
    limits: new LimitFields(),
    metrics: new HttpMetrics(),
    peers: new Peers(config.trustedProxies),
    sessions: new Sessions(options.sessionSecret, {
      randomId,
      wallMs: () => clock.wallMs(),
      isRevoked: (tokenId) => gate.isRevoked(tokenId),
    }),
    traces: new TraceIds(randomId()),
  };
  const routes = [...API_ROUTES, ...documentRoutes(API_ROUTES), ...PAGE_ROUTES];
  const app = assemble(services, routes);
  return { fetch: (request, info) => app.fetch(request, info) };
}

function assemble(
  services: Services,
  routes: readonly Route[],
): Hono<{ Bindings: PeerInfo }> {
  const app = new Hono<{ Bindings: PeerInfo }>();
  for (const route of routes) {
    const meter = services.metrics.route(route.method, route.path);
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    app.on(route.method, path, (context): Response | Promise<Response> => {
      const call = new Call(services, context, route, meter);
      const refused = call.enter();
      if (refused !== null) return refused;
      const delayMs = call.admission?.delayMs ?? 0;
      if (delayMs === 0) return route.handle(call);
      return services.later(delayMs).then(() => route.handle(call));
    });
  }
  const lost = services.metrics.route("any", "none");
  const methods = methodsByPath(routes);
  app.notFound((context) => notFound(services, context, lost, methods));
  app.onError((error, context) => mistake(services, context, lost, error));
  return app;
}

/** What is asked for where no route answers. */
const NO_ROUTE: Route = {
  method: "GET",
  path: "/",
  access: "public",
  handle: (call) => call.problem({ code: "not-found" }),
};

function notFound(
  services: Services,
  context: EdgeContext,
  meter: RouteMeter,
  methods: readonly PathMethods[],
): Response {
  const call = new Call(services, context, NO_ROUTE, meter);
  const refused = call.enter();
  if (refused !== null) return refused;
  const known = methods.find(({ pattern }) => pattern.test(context.req.path));
  if (known === undefined) return call.problem({ code: "not-found" });
  const detail = `This resource takes ${known.allow}.`;
  const problem = { code: "method-not-allowed", detail } as const;
  return call.problem(problem, { "allow": known.allow });
}

function mistake(
  services: Services,
  context: EdgeContext,
  meter: RouteMeter,
  error: Error,
): Response {
  const call = new Call(services, context, NO_ROUTE, meter);
  services.log.write("error", "A request ended in a mistake of ours", {
    method: context.req.method,
    path: context.req.path,
    traceId: call.traceId(),
    error: error.stack ?? error.message,
  });
  return call.problem({ code: "internal" });
}

interface PathMethods {
  readonly pattern: RegExp;
  /** The Allow field. */
  readonly allow: string;
}

/** Which methods a path takes, for those that it does not take. */
function methodsByPath(routes: readonly Route[]): readonly PathMethods[] {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of routes) {
    const ofPath = methods.get(path) ?? new Set();
    methods.set(path, ofPath.add(method));
    if (method === "GET") ofPath.add("HEAD");
  }
  return [...methods].map(([path, ofPath]) => ({
    pattern: new RegExp(
      `^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`,
    ),
    allow: [...ofPath].join(", "),
  }));
}
