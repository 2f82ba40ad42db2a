/**
 * nact's program in the contests: `main.ts NAME MILLISECONDS SIZE=VALUE …`.
 *
 * @module
 */
import { runProgram } from "../../actors/program.ts";
import { warmUpWithDozen } from "./dozen.ts";
import { TASKS } from "./tasks.ts";

await warmUpWithDozen();
await runProgram(TASKS, Deno.args);
