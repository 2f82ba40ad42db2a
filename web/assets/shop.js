/**
 * What script adds to the shop's pages, which work without it: stock that
 * moves while one looks, a clock that runs, an order that shows its answer by
 * itself, times in the reader's own zone, and buttons that are pressed once.
 *
 * @module
 */
// deno-lint-ignore-file house/ambient -- the reader's browser is its own host

/** Shards publish stock every 250 ms; a person is served well by 2 s. */
const STOCK_EVERY_MS = 2000;
const ORDER_EVERY_MS = 3000;

/** Runs again and again while the page is looked at; errors wait. */
function repeat(everyMs, step) {
  setInterval(() => {
    if (document.visibilityState === "visible") step().catch(() => {});
  }, everyMs);
}

function showStock(place, product) {
  const isSoldOut = product.stockState === "sold_out";
  const badge = place.querySelector(".badge");
  badge.dataset.state = product.stockState;
  badge.textContent = isSoldOut
    ? "Sold out"
    : product.stockState === "low"
    ? `Only ${product.available} left`
    : "In stock";
  const units = product.available === 1 ? "unit" : "units";
  const number = product.available.toLocaleString("en-GB");
  place.querySelector("[data-units]").textContent =
    `${number} ${units} for sale now`;
  place.querySelector("[data-price]").textContent = new Intl.NumberFormat(
    "en-GB",
    { style: "currency", currency: product.currency },
  ).format(product.priceCents / 100);
  place.querySelector("[data-sold-out]").hidden = !isSoldOut;
  const button = place.querySelector("[data-buy]");
  if (button === null || button.dataset.busy) return;
  button.disabled = isSoldOut;
  button.textContent = isSoldOut ? "Sold out" : "Buy now";
}

function followStock(place) {
  const url = `/v1/products/${encodeURIComponent(place.dataset.liveProduct)}`;
  let version = 0;
  repeat(STOCK_EVERY_MS, async () => {
    const response = await fetch(url);
    if (!response.ok) return;
    const product = await response.json();
    if (product.version <= version) return;
    version = product.version;
    showStock(place, product);
  });
}

function followOrder(place) {
  if (!["awaiting_payment", "refund_pending"].includes(place.dataset.status)) {
    return;
  }
  const url = `/v1/orders/${encodeURIComponent(place.dataset.liveOrder)}`;
  repeat(ORDER_EVERY_MS, async () => {
    const response = await fetch(url);
    if (!response.ok) return;
    const order = await response.json();
    if (order.status !== place.dataset.status) {
      location.replace(location.pathname);
    }
  });
}

/** Counts with the shop's clock: the reader's own may be wrong. */
function countDown(place) {
  const left = Date.parse(place.dataset.countdown) -
    Date.parse(place.dataset.now);
  const endsAt = performance.now() + left;
  const show = () => {
    const seconds = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    const rest = String(seconds % 60).padStart(2, "0");
    place.textContent = `${Math.floor(seconds / 60)}:${rest}`;
    place.parentElement.dataset.urgent = seconds < 60 ? "yes" : "no";
  };
  show();
  setInterval(show, 250);
}

function ownTime(place) {
  place.textContent = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(new Date(place.dateTime));
}

/** One press is enough; the page that comes back has a fresh button. */
function pressOnce(form) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    setTimeout(() => {
      button.dataset.busy = "yes";
      button.disabled = true;
    });
  });
}

for (const place of document.querySelectorAll("[data-live-product]")) {
  followStock(place);
}
for (const place of document.querySelectorAll("[data-live-order]")) {
  followOrder(place);
}
for (const place of document.querySelectorAll("time")) {
  if (place.dataset.countdown) countDown(place);
  else ownTime(place);
}
for (const form of document.querySelectorAll("form[method=post]")) {
  pressOnce(form);
}
// A page that comes back from the history has its old, disabled buttons.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
