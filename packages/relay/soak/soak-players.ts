import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { SeededRandom } from "@udp-relay/quality-analyzer/simulation";

const ADDRESSES = 25;
const PLAYERS_PER_ADDRESS = 8;
export const PLAYERS: number = ADDRESSES * PLAYERS_PER_ADDRESS;

/** One simulated client: a socket on 127.0.0.x, an id, a partner that it sends to. */
class SoakPlayer {
  received = 0;
  readonly id: number;
  readonly address: string;
  readonly socket: Socket;

  private constructor(id: number, address: string, socket: Socket) {
    this.id = id;
    this.address = address;
    this.socket = socket;
    socket.on("message", () => this.received++);
    socket.on("error", () => undefined);
  }

  static async open(id: number, address: string): Promise<SoakPlayer> {
    const socket = createSocket("udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    socket.setRecvBufferSize(1 << 20);
    return new SoakPlayer(id, address, socket);
  }
}

/**
 * 200 clients from 25 addresses, 8 each, which is the relay's limit. Neighbours are partners. A client that leaves
 * closes its socket without a word, so that its partner goes on sending to a dead peer until it has timed out; its
 * place is taken by a new id a little after.
 */
export class SoakPlayers {
  readonly #random: SeededRandom;
  readonly #port: number;
  readonly #seats: (SoakPlayer | undefined)[] = [];
  /** Who has or last had each seat. */
  readonly #ids: number[] = [];
  #nextId = 1;
  #ended = false;
  #turn = 0;
  sent = 0;
  /** What players that have left had received. */
  #receivedByLeft = 0;
  left = 0;

  constructor(seed: number, port: number) {
    this.#random = new SeededRandom(seed, 1);
    this.#port = port;
  }

  get received(): number {
    return this.#receivedByLeft + this.#seats.reduce((sum, player) => sum + (player?.received ?? 0), 0);
  }

  /** Ids of those that are there, with what they have received. */
  living(): Map<number, number> {
    return new Map(
      this.#seats.flatMap((player) => (player === undefined ? [] : [[player.id, player.received]])),
    );
  }

  async join(): Promise<void> {
    for (let seat = 0; seat < PLAYERS; seat++) await this.take(seat);
  }

  async take(seat: number): Promise<void> {
    const address = `127.0.0.${1 + Math.floor(seat / PLAYERS_PER_ADDRESS)}`;
    if (this.#ended) return;
    this.#seat(seat, await SoakPlayer.open(this.#nextId++, address));
  }

  #seat(seat: number, player: SoakPlayer): void {
    if (this.#ended) {
      player.socket.close();
      return;
    }
    this.#ids[seat] = player.id;
    this.#seats[seat] = player;
    this.#put(player, 0, 0);
  }

  /** A random player leaves without a word. Returns its seat. */
  leave(): number {
    const seat = this.#below(PLAYERS);
    const player = this.#seats[seat];
    if (player === undefined) return -1;
    this.#seats[seat] = undefined;
    this.#receivedByLeft += player.received;
    this.left++;
    player.socket.close();
    return seat;
  }

  /** Everybody who is there sends to its partner in turn, whether that is still there or not. */
  play(datagrams: number): void {
    for (let n = 0; n < datagrams;) {
      this.#turn = (this.#turn + 1) % PLAYERS;
      const player = this.#seats[this.#turn];
      if (player === undefined) continue;
      this.#put(player, this.#ids[this.#turn ^ 1] ?? 0, 20 + this.#below(100));
      n++;
    }
  }

  /** Ids below this were given to somebody. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Nobody comes any more: what the relay is asked to account for is all that was ever sent. */
  end(): void {
    this.#ended = true;
  }

  close(): void {
    this.end();
    for (const player of this.#seats) player?.socket.close();
  }

  #put(player: SoakPlayer, receiver: number, payload: number): void {
    const bytes = Buffer.alloc(8 + payload);
    bytes.writeUInt32LE(player.id, 0);
    bytes.writeUInt32LE(receiver, 4);
    // A socket that is closed in the same turn has sent less than it was given.
    player.socket.send(bytes, this.#port, "127.0.0.1", (error) => {
      if (error === null) this.sent++;
    });
  }

  #below(limit: number): number {
    return Math.floor(this.#random.nextUnit() * limit);
  }
}
