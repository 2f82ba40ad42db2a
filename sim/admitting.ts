/**
 * A client at the door: the limiters hear what he wants by the name that it has
 * over HTTP, and what they say can be seen.
 *
 * @module
 */
import type { Outcome } from "../actors/runtime/outcome.ts";
import type { LimitedRoute } from "../cluster/admission.ts";
import type { Admission, Gate } from "../cluster/gate.ts";
import type { Observation } from "./observation.ts";
import type { Step } from "./scenario_values.ts";

const ROUTES = {
  read_product: "readProduct",
  place_order: "placeOrder",
  read_order: "readOrder",
  pay_order: "payOrder",
  cancel_order: "cancelOrder",
} as const satisfies Record<Step["do"], LimitedRoute>;

/** Asks the gate whether a user may take a step, and lets it be seen. */
export function admitStep(
  gate: Pick<Gate, "admit">,
  observe: (observation: Observation) => void,
  client: string,
  step: Step["do"],
  atUs: number,
): Admission {
  const route = ROUTES[step];
  const admission = gate.admit(client, "", route);
  const { admitted, policy } = admission;
  observe({ kind: "admitted", atUs, client, route, admitted, policy });
  return admission;
}

/** Lets it be seen when the limit of a product refused who had been let in. */
export function noteGivenBack(
  observe: (observation: Observation) => void,
  client: string,
  { admitted, decidedMs }: Admission,
  outcome: Outcome<unknown>,
  atUs: number,
): void {
  if (!admitted || outcome.kind !== "rejected") return;
  if (outcome.code !== "rate-limited") return;
  const decidedUs = Math.round(decidedMs * 1_000);
  const route = ROUTES.place_order;
  observe({ kind: "given_back", atUs, client, route, decidedUs });
}
