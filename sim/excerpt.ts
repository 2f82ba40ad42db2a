/**
 * The part of a run that leads to a failure: at most 40 of its thousands of
 * observations, the last that name what the failure is about (a SKU, an order,
 * a user, a hold, an actor), with the answers to the calls and the disk writes
 * of the events among them, and the faults that struck. As lines for a
 * terminal, and as a Mermaid sequence diagram for a report of the bug.
 *
 * @module
 */
import { describe, type Scene } from "./excerpt/scene.ts";
import type { Observation } from "./observation.ts";

/** An excerpt as people read it. */
export interface Excerpt {
  /** One line for each observation, in their order. */
  readonly lines: readonly string[];
  /** The same as a Mermaid sequence diagram. */
  readonly diagram: string;
}

/** What is kept while a run goes on, and when it was. */
interface Kept {
  readonly place: number;
  readonly observation: Observation;
}

type Returned = Extract<Observation, { kind: "returned" }>;
type Recorded = Extract<Observation, { kind: "recorded" }>;

/** What one screen and one diagram show. */
export const MAX_OBSERVATIONS = 40;
/** Faults and lost workers explain a failure, but must not fill its excerpt. */
const MAX_INCIDENTS = 8;

/**
 * Keeps, of all observations of a run, those that an excerpt shows. It needs
 * to know what it looks for, so it takes a run of a failure that is known.
 */
export class ExcerptRecorder {
  readonly #untilUs: number;
  /** An observation that has all of them is about the key. */
  readonly #words: readonly string[];
  /** The call that the key names; null: it names none. */
  readonly #call: number | null;
  /** Orders and holds that have to do with the key, such as those of a SKU. */
  readonly #ids = new Set<string>();
  readonly #about: Kept[] = [];
  readonly #incidents: Kept[] = [];
  readonly #latest: Kept[] = [];
  /** Calls that ended without a definite answer, each with its end. */
  readonly #broken: Kept[] = [];
  /** Calls without an answer yet; those about the key are `null` here. */
  readonly #open = new Map<number, Kept | null>();
  /** Events about the key that are not durable yet, by actor. */
  readonly #staged = new Map<string, number[]>();
  #place = 0;

  /** @param untilUs When it failed; what comes later led to nothing. */
  constructor(key: string, untilUs: number) {
    this.#untilUs = untilUs;
    const call = /^call (\d+)$/.exec(key)?.[1];
    this.#call = call === undefined ? null : Number(call);
    this.#words = call === undefined ? key.split(" ").filter(Boolean) : [];
  }

  /** Takes the next observation of the run. */
  observe(observation: Observation): void {
    if (observation.atUs > this.#untilUs) return;
    const kept = { place: this.#place++, observation };
    keep(this.#latest, kept, MAX_OBSERVATIONS);
    if (isIncident(observation)) {
      keep(this.#incidents, kept, MAX_INCIDENTS);
    } else if (this.#isAbout(kept)) {
      keep(this.#about, kept, MAX_OBSERVATIONS);
    }
  }

  /**
   * What led there, the earliest first. When nothing named the key, as in a
   * threshold: the calls that nobody answered, or the last that went wrong, or
   * whatever came last.
   */
  observations(): Observation[] {
    const pending = [...this.#open.values()].filter((kept) => kept !== null);
    const shown = [this.#about, pending, this.#broken, this.#latest]
      .find(({ length }) => length > 0) ?? [];
    const room = MAX_OBSERVATIONS - this.#incidents.length;
    return [...new Set([...this.#incidents, ...shown.slice(-room)])]
      .sort((left, right) => left.place - right.place)
      .map(({ observation }) => observation);
  }

  #isAbout(kept: Kept): boolean {
    const { observation } = kept;
    switch (observation.kind) {
      case "called": {
        const isAbout = observation.call === this.#call ||
          this.#isNamed(observation);
        this.#open.set(observation.call, isAbout ? null : kept);
        return isAbout;
      }
      case "returned": {
        const call = this.#open.get(observation.call);
        this.#open.delete(observation.call);
        if (call === null) return true;
        if (call !== undefined && isBroken(observation)) {
          keep(this.#broken, call, MAX_OBSERVATIONS);
          keep(this.#broken, kept, MAX_OBSERVATIONS);
        }
        if (!this.#isNamed(observation.outcome)) return false;
        // Only the answer names it: what was asked belongs to it.
        if (call !== undefined) this.#insert(call);
        return true;
      }
      case "recorded":
        return this.#isNamed(observation) && this.#stage(observation);
      case "durable":
        return this.#settle(observation) || this.#isNamed(observation);
      case "mail_counted":
      case "work_counted":
        return false;
      default:
        return this.#isNamed(observation);
    }
  }

  #insert(call: Kept): void {
    keep(this.#about, call, MAX_OBSERVATIONS);
    this.#about.sort((left, right) => left.place - right.place);
  }

  #stage({ actor, sequence, event }: Recorded): true {
    const staged = this.#staged.get(actor) ?? [];
    staged.push(sequence);
    this.#staged.set(actor, staged);
    // Only what all events might have is looked at.
    this.#learn(event as unknown as Readonly<Record<string, unknown>>);
    return true;
  }

  /** What happens to an order or a hold of the key is about the key. */
  #learn(event: Readonly<Record<string, unknown>>): void {
    if (!this.#isNamed(event)) return;
    const { orderId, holdId } = event;
    if (typeof orderId === "string") this.#ids.add(orderId);
    if (typeof holdId === "string") this.#ids.add(holdId);
  }

  /** Whether events about the key became durable. */
  #settle(
    { actor, lastSequence }: Extract<Observation, { kind: "durable" }>,
  ): boolean {
    const staged = this.#staged.get(actor);
    if (staged === undefined) return false;
    const left = staged.filter((sequence) => sequence > lastSequence);
    this.#staged.set(actor, left);
    return left.length < staged.length;
  }

  #isNamed(value: unknown): boolean {
    if (hasText(value, (text) => this.#isId(text))) return true;
    return this.#words.length > 0 &&
      this.#words.every((word) =>
        hasText(value, (text) => hasWord(text, word))
      );
  }

  /** An attempt to pay is called as its order, with a number behind it. */
  #isId(text: string): boolean {
    return this.#ids.has(text) ||
      this.#ids.has(text.slice(0, Math.max(0, text.lastIndexOf("-"))));
  }
}

function keep(list: Kept[], kept: Kept, most: number): void {
  list.push(kept);
  if (list.length > most) list.shift();
}

/** What explains others. That workers start with the shop explains nothing. */
function isIncident(seen: Observation): boolean {
  if (seen.kind === "worker_started") return seen.incarnation > 1;
  return seen.kind === "worker_lost" || seen.kind === "fenced" ||
    seen.kind === "breaker_changed" || seen.kind === "rare_path_taken" ||
    seen.kind === "fault_began" || seen.kind === "fault_ended";
}

function isBroken({ outcome }: Returned): boolean {
  return outcome.kind === "failed" || outcome.kind === "unknown";
}

/** Whether any text in `value`, however deep, is such a one. */
function hasText(value: unknown, is: (text: string) => boolean): boolean {
  if (typeof value === "string") return is(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((each) => hasText(each, is));
}

/** `u1` is a word of `u1 k7` and of `u1-3`, not of `u12`. */
function hasWord(text: string, word: string): boolean {
  for (
    let at = text.indexOf(word);
    at >= 0;
    at = text.indexOf(word, at + 1)
  ) {
    if (isEdge(text, at - 1) && isEdge(text, at + word.length)) return true;
  }
  return false;
}

function isEdge(text: string, at: number): boolean {
  return !/[A-Za-z0-9]/.test(text[at] ?? "");
}

/** Observations as lines and as a diagram. */
export function excerptOf(observations: readonly Observation[]): Excerpt {
  const scenes = observations.map(describe);
  return { lines: linesOf(scenes), diagram: diagramOf(scenes) };
}

function linesOf(scenes: readonly Scene[]): string[] {
  const who = scenes.map(({ from, to }) =>
    to === null ? from : `${from} → ${to}`
  );
  const width = Math.max(0, ...who.map(({ length }) => length));
  return scenes.map(({ atUs, text }, index) => {
    const time = `${(atUs / 1_000_000).toFixed(6)}s`.padStart(14);
    return `${time}  ${who[index]!.padEnd(width)}  ${text}`;
  });
}

/** Eight columns fit on a page; whoever comes later shares the last one. */
const MAX_PARTICIPANTS = 8;
const OTHERS = "others";
/** Who stands at the left, in this order. */
const FIRST: readonly string[] = ["clients", "shop"];

function diagramOf(scenes: readonly Scene[]): string {
  const names = participantsOf(scenes);
  const idOf = (name: string) => {
    const at = names.indexOf(name);
    return `p${at < 0 ? names.length - 1 : at}`;
  };
  const all = names.length === 1 ? "p0" : `p0,p${names.length - 1}`;
  const steps = scenes.map(({ atUs, from, to, text, isForAll, arrow }) => {
    const says = isForAll ? `${from} ${text}` : text;
    const what = `${(atUs / 1_000_000).toFixed(6)}s ${plain(says)}`;
    if (isForAll) return `  Note over ${all}: ${what}`;
    if (to === null) return `  Note over ${idOf(from)}: ${what}`;
    return `  ${idOf(from)}${arrow}${idOf(to)}: ${what}`;
  });
  const columns = names.map((name, index) =>
    `  participant p${index} as ${plain(name)}`
  );
  return ["sequenceDiagram", ...columns, ...steps, ""].join("\n");
}

function participantsOf(scenes: readonly Scene[]): string[] {
  const seen = new Set(
    scenes.flatMap(({ from, to, isForAll }) =>
      isForAll ? [] : to === null ? [from] : [from, to]
    ),
  );
  const names = [
    ...FIRST.filter((name) => seen.has(name)),
    ...[...seen].filter((name) => !FIRST.includes(name)),
  ];
  // A diagram of nothing but faults has a column to write them over.
  if (names.length === 0) return ["shop"];
  if (names.length <= MAX_PARTICIPANTS) return names;
  return [...names.slice(0, MAX_PARTICIPANTS - 1), OTHERS];
}

/** Mermaid ends a statement at `;` and reads `#59;` as that sign itself. */
function plain(text: string): string {
  return text.replaceAll(/[#;\n\r<>]/g, (sign) => `#${sign.charCodeAt(0)};`);
}
