/** What a V2 tunnel must do with one datagram. */
export type V2Verdict =
  | { readonly kind: "nothing" }
  | { readonly kind: "answer"; readonly length: number }
  | { readonly kind: "forward"; readonly to: string };

/**
 * The V2 rules as PROTOCOL's text states them, over a plain Map and strings: nothing here is the relay's code. Sources
 * are good ones, pings are unlimited and nobody is unconfirmed.
 */
export class V2Oracle {
  readonly #slots = new Map<number, { endpoint: string | undefined; seenMs: number }>();
  maintenance = false;

  allotted(ids: readonly number[], nowMs: number): void {
    for (const id of ids) this.#slots.set((id << 16) >> 16, { endpoint: undefined, seenMs: nowMs });
  }

  get size(): number {
    return this.#slots.size;
  }

  sweep(nowMs: number): void {
    for (const [id, { seenMs }] of this.#slots) if (nowMs - seenMs >= 30_000) this.#slots.delete(id);
  }

  judge(from: string, datagram: Uint8Array, nowMs: number): V2Verdict {
    if (datagram.length < 4) return { kind: "nothing" };
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const sender = view.getInt16(0, false);
    const receiver = view.getInt16(2, false);
    if (sender === receiver && sender !== 0) return { kind: "nothing" };
    if (sender === 0 && receiver === 0)
      return datagram.length === 50 ? { kind: "answer", length: 12 } : { kind: "nothing" };
    const slot = this.#slots.get(sender);
    if (slot === undefined) return { kind: "nothing" };
    if (slot.endpoint === undefined) slot.endpoint = from;
    else if (slot.endpoint !== from) {
      if (nowMs - slot.seenMs < 30_000 || this.maintenance) return { kind: "nothing" };
      slot.endpoint = from;
    }
    slot.seenMs = nowMs;
    const to = this.#slots.get(receiver)?.endpoint;
    return to === undefined || to === from ? { kind: "nothing" } : { kind: "forward", to };
  }
}
