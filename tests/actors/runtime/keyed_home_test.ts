/** Keyed actors of one kind in several domains: each key is at home in one. */
import assert from "node:assert/strict";
import { ok } from "../../../actors/runtime/outcome.ts";
import { acting, type AnyContext, child, Stage } from "./pains_bench.ts";

/** Carts with an even key are at home in `main`, the others elsewhere. */
const isHome = (address: string) => /[02468]\]$/.test(address);

/** A domain with carts and a caller, whose mail to others is kept. */
function shop() {
  const sent: string[] = [];
  const cart = acting({ where: (ctx) => ctx.reply(ok("here")) });
  const caller = acting({
    tell: (ctx, { to }) => void ctx.tell(to, { kind: "where" }),
    watch: (ctx, { to }) => ctx.watch(to),
    ask: (ctx: AnyContext, { to }) =>
      ctx.ask(to, { kind: "where" }, { as: "answer", withinMs: 100 }),
  });
  const stage = new Stage((domain) => {
    domain.spawn(child("caller", caller));
    domain.addKeyed({ name: "cart", behavior: cart, liveMax: 10 });
  }, {
    isHome,
    transmit(envelope) {
      sent.push(`${envelope.to} ${envelope.content.kind}`);
      return "queued";
    },
  });
  return { stage, sent };
}

// G25
Deno.test("a key of another domain is started there and not here, whoever sends to it", () => {
  const { stage, sent } = shop();
  stage.tell("cart[1]", { kind: "where" });
  stage.ask("cart[3]", { kind: "where" });
  stage.tell("caller", { kind: "tell", to: "cart[5]" } as never);
  stage.tell("caller", { kind: "ask", to: "cart[7]" } as never);
  stage.tell("caller", { kind: "watch", to: "cart[9]" } as never);
  stage.run();
  assert.deepEqual(sent, [
    "cart[1] where",
    "cart[3] where",
    "cart[5] where",
    "cart[7] where",
    "cart[9] $watch",
  ]);
  const addresses = stage.domain.report().actors.map(({ address }) => address);
  assert.deepEqual(addresses, ["caller"]);
});

Deno.test("a key of this domain is started here", () => {
  const { stage, sent } = shop();
  const asked = stage.ask("cart[2]", { kind: "where" });
  stage.run();
  assert.deepEqual(asked.outcome, ok("here"));
  assert.deepEqual(sent, []);
});
