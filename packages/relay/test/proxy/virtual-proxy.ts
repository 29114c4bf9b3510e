import { formatEndpoint, parseEndpoint } from "@udp-relay/address-validation";
import { MemoryNetwork, type MemoryNetworkOptions, MemoryTransport } from "@udp-relay/adapters/memory";
import { SessionProxy } from "../../src/proxy/session-proxy.ts";
import type { SessionProxyOptions } from "../../src/proxy/session-proxy-options.ts";
import { transportUpstreams } from "../../src/proxy/upstream.ts";

const PROXY = "10.0.0.1:5000";
const TICK_MS = 50;

/** A client that keeps what it was sent. */
export interface VirtualClient {
  readonly received: string[];
  send(text: string): void;
}

/** A backend that answers each datagram with its name, the sender and the text. */
export class VirtualBackend {
  readonly endpoint;
  readonly received: string[] = [];
  readonly senders: Set<string> = new Set<string>();
  /** A backend that is dead takes everything and says nothing. */
  dead = false;
  readonly transport: MemoryTransport;

  constructor(network: MemoryNetwork, name: string) {
    this.endpoint = parseEndpoint(name);
    const host = name.slice(0, name.lastIndexOf(":"));
    this.transport = MemoryTransport.open(network, { host, port: this.endpoint.port });
    this.transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        if (this.dead) continue;
        const text = new TextDecoder().decode(batch.bytes(i));
        if (text !== "ping") {
          this.received.push(text);
          this.senders.add(formatEndpoint(batch.endpoint(i)));
        }
        const answer = text === "ping" ? "pong" : `${name} heard ${text}`;
        this.transport.send(new TextEncoder().encode(answer), batch.endpoint(i));
      }
    };
  }
}

/** A proxy with its clients and backends on a simulated network in virtual time; it ticks each 50 ms. */
export class VirtualProxy {
  readonly network: MemoryNetwork;
  readonly backends: VirtualBackend[];
  readonly proxy: SessionProxy;
  readonly changes: string[] = [];
  /** The proxy's own thread sleeps: no ticks, and what arrives waits. */
  asleep = false;

  constructor(
    backendNames: readonly string[],
    options: Partial<SessionProxyOptions> & { weights?: readonly number[] } = {},
    network: MemoryNetworkOptions = {},
  ) {
    this.network = new MemoryNetwork({ link: { delayMs: 5 }, ...network });
    this.backends = backendNames.map((name) => new VirtualBackend(this.network, name));
    const transport = MemoryTransport.open(this.network, { host: "10.0.0.1", port: 5_000 });
    this.proxy = new SessionProxy({
      transport,
      clock: this.network.clock,
      backends: this.backends.map(({ endpoint }, i) => ({ endpoint, weight: options.weights?.[i] ?? 1 })),
      openUpstream: transportUpstreams(() => MemoryTransport.open(this.network, { host: "10.0.0.1" })),
      maxSessions: 1_000,
      idleTimeoutMs: 10_000,
      onHealth: ({ name }, change) => {
        this.changes.push(`${this.network.clock.nowMs()} ${name} ${change}`);
      },
      ...options,
    });
    this.#tick();
  }

  client(host: string, port = 4_000): VirtualClient {
    const transport = MemoryTransport.open(this.network, { host, port });
    const received: string[] = [];
    transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const from = formatEndpoint(batch.endpoint(i));
        const text = new TextDecoder().decode(batch.bytes(i));
        received.push(from === PROXY ? text : `stranger ${from}: ${text}`);
      }
    };
    return {
      received,
      send: (text) => void transport.send(new TextEncoder().encode(text), parseEndpoint(PROXY)),
    };
  }

  advance(ms: number): void {
    this.network.clock.advance(ms);
  }

  #tick(): void {
    if (!this.asleep) this.proxy.tick();
    this.network.clock.schedule(this.network.clock.nowMs() + TICK_MS, () => this.#tick());
  }
}

export const probe = {
  payload: new TextEncoder().encode("ping"),
  expect: new TextEncoder().encode("pong"),
  intervalMs: 1_000,
};
