/**
 * A thread as the simulator has it: a commit domain, its links, and a core that
 * takes time for each message. The domain, the links and all actors are those
 * of the live shop; only what drives them is different.
 *
 * A step happens at the moment it begins, and what it leads to leaves when its
 * service time is over; until then the core is busy. So mailboxes fill, batches
 * grow and latency rises as they would.
 *
 * @module
 */
import type { Message } from "../actors/runtime/actor.ts";
import { Domain } from "../actors/runtime/domain.ts";
import { Envelope } from "../actors/runtime/envelope.ts";
import { failed, unknown } from "../actors/runtime/outcome.ts";
import { stableHash } from "../actors/runtime/random.ts";
import { heed, LINK, TAKES_NO_MORE } from "../cluster/farewell.ts";
import type { Batch, Received } from "../cluster/link.ts";
import { clockOf, type ThreadClock } from "./clock.ts";
import { Cores, Processor } from "./cores.ts";
import { CountedLink, framesIn, type Line } from "./counted_link.ts";
import { CountedMail } from "./counted_mail.ts";
import type { MailboxCount } from "./observation.ts";
import type { Act, Scheduler } from "./scheduler.ts";
import { Slowness } from "./slowness.ts";
import { LATE_FLUSH_US, RETRY_AFTER_MS } from "./thread_costs.ts";
import type { GatewayModel, ThreadOptions } from "./thread_options.ts";

/** A simulated thread. See the module's text. */
export class Thread {
  readonly name: string;
  readonly domain: Domain;
  readonly #options: ThreadOptions;
  readonly #scheduler: Scheduler;
  readonly #clock: ThreadClock;
  readonly #slowness: Slowness;
  readonly #links = new Map<string, CountedLink>();
  /** The same, as they are flushed: nothing is done as often as that. */
  #inOrder: readonly { readonly peer: string; readonly link: CountedLink }[] =
    [];
  /** Hashes of message kinds. */
  readonly #facts = new Map<string, number>();
  /** Its next turn, and its links' next flush. */
  readonly #go: Act;
  readonly #flush: Act;
  readonly #mail = new CountedMail();
  #isAlive = true;
  readonly #processor: Processor;
  #turnAtUs = Infinity;
  #turn = -1;
  #flushAtUs = 0;
  /** What the steps of the present turn take. */
  #serviceUs = 0;
  /** Nothing runs until then: the fault `hang`. */
  #hangsUntilUs = 0;
  /** Nothing leaves until then either: its process was stopped. */
  #frozenUntilUs = 0;
  /** When the lease of its domain ends, on its own clock; see `Turns`. */
  #validUntilMs = Infinity;
  #refuses = false;

  constructor(options: ThreadOptions) {
    const { scheduler, domain, observe } = options;
    this.#options = options;
    this.#scheduler = scheduler;
    this.name = domain.name;
    const label = stableHash(`${domain.name} ${domain.incarnation}`);
    this.#go = { label, run: () => this.#turnNow() };
    this.#flush = { label: label ^ 1, run: () => this.#flushNow() };
    this.#clock = clockOf(scheduler, options);
    this.#slowness = options.slowness ?? new Slowness();
    this.#processor = options.processor ?? new Processor(new Cores(null));
    this.domain = new Domain({
      ...domain,
      clock: this.#clock,
      transmit: (envelope) => this.#transmit(envelope),
      wake: () => this.#turnSoon(),
      stepsPerRun: options.stepsPerTurn ?? 1,
      freeze: true,
      observer: {
        mailOf: this.#mail.mailOf,
        stepped: (actor, message, outcome, sequence, epoch) => {
          scheduler.messages++;
          this.#takeTime(actor, message.kind);
          scheduler.mix(this.#factOf(message.kind) ^ sequence);
          if (outcome === null) return;
          const kind = "decided";
          const atUs = scheduler.nowUs;
          observe({ kind, atUs, actor, message, outcome, sequence, epoch });
        },
        recorded: (actor, epoch, sequence, event) => {
          const atUs = scheduler.nowUs;
          observe({ kind: "recorded", atUs, actor, epoch, sequence, event });
        },
      },
    });
  }

  /** False once its power has gone. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Links this thread with another one, and counts on `line`. */
  connect(peer: string, line: Line): void {
    this.disconnect(peer);
    const link = new CountedLink(
      line,
      (frame) => this.#fail(frame.from, frame.to, frame.ask, "expired"),
    );
    if (this.#refuses) this.#say(link, TAKES_NO_MORE);
    this.#links.set(peer, link);
    this.#inOrder = [...this.#inOrder, { peer, link }];
    const { locate } = this.#options;
    this.domain.noteReachable((to) => locate(to) === peer);
  }

  /** Ends the link to a thread that is gone. */
  disconnect(peer: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#links.delete(peer);
    this.#inOrder = this.#inOrder.filter((each) => each.link !== link);
    for (const { to, from, ask } of link.close()) {
      this.#fail(from, to, ask, "unavailable");
    }
    const { locate } = this.#options;
    this.domain.settleLost(
      (to) => locate(to) === peer,
      unknown(RETRY_AFTER_MS),
    );
  }

  /** Takes a batch of a peer; `broken` when it cannot. */
  receive(peer: string, batch: Batch): Received {
    const link = this.#links.get(peer);
    if (!this.#isAlive || link === undefined) return "broken";
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#validUntilMs) {
      this.domain.loseLease();
      return "broken";
    }
    const received = link.receive(
      batch,
      nowMs,
      (to, from, ask, deadlineMs, content, chain) => {
        this.#scheduler.messages++;
        const envelope = new Envelope(
          to,
          from,
          ask,
          deadlineMs,
          content,
          chain,
        );
        if (ask === 0 && to === LINK) return this.#heed(link, content);
        if (ask >= 0 && this.#refuses) return this.#refuse(envelope);
        const gateway = ask < 0 ? undefined : this.#options.gateways.get(to);
        if (gateway === undefined) this.domain.deliver(envelope);
        else this.#serve(gateway, envelope);
      },
    );
    this.#occupyFor(batch);
    this.#turnSoon();
    return received;
  }

  /** Ends it: whatever it was doing never happened to anybody else. */
  lose(): void {
    this.#isAlive = false;
    this.#scheduler.cancel(this.#turn);
  }

  /** Does nothing for a while, as a thread in a long loop. */
  hang(forUs: number): void {
    this.#hangsUntilUs = this.#scheduler.nowUs + forUs;
  }

  /** Does nothing and sends nothing for a while: its process was stopped. */
  freeze(forUs: number): void {
    this.hang(forUs);
    this.#frozenUntilUs = this.#hangsUntilUs;
  }

  /** Ends that at once. */
  thaw(): void {
    this.freeze(0);
    this.#turnSoon();
    this.#flushAt(this.#scheduler.nowUs + 1);
  }

  /** From that moment of its own clock on nothing leaves; see `Turns`. */
  setValidUntil(atMs: number): void {
    this.#validUntilMs = atMs;
  }

  /** What is asked from now on fails, as by a domain that is gone. */
  refuse(): void {
    this.#refuses = true;
    for (const link of this.#links.values()) this.#say(link, TAKES_NO_MORE);
  }

  /** What became of its actors' mail; each lane holds `lane` at most. */
  mailboxes(lane: number): MailboxCount[] {
    return this.#mail.of(this.domain.report(), lane);
  }

  /** It refuses, and its peers and itself owe one another nothing any more. */
  get isQuiet(): boolean {
    if (!this.#refuses || this.domain.asksUnderWay > 0) return false;
    return this.#links.values().every(({ farewell, isQuiet }) =>
      farewell.sendsNoMore && isQuiet
    );
  }

  /** Ends all links of a thread that is gone. */
  disconnectAll(): void {
    for (const peer of [...this.#links.keys()]) this.disconnect(peer);
  }

  /** Runs soon, because somebody outside its turns gave it work. */
  poke(): void {
    this.#turnSoon();
  }

  /** Keeps its core for something else; gives when that is done. */
  occupy(workUs: number): number {
    const { nowUs } = this.#scheduler;
    if (workUs === 0) return Math.max(nowUs, this.#processor.busyUntilUs);
    const fromUs = Math.max(nowUs, this.#hangsUntilUs);
    const slowedUs = Math.round(workUs * this.#slowness.factor);
    return this.#processor.work(fromUs, slowedUs);
  }

  /** As `occupy`; acts when it is done, and never once it is gone. */
  work(workUs: number, act: () => void): void {
    if (workUs === 0) return act();
    this.#scheduler.at(this.occupy(workUs), this.#go.label ^ 2, () => {
      if (this.#isAlive) act();
    });
  }

  /** What a step with such a message puts into the trace. */
  #factOf(kind: string): number {
    let fact = this.#facts.get(kind);
    if (fact === undefined) this.#facts.set(kind, fact = stableHash(kind));
    return fact;
  }

  /** Frames that wait for their link. */
  get waitingFrames(): number {
    let frames = 0;
    for (const link of this.#links.values()) frames += link.waiting;
    return frames;
  }

  #turnSoon(): void {
    const atUs = Math.max(
      this.#scheduler.nowUs,
      this.#processor.busyUntilUs,
      this.#hangsUntilUs,
    );
    this.#turnAt(atUs);
  }

  #turnAt(atUs: number): void {
    if (atUs >= this.#turnAtUs || !this.#isAlive) return;
    if (this.#turnAtUs !== Infinity) this.#scheduler.cancel(this.#turn);
    this.#turnAtUs = atUs;
    this.#turn = this.#scheduler.again(atUs, this.#go);
  }

  /** One go: a step, and the links when the core has nothing else to do. */
  #turnNow(): void {
    this.#turnAtUs = Infinity;
    if (!this.#isAlive) return;
    const { nowUs } = this.#scheduler;
    // What it was given meanwhile does not put it off: it is done before its
    // outputs leave.
    if (this.#hangsUntilUs > nowUs) return this.#turnSoon();
    this.#serviceUs = 0;
    const nextMs = this.domain.run();
    if (!this.#isAlive) return;
    if (this.#clock.monotonicMs() >= this.#validUntilMs) {
      return this.domain.loseLease();
    }
    this.occupy(this.#serviceUs);
    if (nextMs === 0) {
      this.#turnAt(this.#processor.busyUntilUs);
      if (!this.#options.buggify?.fires("link.batch_of_one")) return;
    } else if (nextMs !== Infinity) {
      const atUs = this.#clock.momentOf(nextMs);
      this.#turnAt(Math.max(atUs, this.#processor.busyUntilUs));
    }
    this.#flushAt(this.#processor.busyUntilUs);
  }

  /** An actor has taken a step; its core is busy with it after those before. */
  #takeTime(actor: string, kind: string): void {
    const { serviceUs, traced } = this.#options;
    const before = this.#serviceUs;
    this.#serviceUs += serviceUs(actor, kind);
    if (traced === undefined) return;
    const atUs = (serviceUs: number) =>
      this.#scheduler.nowUs + Math.round(serviceUs * this.#slowness.factor);
    traced(actor, kind, atUs(before), atUs(this.#serviceUs));
  }

  #flushAt(atUs: number): void {
    if (atUs <= this.#scheduler.nowUs) return this.#flushNow();
    // One that comes earlier or then takes along what is sent meanwhile.
    if (this.#flushAtUs <= atUs && this.#flushAtUs > this.#scheduler.nowUs) {
      return;
    }
    this.#flushAtUs = atUs;
    this.#scheduler.again(atUs, this.#flush);
  }

  #flushNow(): void {
    if (!this.#isAlive) return;
    if (this.#options.buggify?.fires("link.late_flush")) {
      return this.#flushAt(this.#scheduler.nowUs + LATE_FLUSH_US);
    }
    const { nowUs } = this.#scheduler;
    if (this.#frozenUntilUs > nowUs) return this.#flushAt(this.#frozenUntilUs);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#validUntilMs) return this.domain.loseLease();
    const links = this.#inOrder;
    for (let index = 0; index < links.length; index++) {
      const { peer, link } = links[index]!;
      const batch = link.flush(nowMs);
      if (batch === null) continue;
      this.#occupyFor(batch);
      this.#options.carry(this, peer, batch);
    }
  }

  /** It is written or read, as text. */
  #occupyFor(batch: Batch): void {
    const { batchUs } = this.#options;
    if (batchUs !== undefined) this.occupy(batchUs(framesIn(batch)));
  }

  #transmit(envelope: Envelope): "queued" | "full" | "gone" {
    const { to, from, ask, deadlineMs, content, chain } = envelope;
    const gateway = this.#options.gateways.get(to);
    if (gateway !== undefined) return this.#serve(gateway, envelope);
    const home = this.#options.locate(to);
    const link = home === undefined ? undefined : this.#links.get(home);
    if (link === undefined) return "gone";
    if (link.farewell.takesNoMore && ask >= 0) return "gone";
    const room = link.send(to, from, ask, deadlineMs, content, chain);
    this.#flushAt(
      Math.max(this.#processor.busyUntilUs, this.#scheduler.nowUs + 1),
    );
    return room;
  }

  #say(link: CountedLink, word: { readonly kind: string }): void {
    link.send(LINK, this.name, 0, 0, word);
    this.#flushAt(
      Math.max(this.#processor.busyUntilUs, this.#scheduler.nowUs + 1),
    );
  }

  #heed(link: CountedLink, content: unknown): void {
    const answer = heed(link.farewell, content);
    if (answer !== null) this.#say(link, answer);
  }

  #refuse({ from, to, ask }: Envelope): void {
    if (ask === 0) return;
    const outcome = failed("unavailable", RETRY_AFTER_MS);
    this.#transmit(new Envelope(from, to, -ask, 0, outcome));
  }

  #serve(gateway: GatewayModel, envelope: Envelope): "queued" {
    const { to, from, ask, content } = envelope;
    let isOpen = true;
    gateway(content as Message, (outcome) => {
      if (ask <= 0 || !this.#isAlive || !isOpen) return;
      isOpen = false;
      const answer = new Envelope(from, to, -ask, 0, outcome);
      if (this.#options.locate(from) === this.name) this.domain.deliver(answer);
      else this.#transmit(answer);
    });
    return "queued";
  }

  #fail(
    from: string,
    to: string,
    ask: number,
    code: "expired" | "unavailable",
  ): void {
    if (ask <= 0) return;
    const outcome = failed(code, RETRY_AFTER_MS);
    this.domain.deliver(new Envelope(from, to, -ask, 0, outcome));
  }
}
