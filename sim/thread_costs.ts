/**
 * What threads of a simulated shop cost, hold and wait for.
 *
 * @module
 */

/** As the live host's: 16,384 messages a lane. */
export const MAILBOX_MESSAGES = 16_384;
/** Bounds that are cut to a few on purpose. */
export const FEW_MESSAGES = 4;
export const FEW_FRAMES = 16;
/** Folding an event takes about 5 µs (ADR 2), starting a thread 40 ms. */
export const FOLD_US = 5;
export const START_US = 40_000;
/** A message without a distribution takes this long. */
export const STEP_US = 2;
/** A flush that is late on purpose: a hundred times what a link takes. */
export const LATE_FLUSH_US = 5_000;
/** Asks that broke off are worth trying again after this long, as live. */
export const RETRY_AFTER_MS = 250;
