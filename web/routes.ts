/**
 * What a route is: a row with its method, path, who may use it, what it says
 * in the OpenAPI document and the function that answers. The edge turns rows
 * into handlers and the document into text; neither knows more than the rows.
 *
 * @module
 */
import type { z } from "zod";
import type { Call } from "./call.ts";
import type { LimitedRoute } from "../cluster/admission.ts";
import type { ProblemCode } from "./problems.ts";

/**
 * Who may use a route. `open`: anybody, unmetered (probes, assets). `public`:
 * anybody within the limits. `session`: within the limits and signed in.
 * `admin`: with the admin token.
 */
export type Access = "open" | "public" | "session" | "admin";

/** What the OpenAPI document says of a route. */
export interface Operation {
  readonly id: string;
  readonly tag: "shop" | "accounts" | "admin" | "operations";
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly needsKey?: true;
  /** Status → what it means, and the schema of its JSON body if it has one. */
  readonly answers: Readonly<
    Record<number, { readonly text: string; readonly schema?: z.ZodType }>
  >;
  /** Refusals besides those that follow from access, body and key. */
  readonly problems: readonly ProblemCode[];
}

/** A row. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** In OpenAPI's notation: `/v1/orders/{id}`. */
  readonly path: `/${string}`;
  readonly access: Access;
  /**
   * Refusals too are `{status: "error", message}`, with the right status; a
   * browser still gets its page.
   */
  readonly isEnveloped?: true;
  /** Absent for pages, which the document leaves out. */
  readonly operation?: Operation;
  /** Of another way to an operation: the one whose limits and cost it has. */
  readonly like?: LimitedRoute;
  /** Answers. What it throws is a bug: logged, 500. */
  readonly handle: (call: Call) => Response | Promise<Response>;
}
