import { createHash, randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export type TunnelFormat = "V2" | "V3";

const PINGS = 5;
const PING_BYTES = 50;
const PONG_BYTES = 12;
const PING_WITHIN_MS = 2_000;
/** Orders given now are played so many frames later, by everybody: the time they have to arrive. */
const DELAY = 3;

/**
 * A player of a game in lockstep. Each tick it sends its latest orders to everybody, older ones with them, so that a lost
 * datagram is made good by the next; a frame is played once everybody's orders for it are there.
 */
export class GamePlayer {
  /** The next frame to play. */
  frame = 0;
  readonly format: TunnelFormat;
  readonly name: string;
  readonly id: number;
  readonly #socket: Socket;
  /** By player's id: an order for each frame. */
  readonly #orders = new Map<number, Map<number, number>>();
  #others: readonly number[] = [];
  #frames = 0;
  #world = Buffer.alloc(0);
  #onPong: (() => void) | undefined;

  static async open(
    format: TunnelFormat,
    name: string,
    id: number,
    host: string,
    port: number,
  ): Promise<GamePlayer> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.connect(port, host); // only the tunnel's own endpoint is listened to
    await once(socket, "connect");
    return new GamePlayer(format, name, id, socket);
  }

  private constructor(format: TunnelFormat, name: string, id: number, socket: Socket) {
    this.format = format;
    this.name = name;
    this.id = id;
    this.#socket = socket;
    socket.on("message", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => console.log(`${name}: ${error.message}`));
  }

  /** How CnCNet's client chooses among tunnels: cost = mean round trip in ms + 10 x loss in %. */
  async measurePath(): Promise<string> {
    const trips: number[] = [];
    for (let n = 0; n < PINGS; n++) {
      const sentMs = performance.now();
      this.#socket.send(Buffer.alloc(PING_BYTES));
      const answered = await new Promise<boolean>((resolve) => {
        const late = setTimeout(resolve, PING_WITHIN_MS, false);
        this.#onPong = () => {
          clearTimeout(late);
          resolve(true);
        };
      });
      if (answered) trips.push(performance.now() - sentMs);
    }
    const loss = 100 - (100 * trips.length) / PINGS;
    const mean = trips.reduce((sum, trip) => sum + trip, 0) / Math.max(1, trips.length);
    return `${trips.length} of ${PINGS} pings answered, ${mean.toFixed(1)} ms, cost ${Math.round(mean + 10 * loss)}`;
  }

  join(room: readonly GamePlayer[], frames: number): void {
    this.#others = room.map(({ id }) => id).filter((id) => id !== this.id);
    for (const { id } of room) this.#orders.set(id, new Map());
    this.#frames = frames;
    this.#socket.send(this.#addressed(0)); // registers with V3; says where it is to V2
  }

  /** Gives orders, sends them, and plays a frame if everybody's orders for it are there. */
  tick(): void {
    const mine = this.#orders.get(this.id)!;
    const newest = Math.min(this.frame + DELAY, this.#frames - 1);
    for (let frame = mine.size; frame <= newest; frame++) mine.set(frame, randomInt(256));
    const oldest = Math.max(0, this.frame - DELAY - 1); // the others may be as far behind as that
    const orders = Array.from({ length: newest - oldest + 1 }, (_, n) => mine.get(oldest + n)!);
    for (const other of this.#others) {
      this.#socket.send(Buffer.concat([this.#addressed(other), Buffer.from([oldest, ...orders])]));
    }
    if (this.frame < this.#frames && this.#isComplete(this.frame)) this.#play();
  }

  /** What became of the world, in eight digits. */
  get world(): string {
    return this.#world.toString("hex", 0, 4);
  }

  close(): void {
    this.#socket.close();
  }

  #isComplete(frame: number): boolean {
    return [...this.#orders.values()].every((orders) => orders.has(frame));
  }

  #play(): void {
    const hash = createHash("sha256").update(this.#world);
    for (const id of [...this.#orders.keys()].sort())
      hash.update(Buffer.from([this.#orders.get(id)!.get(this.frame)!]));
    this.#world = hash.digest();
    this.frame += 1;
  }

  #receive(bytes: Buffer): void {
    const header = this.format === "V3" ? 8 : 4;
    const sender = this.format === "V3" ? bytes.readUInt32LE(0) : bytes.readInt16BE(0);
    if (sender === 0 && bytes.length === PONG_BYTES) this.#onPong?.();
    const orders = this.#orders.get(sender);
    const [oldest, ...given] = bytes.subarray(header);
    if (orders) for (const [n, order] of given.entries()) orders.set(oldest! + n, order);
  }

  #addressed(receiver: number): Buffer {
    if (this.format === "V3") {
      const header = Buffer.alloc(8);
      header.writeUInt32LE(this.id, 0);
      header.writeUInt32LE(receiver, 4);
      return header;
    }
    const header = Buffer.alloc(4);
    header.writeInt16BE(this.id, 0);
    header.writeInt16BE(receiver, 2);
    return header;
  }
}
