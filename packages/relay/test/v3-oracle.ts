import { createHash } from "node:crypto";

/**
 * What a V3 relay has to do with a datagram, as a table of the protocol's text: an independent reading of
 * 'V3 UDP', rule by rule, over plain Maps and milliseconds. It shares no code with the relay.
 */
export interface OracleOptions {
  readonly maxClients: number;
  readonly clientsPerAddress: number;
  readonly timeoutMs: number;
  /** The optional mode of 'V3 UDP': only pings of 50 bytes, registrations of 8, data of 15 with both ids. */
  readonly strict?: boolean;
  /** Commands are off without one. */
  readonly password?: string;
}

export type Verdict =
  | { readonly kind: "nothing" }
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "forward"; readonly to: string };

interface Entry {
  endpoint: string;
  lastMs: number;
}

const NOTHING: Verdict = { kind: "nothing" };
const NOBODY = 0xffff_ffff;
const COMMAND_BUDGET_MS = 60_000;

export class V3Oracle {
  readonly #options: OracleOptions;
  readonly #entries = new Map<number, Entry>();
  maintenance = false;
  /** Commands that were carried out. */
  commands = 0;
  #lastCommandMs = -Infinity;

  constructor(options: OracleOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  sweep(nowMs: number): void {
    for (const [id, entry] of this.#entries) if (this.#isOver(entry, nowMs)) this.#entries.delete(id);
  }

  judge(from: string, datagram: Uint8Array, nowMs: number): Verdict {
    if (datagram.length < 8) return NOTHING;
    const fields = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const sender = fields.getUint32(0, true);
    const receiver = fields.getUint32(4, true);
    // 1 and 3
    if (sender === 0) {
      if (receiver === NOBODY && datagram.length >= 29) this.#command(datagram, nowMs);
      const isPing = receiver === 0 && datagram.length === 50;
      return isPing ? { kind: "answer", bytes: datagram.slice(0, 12) } : NOTHING;
    }
    // 2; every source of the fuzz is a valid one.
    if (sender === receiver) return NOTHING;
    if (this.#options.strict === true) {
      if (receiver === 0 ? datagram.length !== 8 : datagram.length < 15) return NOTHING;
    }
    if (!this.#accept(sender, from, nowMs)) return NOTHING;
    // 7
    const target = this.#entries.get(receiver);
    if (receiver === 0 || target === undefined || target.endpoint === from) return NOTHING;
    return { kind: "forward", to: target.endpoint };
  }

  /** 'Command': the password before the budget of one success in 60 s; no reply. */
  #command(datagram: Uint8Array, nowMs: number): void {
    const { password } = this.#options;
    const [code = 255] = datagram.subarray(8, 9);
    if (password === undefined || code > 1) return;
    const wanted = createHash("sha1").update(password, "utf8").digest("hex");
    if (Buffer.from(datagram.subarray(9, 29)).toString("hex") !== wanted) return;
    if (nowMs - this.#lastCommandMs < COMMAND_BUDGET_MS) return;
    this.#lastCommandMs = nowMs;
    this.commands++;
    // 1 sweeps, which no datagram can tell: expired clients are gone for every rule as it is.
    if (code === 0) this.maintenance = !this.maintenance;
  }

  /** 4, 5, 6 */
  #accept(sender: number, from: string, nowMs: number): boolean {
    const known = this.#entries.get(sender);
    if (known?.endpoint === from) {
      known.lastMs = nowMs;
      return true;
    }
    if (known !== undefined) {
      if (!this.#isOver(known, nowMs) || this.maintenance || !this.#addressHasRoom(from, nowMs)) return false;
      known.endpoint = from;
      known.lastMs = nowMs;
      return true;
    }
    if (this.maintenance || !this.#addressHasRoom(from, nowMs) || !this.#tableHasRoom()) return false;
    this.#entries.set(sender, { endpoint: from, lastMs: nowMs });
    return true;
  }

  #isOver(entry: Entry, nowMs: number): boolean {
    return nowMs - entry.lastMs >= this.#options.timeoutMs;
  }

  #addressHasRoom(from: string, nowMs: number): boolean {
    const address = from.split(":")[0];
    const there = [...this.#entries].filter(([, { endpoint }]) => endpoint.split(":")[0] === address);
    if (there.length < this.#options.clientsPerAddress) return true;
    const over = there.find(([, entry]) => this.#isOver(entry, nowMs));
    if (over !== undefined) this.#entries.delete(over[0]);
    return over !== undefined;
  }

  /** The fuzz keeps the table from filling up: which client goes first is not the protocol's to say. */
  #tableHasRoom(): boolean {
    return this.#entries.size < this.#options.maxClients;
  }
}
