import type { RemoteInfo, Socket } from "node:dgram";
import type { Endpoint } from "@udp-relay/address-validation";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import { sentDatagram } from "./sent-datagram.ts";

/** Told of each datagram that passes a socket. Must not throw. */
export interface SocketListener {
  received(bytes: number, from: RemoteInfo): void;
  /** @param to undefined for a host name, which only the socket's own look-up resolves */
  sent(bytes: number, to: Endpoint | undefined): void;
  /** The socket was closed; the tap is gone from it. */
  closed?(): void;
}

/** `Socket` has an overload for each event; here the event is a value. */
interface EventSource {
  prependListener(event: string, listener: unknown): void;
  on(event: string, listener: unknown): void;
  off(event: string, listener: unknown): void;
}

type Send = (...call: unknown[]) => void;
type Method = "send" | "disconnect";

/**
 * Listens in on a `node:dgram` socket that belongs to somebody else: a listener for what arrives, and own
 * properties over `send` and `disconnect` for what leaves. Disposing takes all of that off again; if somebody
 * has wrapped `send` meanwhile, our wrapper stays in his chain and does nothing.
 */
export class SocketTap implements Disposable {
  readonly #socket: Socket;
  readonly #listener: SocketListener;
  readonly #ipv6: boolean;
  readonly #restore: (() => void)[] = [];
  #bound: boolean;
  #peer: Endpoint | undefined;
  #disposed = false;

  constructor(socket: Socket, listener: SocketListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#ipv6 = isIPv6Socket(socket);
    this.#bound = answers(() => socket.address());
    this.#peer = answers(() => socket.remoteAddress())
      ? endpointFromRinfo(socket.remoteAddress())
      : undefined;
    this.#on("message", this.#onMessage, true);
    this.#on("listening", () => (this.#bound = true));
    this.#on("connect", () => (this.#peer = endpointFromRinfo(socket.remoteAddress())));
    this.#on("close", () => {
      this[Symbol.dispose]();
      listener.closed?.();
    });
    this.#wrap("send", (call) => {
      this.#onSend(call);
    });
    this.#wrap("disconnect", () => (this.#peer = undefined));
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const restore of this.#restore) restore();
  }

  readonly #onMessage = (bytes: Uint8Array, from: RemoteInfo): void => {
    this.#listener.received(bytes.length, from);
  };

  #onSend(call: readonly unknown[]): void {
    // dgram keeps what is sent before the socket is bound, and then calls `send` again.
    if (!this.#bound) return;
    const { bytes, endpoint } = sentDatagram(call, this.#peer, this.#ipv6);
    this.#listener.sent(bytes, endpoint);
  }

  #on(event: string, listener: (...values: never[]) => unknown, first = false): void {
    const socket = this.#socket as unknown as EventSource;
    if (first) socket.prependListener(event, listener);
    else socket.on(event, listener);
    this.#restore.push(() => {
      socket.off(event, listener);
    });
  }

  /** Puts `after` behind a method, called when that returned and not when it threw. */
  #wrap(method: Method, after: (call: readonly unknown[]) => void): void {
    const socket = this.#socket as unknown as Record<Method, Send>;
    const own = Object.getOwnPropertyDescriptor(socket, method);
    const original = socket[method];
    const isDisposed = (): boolean => this.#disposed;
    const wrapper: Send = function (this: unknown, ...call) {
      original.apply(this, call);
      if (!isDisposed()) after(call);
    };
    Object.defineProperty(socket, method, {
      value: wrapper,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    this.#restore.push(() => {
      if (socket[method] !== wrapper) return;
      if (own === undefined) Reflect.deleteProperty(socket, method);
      else Object.defineProperty(socket, method, own);
    });
  }
}

function isIPv6Socket(socket: Socket): boolean {
  return (socket as unknown as { type?: string }).type === "udp6";
}

/** Whether a question about the socket's state is answered: dgram throws where it is not bound or connected. */
function answers(question: () => unknown): boolean {
  try {
    question();
    return true;
  } catch {
    return false;
  }
}
