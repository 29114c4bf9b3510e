/** Stamps remembered per client; at 30 datagrams a second that is half a second of them. */
const ENTRIES = 16;
/** Sent stamp, and when it was forwarded: u32 microseconds. */
const WORDS = 2;

/**
 * When the relay forwarded which stamp to a client, so that the client's echo of it gives a round trip:
 * the time between forwarding the stamp and receiving its echo.
 */
export class EchoLog {
  readonly #words = new Uint32Array(ENTRIES * WORDS);
  #next = 0;
  #count = 0;

  forwarded(stamp: number, atMicros: number): void {
    const i = this.#next * WORDS;
    this.#words[i] = stamp;
    this.#words[i + 1] = atMicros;
    this.#next = (this.#next + 1) % ENTRIES;
    if (this.#count < ENTRIES) this.#count++;
  }

  /** Milliseconds since `stamp` was forwarded, or -1 when it is not remembered. Each stamp counts once. */
  echoed(stamp: number, nowMicros: number): number {
    for (let back = 1; back <= this.#count; back++) {
      const entry = (this.#next - back + ENTRIES) % ENTRIES;
      const i = entry * WORDS;
      if (this.#words[i] !== stamp) continue;
      const elapsedMs = ((nowMicros - this.#words[i + 1]!) >>> 0) / 1000;
      // What is older than the answered stamp will not be echoed any more, nor this one again.
      this.#count = back - 1;
      return elapsedMs;
    }
    return -1;
  }
}
