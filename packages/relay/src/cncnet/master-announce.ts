import type { RelayLog } from "../operations/relay-log.ts";

const ANNOUNCE_EVERY_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** What a master server is told. */
export interface Announcement {
  readonly version: 2 | 3;
  readonly name: string;
  readonly port: number;
  readonly clients: number;
  readonly maxClients: number;
  readonly masterPassword: string;
  readonly maintenance: boolean;
}

/** Whom a tunnel is announced to, and how. */
export interface MasterAnnounceOptions {
  /** The master server's address. */
  readonly url: string;
  /** What to tell, asked for at each announcement. */
  readonly read: () => Announcement;
  /** Told of failures; without one nobody is. */
  readonly log?: RelayLog | undefined;
  /** How requests are made and repeated; default: the platform's `fetch` and an unref'd `setInterval`. */
  readonly fetch?: ((url: URL, init: { signal: AbortSignal }) => Promise<Response>) | undefined;
  readonly repeat?: ((announce: () => void, everyMs: number) => Disposable) | undefined;
}

/**
 * Tells a master server of this tunnel at once and every 60 s. What goes wrong is logged and changes nothing else.
 * Dispose it to stop; a request under way is given up.
 */
export class MasterAnnounce implements Disposable {
  readonly #options: MasterAnnounceOptions;
  readonly #repeating: Disposable;
  readonly #stop = new AbortController();

  constructor(options: MasterAnnounceOptions) {
    this.#options = options;
    const announce = (): void => void this.announce();
    announce();
    this.#repeating = (options.repeat ?? repeated)(announce, ANNOUNCE_EVERY_MS);
  }

  /** Resolves to whether the master server took it, within 10 s; never rejects. */
  async announce(): Promise<boolean> {
    const { url, read, log, fetch = globalThis.fetch } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const response = await fetch(announceUrl(url, read()), { signal });
      await response.body?.cancel();
      if (response.ok) return true;
      log?.warn(
        { master: shown(url), status: response.status },
        "the master server refused the announcement",
      );
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        log?.warn({ master: shown(url), error: String(error) }, "the master server could not be told");
      }
    }
    return false;
  }

  [Symbol.dispose](): void {
    this.#repeating[Symbol.dispose]();
    this.#stop.abort();
  }
}

/** `GET {master}?version=…&name=…&port=…&clients=…&maxclients=…&masterpw=…&maintenance=…`. */
function announceUrl(master: string, announcement: Announcement): URL {
  const { version, name, port, clients, maxClients, masterPassword, maintenance } = announcement;
  const url = new URL(master);
  const parameters = {
    version,
    name: name.replaceAll(";", ""),
    port,
    clients,
    maxclients: maxClients,
    masterpw: masterPassword,
    maintenance: maintenance ? 1 : 0,
  };
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, String(value));
  return url;
}

/** Without the user's own parameters, which may be secret. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function repeated(announce: () => void, everyMs: number): Disposable {
  const timer = setInterval(announce, everyMs);
  timer.unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
}
