/**
 * An observation in one line: who did it, to whom, and what. Lines and
 * diagrams of an excerpt say the same words.
 *
 * @module
 */
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type { Observation } from "../observation.ts";

/** One observation, told. */
export interface Scene {
  readonly atUs: number;
  readonly from: string;
  /** Null: it did it by itself. */
  readonly to: string | null;
  readonly text: string;
  /** It strikes more than one, such as a fault. */
  readonly isForAll: boolean;
  /** How Mermaid draws it: there, back, or lost on the way. */
  readonly arrow: "->>" | "-->>" | "--x";
}

/** Longer lines wrap on a terminal. */
const MAX_TEXT = 110;

/** Tells an observation. */
export function describe(observation: Observation): Scene {
  const { from, to = null, text, isForAll = false, arrow = "->>" } = tell(
    observation,
  );
  const { atUs } = observation;
  const short = text.length <= MAX_TEXT
    ? text
    : `${text.slice(0, MAX_TEXT - 1)}…`;
  return { atUs, from, to, text: short, isForAll, arrow };
}

function tell(
  seen: Observation,
): Pick<Scene, "from" | "text"> & Partial<Scene> {
  switch (seen.kind) {
    case "called": {
      const { client, step, call, input } = seen;
      const { userId: _, phase: _phase, journey: _journey, ...more } = input;
      const { try: tries, ...rest } = more;
      const again = typeof tries === "number" && tries > 0
        ? `, retry ${tries}`
        : "";
      const text = `${client} ${step} ${fieldsOf(rest)} (call ${call}${again})`;
      return { from: "clients", to: "shop", text };
    }
    case "returned": {
      const { call, outcome } = seen;
      const text = `call ${call}: ${outcomeOf(outcome)}`;
      const arrow = outcome.kind === "unknown" ? "--x" : "-->>";
      return { from: "shop", to: "clients", text, arrow };
    }
    case "admitted":
    case "given_back":
    case "breaker_changed":
      return tellOfGuard(seen);
    case "decided": {
      const { actor, message, outcome } = seen;
      const { kind, ...fields } = message;
      const text = `${kind} ${fieldsOf(fields)}: ${outcomeOf(outcome)}`;
      return { from: actor, text };
    }
    case "recorded": {
      const { actor, epoch, sequence, event } = seen;
      const { kind, atMs: _, ...fields } = event;
      const text = `${kind} ${epoch}:${sequence} ${fieldsOf(fields)}`;
      return { from: actor, to: "journal", text };
    }
    case "durable": {
      const { actor, epoch, lastSequence } = seen;
      const text = `durable up to ${epoch}:${lastSequence}`;
      return { from: "journal", to: actor, text, arrow: "-->>" };
    }
    case "fenced": {
      const text = `epoch ${seen.epoch} is fenced off`;
      return { from: "journal", to: seen.actor, text, arrow: "--x" };
    }
    case "worker_started":
    case "worker_lost": {
      const word = seen.kind === "worker_lost" ? "is lost" : "starts";
      const text = `${word}, life ${seen.incarnation}`;
      return { from: seen.worker, text, isForAll: true };
    }
    case "lease_taken":
    case "lease_ended":
    case "said":
      return tellOfLease(seen);
    case "fault_began":
    case "fault_ended":
      return tellOfFault(seen);
    case "rare_path_taken":
      return { from: "buggify", text: `takes ${seen.path}`, isForAll: true };
    case "mail_counted":
    case "work_counted":
      return { from: "counters", text: seen.kind, isForAll: true };
    case "charged":
    case "refunded": {
      const text = `${seen.kind} ${seen.amountCents} cents of ${seen.attempt}`;
      return { from: "payment", text };
    }
  }
}

function tellOfFault(
  { kind, fault, target }: Extract<
    Observation,
    { kind: "fault_began" | "fault_ended" }
  >,
): Pick<Scene, "from" | "text"> & Partial<Scene> {
  const word = kind === "fault_began" ? "strikes" : "leaves";
  return { from: `fault ${fault}`, text: `${word} ${target}`, isForAll: true };
}

/** What became of the lease of a shop worker. */
function tellOfLease(
  { kind, fence, process, territory }: Extract<
    Observation,
    { territory: string }
  >,
): Pick<Scene, "from" | "text"> & Partial<Scene> {
  const text = `${kind.replace("_", " ")}, fence ${fence}`;
  return { from: process, to: territory, text };
}

/** What a limiter or a breaker did. */
function tellOfGuard(
  seen: Extract<
    Observation,
    { kind: "admitted" | "given_back" | "breaker_changed" }
  >,
): Pick<Scene, "from" | "text"> & Partial<Scene> {
  if (seen.kind === "breaker_changed") {
    const { domain, address, to } = seen;
    return { from: domain, to: address, text: `breaker ${to}` };
  }
  const { client, route } = seen;
  if (seen.kind === "given_back") {
    const text = `${client} ${route}: refused by the limit of a product`;
    return { from: "gate", text };
  }
  const { admitted, policy } = seen;
  const word = admitted ? "let in" : "refused";
  const text = `${client} ${route}: ${word} by the limit of ${policy}`;
  return { from: "gate", text };
}

function outcomeOf(outcome: Outcome<unknown>): string {
  if (outcome.kind === "ok") return "ok";
  return outcome.kind === "unknown"
    ? "unknown"
    : `${outcome.kind} ${outcome.code}`;
}

/** `sku P1, lines P1×2 P2×1`; what is empty or too deep is left out. */
function fieldsOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields).flatMap(([name, value]) => {
    const text = textOf(value);
    return text === "" ? [] : [`${name} ${text}`];
  }).join(", ");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") {
    return `${value}`;
  }
  if (!Array.isArray(value)) return "";
  return value.flatMap((item) => {
    if (typeof item !== "object" || item === null) return [textOf(item)];
    if (!("sku" in item)) return [];
    return [`${item.sku}${"quantity" in item ? `×${item.quantity}` : ""}`];
  }).join(" ");
}
