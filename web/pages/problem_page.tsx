/** @module stub */
import type { Problem, ProblemCode } from "../problems.ts";
import type { Session } from "../sessions.ts";
export function problemDocument(
  p: { problem: Problem; traceId: string; session: Session | null },
): string {
  return "x" + p.problem.code;
}
export function explanationDocument(code: ProblemCode): string {
  return code;
}
