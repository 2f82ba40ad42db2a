/**
 * The archive section of a config: the periods whose past goes into files of
 * their own. Borders have an offset, since a shop's year begins at midnight
 * where the shop is.
 *
 * @module
 */
import { z } from "zod";
import { section } from "./config_rules.ts";
import { parseMoment, type ShardPeriod } from "./routers/time_router.ts";

/** Ten years of months. The files of all periods may be open at once. */
const PERIODS_MAX = 120;

const nameError = "a name of up to 32 lower-case letters, digits and -";
const momentError =
  'a time with an offset, such as "2026-01-01T00:00:00+01:00"';

const border = z.string({ error: momentError })
  .refine((text) => parseMoment(text) !== null, {
    error: momentError,
    abort: true,
  });

/** What was written from `from` to before `to`. */
const period = section({
  name: z.string({ error: nameError })
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: nameError }),
  from: border,
  to: border,
});

/** How `deno task archive` files what it moves. */
export const archive = section({
  periods: z.array(period, { error: "an array of periods" })
    .max(PERIODS_MAX, { error: `at most ${PERIODS_MAX} periods` }).default([]),
}).superRefine(({ periods }, context) => {
  for (const { path, message } of misfits(periods)) {
    context.addIssue({ code: "custom", path: ["periods", ...path], message });
  }
});

type Section = z.output<typeof archive>;
type Period = Section["periods"][number];

/** The periods as a router of time takes them. */
export function periodsOf({ periods }: Section): ShardPeriod[] {
  return periods.map(({ name, from, to }) => ({ from, to, shard: name }));
}

function misfits(periods: readonly Period[]) {
  const ofOne = periods.flatMap(({ name, from, to }, index) => {
    const same = periods.findIndex((each) => each.name === name);
    if (same < index) {
      const message = `another name than that of periods.${same}`;
      return [{ path: [index, "name"], message }];
    }
    if (momentOf(from) < momentOf(to)) return [];
    return [{ path: [index, "to"], message: `a time after ${from}, its from` }];
  });
  if (ofOne.length > 0) return ofOne;
  const sorted = periods.map((each, index) => ({ ...each, index }))
    .sort((one, other) => momentOf(one.from) - momentOf(other.from));
  return sorted.flatMap(({ from, index }, place) => {
    const before = sorted[place - 1];
    if (before === undefined || momentOf(from) >= momentOf(before.to)) {
      return [];
    }
    const message = `a period that does not overlap periods.${before.index}, ` +
      `from ${before.from} to before ${before.to}`;
    return [{ path: [index], message }];
  });
}

/** Of a border that was let pass. */
function momentOf(text: string): number {
  return parseMoment(text) ?? NaN;
}
