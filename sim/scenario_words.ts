/**
 * What the schema of scenario files is written in: objects without unknown
 * keys, durations, rates, shares and names, each with a message that says what
 * is expected. It knows no scenario.
 *
 * @module
 */
import { z } from "zod";
import { DURATION, RATE } from "../cluster/units.ts";
import { parseUs } from "./duration.ts";

/** A share of something, as thresholds write it. */
export const PERCENT = /^\d{1,9}(?:\.\d{1,4})?%$/;

/** An object that takes these keys and no other. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `one of ${Object.keys(shape).join(", ")}`
        : `an object with ${Object.keys(shape).join(", ")}`,
  });
}

/** A duration of at least `least` and at most `most`. */
export function duration(least: string, most: string) {
  const error = `a duration from "${least}" to "${most}", such as "30s"`;
  const between = (text: string) =>
    parseUs(text)! >= parseUs(least)! && parseUs(text)! <= parseUs(most)!;
  return z.string({ error }).regex(DURATION, { error, abort: true })
    .refine(between, { error });
}

/** A moment of a run or a length within one; a day is what runs are for. */
export function time() {
  return duration("0s", "366d");
}

/** A whole number, both ends included. */
export function integer(least: number, most: number) {
  const error = `an integer from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A number, both ends included. */
export function number(least: number, most: number) {
  const error = `a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

/** A number whose key ends in `Percent`. */
export function percent() {
  return number(0, 100);
}

/** Events in a time. */
export function rate() {
  const error = 'a rate such as "200/s" or "30/m"';
  return z.string({ error }).regex(RATE, { error });
}

/** Text of a pattern. */
export function text(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

/** What people call a journey, a phase, a fault. */
export function name() {
  const error = "a name of small letters, digits, _ and -";
  return text(/^[a-z][a-z0-9_-]{0,63}$/, error);
}

/** A fact, an outcome or a refusal: `stock_sold`, `unknown`, `sold-out`. */
export function happening() {
  const error = "what can happen: an event such as order_expired, an outcome " +
    "such as unknown, or a refusal such as sold-out";
  return text(/^[a-z]+([_-][a-z]+)*$/, error);
}

/** One of some words. */
export function choice<const Names extends readonly string[]>(names: Names) {
  const error = names.map((each) => `"${each}"`).join(" or ");
  return z.enum(names, { error });
}

/** An array. */
export function list<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item, { error: `an array of ${what}` });
}
