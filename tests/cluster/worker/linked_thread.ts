/**
 * A worker that does nothing but report, in their order, whom it was linked
 * with.
 *
 * @module
 */
import type {
  Order,
  Report,
  WorkerPlan,
} from "../../../cluster/worker/control.ts";
import { threadScope } from "../../../cluster/worker/thread.ts";

let worker = "";

const scope = threadScope<Order<WorkerPlan>, Report>((order) => {
  switch (order.kind) {
    case "begin": {
      worker = order.plan.name;
      const recovery = { partitions: 0, events: 0, recoveryMs: 0 };
      return scope.post({ kind: "ready", recovery });
    }
    case "connect": {
      order.port.close();
      const fields = { worker, peer: order.peer };
      return scope.post({ kind: "log", level: "info", text: "linked", fields });
    }
    case "stop":
      return scope.end();
  }
});
