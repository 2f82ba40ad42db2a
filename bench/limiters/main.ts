/**
 * Our program in the contests of limiters: `main.ts NAME MILLISECONDS n=N`.
 *
 * @module
 */
import { runProgram } from "../actors/program.ts";
import { TASKS } from "./tasks.ts";

await runProgram(TASKS, Deno.args);
