import { createSocket, type Socket } from "node:dgram";
import { SeededRandom, SimulatedLink } from "@udp-relay/quality-analyzer/simulation";
import { PING_BYTES, PONG_BYTES, V3_HEADER_BYTES } from "../protocol/cncnet-v3.ts";
import { DEMO_HEADER_BYTES } from "../protocol/demo.ts";
import type { DemoPlan, DemoRoom, PlayerReport } from "./demo-plan.ts";

/** A stamp is echoed only while it is this fresh, so that the relay's RTT holds little of the player's own pace. */
const ECHO_WITHIN_MICROS = 3_000;
const PING_RETRY_MS = 250;
/** How late a frame may be, as a share of the time between two. */
const FRAME_WANDER = 0.4;

/**
 * One simulated game client on a real socket: registers, pings until the relay has answered, then sends one
 * datagram a frame to the others of its room in turn, through its simulated uplink.
 */
export class Player {
  readonly id: number;
  readonly #room: DemoRoom;
  readonly #plan: DemoPlan;
  readonly #others: readonly number[];
  readonly #random: SeededRandom;
  readonly #link: SimulatedLink | undefined;
  readonly #socket: Socket;
  readonly #inFlight = new Set<NodeJS.Timeout>();
  readonly #originMs = performance.now();
  #frameTimer: NodeJS.Timeout | undefined;
  #frame = 0;
  #sequence = 0;
  #echo = 0;
  #echoReceivedMicros = 0;
  #sent = 0;
  #sentBytes = 0;
  #received = 0;
  #receivedBytes = 0;
  #pongs = 0;
  #onPong: (() => void) | undefined;

  constructor(id: number, room: DemoRoom, plan: DemoPlan) {
    this.id = id;
    this.#room = room;
    this.#plan = plan;
    this.#others = room.playerIds.filter((other) => other !== id);
    this.#random = new SeededRandom(plan.seed, id);
    const { uplink } = room;
    this.#link = uplink && new SimulatedLink({ ...uplink, seed: (uplink.seed ?? 1) + id });
    this.#socket = createSocket(plan.relayHost.includes(":") ? "udp6" : "udp4");
    this.#socket.on("message", (bytes) => this.#receive(bytes));
  }

  /** Resolves once the relay has answered a ping, and so has read the registration sent before it. */
  async join(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#socket.bind(0, this.#plan.relayHost.includes(":") ? "::1" : "127.0.0.1", resolve),
    );
    const registration = Buffer.alloc(V3_HEADER_BYTES);
    registration.writeUInt32LE(this.id, 0);
    await new Promise<void>((resolve) => {
      const attempt = (): void => {
        this.#put(registration);
        this.#put(Buffer.alloc(PING_BYTES));
      };
      const retry = setInterval(attempt, PING_RETRY_MS);
      this.#onPong = () => {
        clearInterval(retry);
        resolve();
      };
      attempt();
    });
  }

  play(startMs: number): void {
    const frameMs = 1000 / this.#plan.framesPerSecond;
    const offsetMs = this.#random.nextUnit() * frameMs;
    const next = (): void => {
      // A frame is never quite on time, so that no two players stay in step.
      const dueMs = startMs + offsetMs + (this.#frame + this.#random.nextUnit() * FRAME_WANDER) * frameMs;
      this.#frameTimer = setTimeout(
        () => {
          this.#sendFrame();
          this.#frame++;
          next();
        },
        Math.max(0, dueMs - performance.now()),
      );
    };
    next();
  }

  /** Stops sending; resolves when nothing of it is on its simulated way any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#frameTimer);
    while (this.#inFlight.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async close(): Promise<PlayerReport> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
    const truth = this.#link?.truth;
    return {
      id: this.id,
      room: this.#room.name,
      sent: this.#sent,
      sentBytes: this.#sentBytes,
      received: this.#received,
      receivedBytes: this.#receivedBytes,
      pongs: this.#pongs,
      link: truth
        ? {
            offered: truth.sent,
            lost: truth.lost,
            lossPerMille: Math.round((truth.lossPerMille ?? 0) * 10) / 10,
          }
        : null,
    };
  }

  get received(): number {
    return this.#received;
  }

  #micros(): number {
    return Math.round((performance.now() - this.#originMs) * 1000) >>> 0 || 1;
  }

  #sendFrame(): void {
    const stamped = this.#plan.protocol === "demo";
    const header = stamped ? DEMO_HEADER_BYTES : V3_HEADER_BYTES;
    const bytes = Buffer.alloc(header + this.#payloadBytes());
    bytes.writeUInt32LE(this.id, 0);
    bytes.writeUInt32LE(this.#others[this.#frame % this.#others.length]!, 4);
    if (stamped) {
      const micros = this.#micros();
      const fresh = this.#echo !== 0 && (micros - this.#echoReceivedMicros) >>> 0 <= ECHO_WITHIN_MICROS;
      bytes.writeUInt32LE(this.#sequence++ >>> 0, 8);
      bytes.writeUInt32LE(micros, 12);
      bytes.writeUInt32LE(fresh ? this.#echo : 0, 16);
      this.#echo = 0;
    }
    if (this.#link === undefined) {
      this.#put(bytes);
      return;
    }
    const nowMs = performance.now();
    const copies = this.#link.send(bytes.length, nowMs);
    for (let copy = 0; copy < copies; copy++) {
      const timer = setTimeout(
        () => {
          this.#inFlight.delete(timer);
          this.#put(bytes);
        },
        this.#link.arrivalMs(copy) - nowMs,
      );
      this.#inFlight.add(timer);
    }
  }

  /** Mostly orders of a few bytes, now and then a burst of units: what a real-time strategy game sends. */
  #payloadBytes(): number {
    const draw = this.#random.nextUnit();
    if (draw < 0.8) return 20 + Math.floor(this.#random.nextUnit() * 40);
    return draw < 0.98
      ? 60 + Math.floor(this.#random.nextUnit() * 140)
      : 300 + Math.floor(this.#random.nextUnit() * 200);
  }

  #put(bytes: Buffer): void {
    this.#sent++;
    this.#sentBytes += bytes.length;
    this.#socket.send(bytes, this.#plan.relayPort, this.#plan.relayHost);
  }

  #receive(bytes: Buffer): void {
    if (bytes.length === PONG_BYTES && bytes.readUInt32LE(0) === 0) {
      this.#pongs++;
      this.#onPong?.();
      this.#onPong = undefined;
      return;
    }
    this.#received++;
    this.#receivedBytes += bytes.length;
    if (this.#plan.protocol === "demo" && bytes.length >= DEMO_HEADER_BYTES) {
      this.#echo = bytes.readUInt32LE(12);
      this.#echoReceivedMicros = this.#micros();
    }
  }
}
