import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** A test's UDP sockets on 127.0.0.1: it opens them here, and closes them all at its end. */
export class LoopbackSockets {
  readonly #open: Socket[] = [];

  /** @returns a socket that listens on a free port */
  async open(): Promise<Socket> {
    const socket = createSocket("udp4");
    this.#open.push(socket);
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return socket;
  }

  /** Sends from a socket of its own, and resolves once `to` has handled it. */
  async send(to: Socket, bytes: Uint8Array): Promise<void> {
    const handled = once(to, "message");
    (await this.open()).send(bytes, to.address().port, "127.0.0.1");
    await handled;
  }

  close(): void {
    for (const socket of this.#open.splice(0)) socket.close();
  }
}
