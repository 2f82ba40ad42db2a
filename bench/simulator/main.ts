/**
 * Our program in the contests of simulators: `main.ts NAME MILLISECONDS n=N`.
 *
 * @module
 */
import { runProgram } from "../actors/program.ts";
import { TASKS } from "./tasks.ts";

await runProgram(TASKS, Deno.args);
