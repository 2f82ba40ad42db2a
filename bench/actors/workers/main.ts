/**
 * Our program in the contests across workers: `main.ts NAME MILLISECONDS
 * SIZE=VALUE …`.
 *
 * @module
 */
import { runProgram } from "../program.ts";
import { withCrew } from "./crew.ts";
import { tasksOf } from "./tasks.ts";

await withCrew((crew) => runProgram(tasksOf(crew), Deno.args));
