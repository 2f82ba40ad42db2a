/**
 * Our program in the contests: `main.ts NAME MILLISECONDS SIZE=VALUE …`.
 *
 * @module
 */
import { runProgram } from "../program.ts";
import { warmUpWithDozen } from "./dozen.ts";
import { TASKS } from "./tasks.ts";

await warmUpWithDozen();
await runProgram(TASKS, Deno.args);
