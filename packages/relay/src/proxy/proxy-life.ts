import type { OperatedProxy } from "./operated-proxy.ts";

/** How far a proxy is in its life. While it drains or is paused it takes no new sessions. */
export type ProxyPhase = "running" | "paused" | "draining";

export interface ProxyLifeOptions {
  readonly tickMs: number;
  /** How long sessions may go on for once it drains. */
  readonly drainMs: number;
  /** The end comes by itself after so long; 0: never. */
  readonly durationMs: number;
}

/** Ticks a proxy, and knows when it is to end: told to, drained, or after its time. */
export class ProxyLife implements Disposable {
  readonly proxy: OperatedProxy;
  readonly drainMs: number;
  readonly ended: Promise<void>;
  readonly #ticker: NodeJS.Timeout;
  readonly #end: () => void;
  #drainUntilMs = Infinity;
  #paused = false;

  constructor(proxy: OperatedProxy, { tickMs, drainMs, durationMs }: ProxyLifeOptions) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.proxy = proxy;
    this.drainMs = drainMs;
    this.ended = promise;
    this.#end = () => {
      resolve(undefined);
    };
    const endMs = durationMs > 0 ? performance.now() + durationMs : Infinity;
    this.#ticker = setInterval(() => {
      proxy.tick();
      const nowMs = performance.now();
      const drained = this.#isDraining && (proxy.sessions === 0 || nowMs >= this.#drainUntilMs);
      if (drained || nowMs >= endMs) this.#end();
    }, tickMs);
  }

  get phase(): ProxyPhase {
    return this.#isDraining ? "draining" : this.#paused ? "paused" : "running";
  }

  /** Settable: no new sessions while it is true. */
  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.proxy.drain(paused || this.#isDraining);
  }

  end(): void {
    this.#end();
  }

  /** No new sessions; the end comes with the last one's, or after `drainMs`; a second call ends at once. */
  drain(): void {
    if (this.#isDraining) this.#end();
    else this.#drainUntilMs = performance.now() + this.drainMs;
    this.proxy.drain();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
  }

  get #isDraining(): boolean {
    return this.#drainUntilMs < Infinity;
  }
}
