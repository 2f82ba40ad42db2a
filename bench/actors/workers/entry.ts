/**
 * A worker of ours in the contests across workers. As in the contests in one
 * thread, a dozen behaviors have run in it before anything is measured.
 *
 * @module
 */
import { serveActors } from "../../../cluster/worker/serve_actors.ts";
import { account, teller } from "../../savina/ours/bank_transaction.ts";
import { sink, worker } from "../../savina/ours/big.ts";
import { ping, pong } from "../../savina/ours/ping_pong.ts";
import { server } from "../ours/ask.ts";
import { warmUpWithDozen } from "../ours/dozen.ts";
import { caller } from "./ask.ts";
import { nurseryOf } from "./nursery.ts";

await warmUpWithDozen();
const nursery = nurseryOf({ pong, worker, account });
serveActors({ caller, server, ping, sink, teller, nursery });
