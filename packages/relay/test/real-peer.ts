import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { v3 } from "./virtual-tunnel.ts";

/** A peer on a real socket. */
export class RealPeer {
  readonly id: number;
  received = 0;
  readonly #socket: Socket;
  readonly #relayPort: number;
  /** Where the relay is for a peer of this family. */
  readonly #relay: string;

  static async open(id: number, relayPort: number, address = "127.0.0.1"): Promise<RealPeer> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    socket.setRecvBufferSize(1 << 20);
    return new RealPeer(id, relayPort, socket);
  }

  private constructor(id: number, relayPort: number, socket: Socket) {
    this.id = id;
    this.#relay = socket.address().family === "IPv6" ? "::1" : "127.0.0.1";
    this.#relayPort = relayPort;
    this.#socket = socket;
    socket.on("message", () => this.received++);
  }

  /** Resolves once the system has the datagram. */
  async send(receiver: number, payload = 20): Promise<void> {
    await this.sendBytes(v3(this.id, receiver, payload));
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    await new Promise((resolve) => {
      this.#socket.send(bytes, this.#relayPort, this.#relay, resolve);
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** Polls: what is waited for comes from other threads, processes and the kernel. */
export async function until(what: string, isSo: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
