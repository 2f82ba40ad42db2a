/**
 * Reads scenario files, schema `doorbuster/1`: what load comes, when what
 * breaks, and what must hold. A file is checked as a whole before anything
 * runs, with both ends of every range, and all that is wrong is named at once:
 * a line each, with the place, what was expected and what was found. An
 * unknown key or a number without its unit is refused.
 *
 * @module
 */
import { z } from "zod";
import { describeIssues } from "../cluster/config.ts";
import { DURATION, RATE, SIZE } from "../cluster/units.ts";
import { checkScenario } from "./scenario_checks.ts";
import { type ScenarioShape, scenarioShape } from "./scenario_schema.ts";
import { settleScenario } from "./scenario_settle.ts";
import type { Scenario, SeedRange } from "./scenario_values.ts";
import { type Choice, drawRanges } from "./ranges.ts";

/** A scenario file that cannot be used: exit code 2. One line per problem. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";

  /** @param lines Each says where, what was expected, what was found. */
  constructor(readonly lines: readonly string[]) {
    super(lines.join("\n"));
  }
}

/** A file that passed all checks; its ranges are not drawn yet. */
export interface ScenarioFile {
  /** The name by which errors call it. */
  readonly path: string;
  /** As JSON; a saved failure keeps this. */
  readonly value: unknown;
  readonly name: string;
  /** Seeds to run when the command names none; null: one will do. */
  readonly seeds: SeedRange | null;
}

/**
 * Checks the text of a scenario file.
 *
 * @param path The name by which errors call the file.
 * @throws {ScenarioError}
 */
export function parseScenario(text: string, path: string): ScenarioFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, line ends and all.
    const found = (error as Error).message.replaceAll(/\s+/g, " ");
    throw new ScenarioError([`${path}: expected valid JSON, found ${found}`]);
  }
  // Every rule is about values that lie between, so two ends speak for all.
  const file = check(value, "least", path);
  check(value, "most", path);
  return { path, value, name: file.name, seeds: seedsOf(file.runs.seeds) };
}

/**
 * The scenario that a seed runs: the same for the same file and seed.
 *
 * @throws {ScenarioError} When drawn values do not fit together, as a phase
 *   that was drawn to begin after another was drawn to end.
 */
export function resolveScenario(file: ScenarioFile, seed: number): Scenario {
  return settleScenario(check(file.value, { seed }, file.path));
}

function check(value: unknown, choice: Choice, path: string): ScenarioShape {
  const drawn = drawRanges(value, choice);
  const seed = typeof choice === "string" ? "" : ` with seed ${choice.seed}`;
  const prefix = `${path}${seed}: `;
  const refuse = (lines: readonly string[]) => {
    if (lines.length === 0) return;
    throw new ScenarioError(lines.map((line) => `${prefix}${line}`));
  };
  refuse(drawn.problems);
  const parsed = scenarioShape.safeParse(drawn.value);
  if (!parsed.success) {
    refuse(describeIssues(parsed.error, drawn.value));
    throw new Error("A refused scenario has no issue");
  }
  // Only of values that each are right can be asked whether they fit.
  const misfits: z.core.$ZodIssue[] = [];
  checkScenario(parsed.data, (at, message) => {
    misfits.push({ code: "custom", path: [...at], message, input: undefined });
  });
  refuse(describeIssues(new z.ZodError(misfits), drawn.value));
  return parsed.data;
}

function seedsOf(text: string | undefined): SeedRange | null {
  if (text === undefined) return null;
  const [first, last] = text.split("..").map(Number);
  return { first: first!, last: last! };
}

const RANGE = {
  type: "object",
  description: "Each seed draws a value between the two, both included.",
  properties: {
    uniform: {
      type: "array",
      items: { type: ["number", "string"] },
      minItems: 2,
      maxItems: 2,
    },
  },
  required: ["uniform"],
  additionalProperties: false,
};

/** Patterns of values with a unit, which a range can stand for. */
const UNITS: ReadonlySet<unknown> = new Set(
  [DURATION, RATE, SIZE].map(({ source }) => source),
);

/**
 * The JSON Schema of scenario files, for editors. It describes each key and
 * knows ranges; how values must fit together only the parser knows.
 */
export function jsonSchemaOf(): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioShape, {
    io: "input",
    override({ jsonSchema }) {
      if (!isRanged(jsonSchema)) return;
      const { description, default: preset, ...plain } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.anyOf = [plain, { $ref: "#/$defs/range" }];
      if (description !== undefined) jsonSchema.description = description;
      if (preset !== undefined) jsonSchema.default = preset;
    },
  });
  return {
    ...schema,
    title: "Doorbuster scenario",
    $defs: { ...schema.$defs, range: RANGE },
  };
}

function isRanged({ type, pattern }: { type?: unknown; pattern?: unknown }) {
  return type === "number" || type === "integer" || UNITS.has(pattern);
}
