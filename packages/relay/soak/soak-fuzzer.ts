import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { SeededRandom } from "@udp-relay/quality-analyzer/simulation";

const SOURCES = 8;

/** Hostile datagrams from 127.0.1.x: bytes at random, ids of living clients, pings, commands, self-addressed ones. */
export class SoakFuzzer {
  sent = 0;
  readonly #random: SeededRandom;
  readonly #port: number;
  readonly #sockets: Socket[] = [];

  constructor(seed: number, port: number) {
    this.#random = new SeededRandom(seed, 2);
    this.#port = port;
  }

  async open(): Promise<void> {
    for (let source = 1; source <= SOURCES; source++) {
      const socket = createSocket("udp4");
      socket.bind(0, `127.0.1.${source}`);
      await once(socket, "listening");
      socket.on("error", () => undefined);
      this.#sockets.push(socket);
    }
  }

  /** @param ids ids below this may be a living client's: what is sent in their names has to be refused */
  send(datagrams: number, ids: number): void {
    for (let n = 0; n < datagrams; n++) {
      const bytes = Buffer.alloc([0, 3, 7, 8, 29, 50, this.#below(200), 1_400, 4_000][this.#below(9)]!);
      for (let i = 0; i < bytes.length; i++) bytes[i] = this.#below(256);
      if (bytes.length >= 8 && this.#below(3) > 0) {
        const id = (): number => [0, 0xffff_ffff, 1 + this.#below(ids - 1)][this.#below(3)]!;
        bytes.writeUInt32LE(id(), 0);
        bytes.writeUInt32LE(this.#below(2) * 0xffff_ffff, 4);
      }
      this.#sockets[n % SOURCES]!.send(bytes, this.#port, "127.0.0.1", (error) => {
        if (error === null) this.sent++;
      });
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #below(limit: number): number {
    return Math.floor(this.#random.nextUnit() * limit);
  }
}
