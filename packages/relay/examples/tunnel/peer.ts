import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { echoRequest, innerPacket, repliedSequence } from "./inner-packet.ts";
import { initiate, newIdentity, RESPONSE, TRANSPORT, type Identity, type Session } from "./session.ts";

const HOST = "127.0.0.1";
const RETRY_MS = 250;

/** A peer of the tunnel: shakes hands, then pings through it. */
export class TunnelPeer {
  readonly identity: Identity = newIdentity();
  readonly name: string;
  readonly address: string;
  sent = 0;
  answered = 0;
  /** What it sent last, as somebody on the way would see it. */
  lastDatagram: Buffer = Buffer.alloc(0);
  readonly #index = randomInt(2 ** 32);
  #socket: Socket | undefined;
  #session: Session | undefined;
  #onResponse: ((response: Buffer) => void) | undefined;

  constructor(name: string, address: string) {
    this.name = name;
    this.address = address;
  }

  /** Whether the endpoint answered, of `tries` requests. */
  async connect(port: number, endpointKey: Buffer, tries = 8): Promise<boolean> {
    await this.move(port);
    for (let n = 0; n < tries && this.#session === undefined; n++) {
      const handshake = initiate(this.identity, endpointKey, this.#index);
      this.#session = await new Promise((resolve) => {
        const late = setTimeout(resolve, RETRY_MS, undefined);
        this.#onResponse = (response) => {
          clearTimeout(late);
          resolve(handshake.complete(response));
        };
        this.#socket!.send(handshake.datagram);
      });
    }
    return this.#session !== undefined;
  }

  /** Another socket, as after a change of network. */
  async move(port: number): Promise<void> {
    this.#socket?.close();
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (datagram) => this.#receive(datagram));
    this.#socket.connect(port, HOST);
    await once(this.#socket, "connect");
  }

  get port(): number {
    return this.#socket!.address().port;
  }

  /**
   * @param lost it is sealed and has its number, and is not sent
   * @param source inside the tunnel; a ping in another's name is answered by nobody, and not counted
   */
  ping(address: string, sequence: number, lost = false, source = this.address): void {
    this.lastDatagram = this.#session!.seal(echoRequest(source, address, sequence));
    if (lost) return;
    if (source === this.address) this.sent += 1;
    this.#socket!.send(this.lastDatagram);
  }

  close(): void {
    this.#socket?.close();
  }

  #receive(datagram: Buffer): void {
    if (datagram.length < 12) return;
    const type = datagram.readUInt32LE(0);
    if (type === RESPONSE) this.#onResponse?.(datagram);
    if (type !== TRANSPORT) return;
    const packet = innerPacket(this.#session?.open(datagram)?.packet ?? Buffer.alloc(0));
    if (packet !== undefined && repliedSequence(packet) !== undefined) this.answered += 1;
  }
}
