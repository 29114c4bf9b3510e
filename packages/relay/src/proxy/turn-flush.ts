import type { DatagramTransport } from "@udp-relay/adapters";

/** Flushes once for all that one turn of the event loop sent: a transport that sends in batches gets a batch. */
export class TurnFlush {
  readonly #transport: DatagramTransport;
  #waiting = false;

  constructor(transport: DatagramTransport) {
    this.#transport = transport;
  }

  soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#waiting = false;
    this.#transport.flush();
  };
}
