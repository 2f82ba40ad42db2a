/**
 * The rules that the sections of a config are made of: an object without unknown
 * keys, and values with bounds. The message of each says what is expected; where
 * and what was found is for whoever reports it.
 *
 * @module
 */
import { z } from "zod";
import { MOST_TOKENS } from "./limiters/bounds.ts";
import {
  DURATION,
  parseDuration,
  parseRate,
  parseSize,
  RATE,
  SIZE,
} from "./units.ts";

/** An object that takes these keys and no other; all have defaults. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `one of ${Object.keys(shape).join(", ")}`
        : "an object",
  });
}

/** A duration of at least `least` and at most `most`. */
export function duration(least: string, most: string) {
  const error = `a duration from "${least}" to "${most}", such as "30s"`;
  const between = (text: string) => {
    const durationMs = parseDuration(text);
    return durationMs !== null && durationMs >= parseDuration(least)! &&
      durationMs <= parseDuration(most)!;
  };
  return z.string({ error }).regex(DURATION, { error, abort: true })
    .refine(between, { error });
}

/** An integer of at least `least` and at most `most`. */
export function integer(least: number, most: number) {
  const error = `an integer from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A size of at least `least` and at most `most`. */
export function size(least: string, most: string) {
  const error = `a size from "${least}" to "${most}", such as "64KB"`;
  const between = (text: string) => {
    const bytes = parseSize(text);
    return bytes !== null && bytes >= parseSize(least)! &&
      bytes <= parseSize(most)!;
  };
  return z.string({ error }).regex(SIZE, { error, abort: true })
    .refine(between, { error });
}

/** A whole number of something each second, from one on. */
export function rate(what: string) {
  const error =
    `a rate of whole ${what} per second from "1/s", such as "200/s"`;
  const isWhole = (text: string) => {
    const perSecond = parseRate(text);
    return perSecond !== null && Number.isInteger(perSecond) &&
      perSecond >= 1 && perSecond <= MOST_TOKENS;
  };
  return z.string({ error }).regex(RATE, { error, abort: true })
    .refine(isWhole, { error });
}

/** A moment, to the millisecond. */
export function moment() {
  return z.iso.datetime({
    error: 'a time in UTC such as "2026-11-11T00:00:00Z"',
  });
}
