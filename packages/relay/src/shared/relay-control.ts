import type { Region, SectionPlan } from "@udp-relay/atomics-layout";
import { add, compareExchange, load, pause, store, type Words } from "@udp-relay/atomics-layout/memory";

const SECTION = "control";
const WORDS = 16;
const MAINTENANCE = 0;
const DRAINING = 1;
const SWEEPS = 2;
const MESSAGES = 3;
/** 1 once a command has succeeded; then the next word is its tick. Together one pair. */
const COMMANDED = 4;
/** 0, or the owner in the client table that is allotting ids. */
const ALLOTTING = 6;

/** Between two questions whether whoever allots is still alive. */
const SPINS_A_LOOK = 64;

/** One success of a password command a minute: PROTOCOL 'Command'. */
const COMMAND_EVERY_MS = 60_000;

/** What the operator has told all workers. */
export class RelayControl {
  readonly #words: Words;
  readonly #at: number;
  readonly #region: Region;

  static section(): SectionPlan {
    return { name: SECTION, byteLength: WORDS * 4 };
  }

  constructor(region: Region) {
    this.#region = region;
    this.#words = region.words;
    this.#at = region.section(SECTION).byteOffset / 4;
  }

  /** No client is registered and no id changes its endpoint; existing clients are relayed. Concurrency: anywhere. */
  get maintenance(): boolean {
    return load(this.#words, this.#at + MAINTENANCE) !== 0;
  }

  set maintenance(on: boolean) {
    store(this.#words, this.#at + MAINTENANCE, on ? 1 : 0);
  }

  /** Maintenance for ever: the relay is about to end. Concurrency: anywhere. */
  get draining(): boolean {
    return load(this.#words, this.#at + DRAINING) !== 0;
  }

  set draining(on: boolean) {
    store(this.#words, this.#at + DRAINING, on ? 1 : 0);
  }

  /** Whether newcomers are refused, for either reason. Concurrency: anywhere; two atomic reads. */
  get refusesNewcomers(): boolean {
    return this.maintenance || this.draining;
  }

  /** Concurrency: anywhere; of two threads that toggle at once one does it and one undoes it. */
  toggleMaintenance(): boolean {
    for (;;) {
      const before = load(this.#words, this.#at + MAINTENANCE);
      if (compareExchange(this.#words, this.#at + MAINTENANCE, before, before ^ 1) === before)
        return before === 0;
    }
  }

  /** Asks whoever sweeps to look at every client soon. Concurrency: anywhere. */
  requestSweep(): void {
    add(this.#words, this.#at + SWEEPS, 1);
  }

  /** Requests so far, modulo 2^32. */
  get sweepRequests(): number {
    return load(this.#words, this.#at + SWEEPS);
  }

  /** Tells workers that block in their sockets that there is a message for them. Concurrency: the supervisor. */
  announceMessage(): void {
    add(this.#words, this.#at + MESSAGES, 1);
  }

  /** Announced so far, modulo 2^32. Concurrency: anywhere; one atomic read. */
  get announcedMessages(): number {
    return load(this.#words, this.#at + MESSAGES);
  }

  /**
   * Makes `owner` the only one that allots ids, until {@link leaveAllotment}.
   *
   * @returns false if a living thread did so for all of `spins` looks
   *
   * Concurrency: anywhere; never blocks. A dead owner's place is taken over once its death is declared.
   */
  enterAllotment(owner: number, isAlive: (owner: number) => boolean, spins: number): boolean {
    const at = this.#at + ALLOTTING;
    for (let spin = 0; spin <= spins; spin++) {
      const holder = compareExchange(this.#words, at, 0, owner);
      if (holder === 0) return true;
      if (spin % SPINS_A_LOOK === 0 && !isAlive(holder)) {
        if (compareExchange(this.#words, at, holder, owner) === holder) return true;
      }
      pause();
    }
    return false;
  }

  /** Concurrency: whoever {@link enterAllotment} said yes to. */
  leaveAllotment(): void {
    store(this.#words, this.#at + ALLOTTING, 0);
  }

  /**
   * Spends the minute's one command. The caller has checked the password: who does not know it spends nothing.
   *
   * @param tick now, u32 ms
   * @returns false when one succeeded less than 60 s ago
   *
   * Concurrency: anywhere; exactly one of several at once succeeds.
   */
  spendCommand(tick: number): boolean {
    const { ops } = this.#region;
    const at = (this.#at + COMMANDED) * 4;
    const commanded = ops.loadPair(at);
    const lastTick = ops.pairHigh();
    if (commanded !== 0 && (tick - lastTick) >>> 0 < COMMAND_EVERY_MS) return false;
    return ops.casPair(at, commanded, lastTick, 1, tick | 0) === 1;
  }
}
