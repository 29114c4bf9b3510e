import type { ProxySession } from "./proxy-session.ts";
import type { Upstream, UpstreamEvents } from "./upstream.ts";

/** What a session's upstream tells the proxy. */
export interface SessionUpstreamOwner {
  fromBackend(session: ProxySession, bytes: Uint8Array): void;
  /** The session's socket could not be opened, or broke. */
  failed(session: ProxySession): void;
  /** The backend's host refused a datagram of the session's. */
  refused(session: ProxySession): void;
  /** A datagram for a session that has ended, or has another upstream by now. */
  late(): void;
  foreign(): void;
}

/** The events of one upstream of one session: one object, and no closures, since there are as many as sessions. */
export class SessionUpstream implements UpstreamEvents {
  /** Set once it is open; what the session has now may be another. */
  upstream: Upstream | undefined;
  readonly #owner: SessionUpstreamOwner;
  readonly #session: ProxySession;

  constructor(owner: SessionUpstreamOwner, session: ProxySession) {
    this.#owner = owner;
    this.#session = session;
  }

  onDatagram(bytes: Uint8Array): void {
    if (this.#isCurrent) this.#owner.fromBackend(this.#session, bytes);
    else this.#owner.late();
  }

  onForeign(): void {
    this.#owner.foreign();
  }

  onRefused(): void {
    if (this.#isCurrent) this.#owner.refused(this.#session);
  }

  onFailed(): void {
    if (this.#isCurrent) this.#owner.failed(this.#session);
  }

  get #isCurrent(): boolean {
    return this.upstream !== undefined && this.#session.upstream === this.upstream;
  }
}
