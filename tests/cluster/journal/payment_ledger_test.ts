import { PaymentLedger } from "../../../cluster/journal/payment_ledger.ts";
import { granted } from "../../permission.ts";
import { ledgerContract } from "./ledger_contract.ts";
import { TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

for (const { name, holds } of ledgerContract) {
  Deno.test({
    name: `SQLite ledger: ${name}`,
    ignore,
    async fn() {
      using shop = await TemporaryShop.open();
      let ledger = new PaymentLedger(shop.path);
      try {
        await holds({
          ledger,
          reopen() {
            ledger.close();
            ledger = new PaymentLedger(shop.path);
            return Promise.resolve(ledger);
          },
        });
      } finally {
        ledger.close();
      }
    },
  });
}
