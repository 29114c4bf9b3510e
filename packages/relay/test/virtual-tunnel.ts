import { AddressPolicy, formatEndpoint, parseEndpoint } from "@udp-relay/address-validation";
import { MemoryNetwork, MemoryTransport, type MemoryTransportOptions } from "@udp-relay/adapters/memory";
import { ManualClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { type AllotmentRefusal, IdAllotment } from "../src/cncnet/id-allotment.ts";
import { CncnetV3 } from "../src/protocol/cncnet-v3.ts";
import type { Protocol } from "../src/protocol/protocol.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";
import { COUNTER_FIELDS, dropField, type RelayDropReason, Total } from "../src/tunnel/counter-fields.ts";
import { publishMeasurements } from "../src/tunnel/path-measurer.ts";
import type { OnProtocolError } from "../src/tunnel/tunnel-relay.ts";
import { type TunnelLimits, TunnelRelay } from "../src/tunnel/tunnel-relay.ts";

export interface VirtualTunnelOptions {
  readonly protocol?: Protocol;
  readonly maxClients?: number;
  readonly clientsPerPrefix?: number;
  readonly pingsPerMinute?: number;
  readonly pairPacketsPerSecond?: number;
  readonly maintenancePassword?: string;
  readonly onProtocolError?: OnProtocolError;
  /** A relay of a network that has several; by default it has its own. */
  readonly network?: MemoryNetwork;
  readonly host?: string;
  readonly peerRelays?: readonly string[];
  /** Slots that the kernel's receive buffer and batches may bring. */
  readonly transport?: Omit<MemoryTransportOptions, "host" | "port">;
}

const RELAY = "203.0.113.1";
const RELAY_PORT = 50_001;
const TIMEOUT_MS = 30_000;
const SPARE_SLOTS = 64;
const BEAT_MS = TIMEOUT_MS / 8;

/** A relay and its peers on an in-memory network; time passes only by {@link advance}. */
export class VirtualTunnel {
  readonly relay: TunnelRelay;
  readonly clients: TunnelClientTable;
  readonly clock = new ManualClock();
  readonly memory: RelayMemory;
  readonly transport: MemoryTransport;
  readonly endpoint: string;
  readonly #limits: TunnelLimits;
  readonly #network: MemoryNetwork;
  readonly #peers = new Map<string, { transport: MemoryTransport; received: Uint8Array[] }>();

  constructor(options: VirtualTunnelOptions = {}) {
    const { host = RELAY, network = new MemoryNetwork() } = options;
    this.#network = network;
    this.endpoint = host.includes(":") ? `[${host}]:${RELAY_PORT}` : `${host}:${RELAY_PORT}`;
    const transport = MemoryTransport.open(network, { host, port: RELAY_PORT, ...options.transport });
    this.transport = transport;
    const protocol: Protocol = options.protocol ?? new CncnetV3();
    this.clients = TunnelClientTable.create({
      capacity: options.maxClients ?? 200,
      timeoutMs: TIMEOUT_MS,
      key: "u32",
      ...(protocol.allotsIds !== true && { clientsPerPrefix: options.clientsPerPrefix ?? 8 }),
      workers: 1,
      batch: SPARE_SLOTS,
      ...(protocol.measures && { quality: protocol.measures }),
    });
    this.memory = RelayMemory.create({
      workers: 1,
      slots: (options.maxClients ?? 200) + SPARE_SLOTS,
      echoes: protocol.measures !== undefined,
    });
    this.#limits = {
      pingsPerMinute: options.pingsPerMinute ?? 20,
      pairPacketsPerSecond: options.pairPacketsPerSecond ?? 0,
      maintenancePassword: options.maintenancePassword ?? "",
    };
    this.relay = new TunnelRelay({
      transport,
      clients: this.clients,
      clock: this.clock,
      // The peers live in documentation ranges, which no public relay takes.
      policy: AddressPolicy.preset("public-only", {
        allow: ["198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24", "2001:db8::/32"],
        own: [this.endpoint],
        peerRelays: options.peerRelays ?? [],
      }),
      protocol,
      memory: this.memory,
      worker: 0,
      limits: this.#limits,
      onProtocolError: options.onProtocolError,
    });
  }

  /** Sends from a peer, `1.2.3.4:5678`, and lets it be relayed. */
  send(from: string, bytes: Uint8Array): void {
    this.#peer(from).transport.send(bytes, parseEndpoint(this.endpoint));
    this.#network.clock.advance(0.001);
  }

  /** New clients of a protocol whose ids are allotted, as its HTTP side makes them. */
  allot(count: number, draw?: () => number): readonly number[] | AllotmentRefusal {
    return new IdAllotment(this.clients, this.memory.control, draw === undefined ? {} : { draw }).allot(
      count,
      this.clock.update(),
    );
  }

  /** What a peer received since the last call. */
  received(at: string): Uint8Array[] {
    return this.#peer(at).received.splice(0);
  }

  /** Time passes while the relay's thread keeps up: it beats as its table's timer would. */
  advance(ms: number): void {
    for (let left = ms; left > 0; left -= BEAT_MS) {
      const step = Math.min(left, BEAT_MS);
      this.#network.clock.advance(step);
      this.clients.beat(this.clock.advance(step));
    }
  }

  set maintenance(on: boolean) {
    this.memory.control.maintenance = on;
  }

  get maintenance(): boolean {
    return this.memory.control.maintenance;
  }

  publishMeasurements(): void {
    publishMeasurements(this.clients);
  }

  get forwarded(): number {
    return this.#total(Total.forwarded);
  }

  get accountedFor(): { received: number; forwarded: number; consumed: number; dropped: number } {
    const consumed =
      this.#total(Total.registrations) + this.#total(Total.pings) + this.#total(Total.commands);
    const dropped = Object.values(this.drops).reduce((sum, n) => sum + n, 0);
    return { received: this.#total(Total.received), forwarded: this.forwarded, consumed, dropped };
  }

  #total(field: number): number {
    const totals = new Float64Array(COUNTER_FIELDS);
    this.memory.totals(0).read(totals);
    return totals[field]!;
  }

  /** Drops so far for one reason. */
  dropped(reason: RelayDropReason): number {
    return this.#total(dropField(reason));
  }

  /** Drops so far, by reason. */
  get drops(): Record<string, number> {
    return this.relay.counters.drops();
  }

  #peer(endpoint: string): { transport: MemoryTransport; received: Uint8Array[] } {
    const known = this.#peers.get(endpoint);
    if (known) return known;
    const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) ?? [];
    const received: Uint8Array[] = [];
    const transport = MemoryTransport.open(this.#network, {
      host,
      port: Number(port),
      maxDatagramBytes: 65_507,
      onBatch: (batch) => {
        for (let i = 0; i < batch.count; i++) {
          if (formatEndpoint(batch.endpoint(i)) !== this.endpoint)
            throw new Error("not from the relay's port");
          received.push(batch.bytes(i).slice());
        }
      },
    });
    const peer = { transport, received };
    this.#peers.set(endpoint, peer);
    return peer;
  }
}

/** A V3 datagram. */
export function v3(sender: number, receiver: number, payload: Uint8Array | number = 0): Uint8Array {
  const body = typeof payload === "number" ? new Uint8Array(payload).fill(0xab) : payload;
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sender, true);
  view.setUint32(4, receiver, true);
  bytes.set(body, 8);
  return bytes;
}

/** A V2 datagram. */
export function v2(sender: number, receiver: number, payload: Uint8Array | number = 0): Uint8Array {
  const body = typeof payload === "number" ? new Uint8Array(payload).fill(0xab) : payload;
  const bytes = new Uint8Array(4 + body.length);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, sender);
  view.setInt16(2, receiver);
  bytes.set(body, 4);
  return bytes;
}
