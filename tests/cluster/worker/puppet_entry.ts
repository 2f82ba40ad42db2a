/**
 * The worker file of the tests of systems with threads, as a user writes one.
 *
 * @module
 */
import { serveActors } from "../../../cluster/worker/serve_actors.ts";
import { puppet } from "./puppet.ts";

serveActors({ puppet });
