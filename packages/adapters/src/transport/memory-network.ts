import type { Endpoint } from "@udp-relay/address-validation";
import { endpointFromWords, formatEndpoint, isIPv4, parseAddress } from "@udp-relay/address-validation";
import { SimulatedLink, VirtualClock } from "@udp-relay/quality-analyzer/simulation";
import type { SimulatedLinkOptions } from "@udp-relay/quality-analyzer/simulation";
import { AdapterError } from "../adapter-error.ts";

/** What a `MemoryNetwork` is made of. */
export interface MemoryNetworkOptions {
  /** Time of the network; a new clock by default. Nothing moves until it is advanced. */
  readonly clock?: VirtualClock | undefined;
  /**
   * The path between two endpoints: options for a link of its own for each ordered pair (seeded by the pair's
   * order of appearance), or a function that gives each pair a link; pairs may share one.
   */
  readonly link?: (SimulatedLinkOptions | ((from: Endpoint, to: Endpoint) => SimulatedLink)) | undefined;
}

/** What became of datagrams that a socket sent and no socket received. */
export interface MemoryNetworkStats {
  /** Datagrams given to the network, and copies of them handed to a socket, duplicates included. */
  readonly sent: number;
  readonly arrived: number;
  /** Lost by a link or dropped by its rate limit. */
  readonly lost: number;
  /** Additional copies that links made. */
  readonly duplicated: number;
  /** Copies that arrived where no socket was bound. */
  readonly unrouted: number;
  /** Copies still on their way. sent + duplicated = arrived + lost + unrouted + inFlight. */
  readonly inFlight: number;
}

/** A socket as the network sees it. */
export interface MemorySocket {
  readonly localEndpoint: Endpoint;
  /** Whether a socket bound to `::` leaves IPv4 alone. */
  readonly ipv6Only: boolean;
  arrive(bytes: Uint8Array, from: Endpoint): void;
}

/** Sockets of one process joined by simulated links on a virtual clock. Runs are repeatable to the last event. */
export class MemoryNetwork {
  readonly clock: VirtualClock;
  readonly #link: NonNullable<MemoryNetworkOptions["link"]>;
  readonly #links = new Map<string, SimulatedLink>();
  readonly #sockets = new Map<string, MemorySocket>();
  #nextPort = 49_152;
  #sent = 0;
  #arrived = 0;
  #lost = 0;
  #duplicated = 0;
  #unrouted = 0;
  #inFlight = 0;

  constructor(options: MemoryNetworkOptions = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.#link = options.link ?? {};
  }

  /**
   * Binds a socket's address; port 0 takes a free one of the dynamic range (RFC 6335). `MemoryTransport.open` calls it.
   *
   * @throws AdapterError ERR_ADAPTER_BIND when the endpoint is taken
   */
  bind(host: string, port: number, make: (endpoint: Endpoint) => MemorySocket): void {
    const endpoint = this.#free(host, port);
    this.#sockets.set(formatEndpoint(endpoint), make(endpoint));
  }

  /** Frees a socket's address. `MemoryTransport` calls it. */
  unbind(socket: MemorySocket): void {
    const key = formatEndpoint(socket.localEndpoint);
    if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
  }

  /**
   * Takes a datagram onto the link from one endpoint to another. `bytes` must stay as they are. `MemoryTransport` calls it.
   */
  carry(bytes: Uint8Array, socket: MemorySocket, to: Endpoint): void {
    const from = sourceOf(socket.localEndpoint, to);
    const link = this.#linkBetween(from, to);
    const copies = link.send(bytes.length, this.clock.nowMs());
    this.#sent += 1;
    this.#inFlight += copies;
    if (copies === 0) this.#lost += 1;
    if (copies === 2) this.#duplicated += 1;
    for (let copy = 0; copy < copies; copy++) {
      this.clock.schedule(link.arrivalMs(copy), () => this.#arrive(bytes, from, to));
    }
  }

  /** What became of all datagrams so far. */
  stats(): MemoryNetworkStats {
    return {
      sent: this.#sent,
      arrived: this.#arrived,
      lost: this.#lost,
      duplicated: this.#duplicated,
      unrouted: this.#unrouted,
      inFlight: this.#inFlight,
    };
  }

  #arrive(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.#inFlight -= 1;
    const socket = this.#socketAt(to);
    if (socket === undefined) this.#unrouted += 1;
    else {
      this.#arrived += 1;
      socket.arrive(bytes, from);
    }
  }

  #socketAt(to: Endpoint): MemorySocket | undefined {
    const exact = this.#sockets.get(formatEndpoint(to));
    if (exact !== undefined) return exact;
    const any4 = isIPv4(to) ? this.#sockets.get(`0.0.0.0:${to.port}`) : undefined;
    if (any4 !== undefined) return any4;
    const any6 = this.#sockets.get(`[::]:${to.port}`);
    return isIPv4(to) && any6?.ipv6Only === true ? undefined : any6;
  }

  #linkBetween(from: Endpoint, to: Endpoint): SimulatedLink {
    const key = `${formatEndpoint(from)} ${formatEndpoint(to)}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const options = this.#link;
      link =
        typeof options === "function"
          ? options(from, to)
          : new SimulatedLink({ ...options, seed: (options.seed ?? 1) + this.#links.size });
      this.#links.set(key, link);
    }
    return link;
  }

  #free(host: string, port: number): Endpoint {
    if (port !== 0) {
      const endpoint = parseAddress(host, port);
      if (!this.#sockets.has(formatEndpoint(endpoint))) return endpoint;
      throw new AdapterError("ERR_ADAPTER_BIND", `${formatEndpoint(endpoint)} is taken`);
    }
    for (let tries = 0; tries < 16_384; tries++) {
      const endpoint = parseAddress(host, this.#nextPort);
      this.#nextPort = this.#nextPort === 65_535 ? 49_152 : this.#nextPort + 1;
      if (!this.#sockets.has(formatEndpoint(endpoint))) return endpoint;
    }
    throw new AdapterError("ERR_ADAPTER_BIND", `no free port at ${host}`);
  }
}

/** As on one machine: a socket bound to any address sends from the address that it sends to. */
function sourceOf(local: Endpoint, to: Endpoint): Endpoint {
  const any = local.a0 === 0 && local.a1 === 0 && local.a3 === 0 && (local.a2 === 0 || isIPv4(local));
  return any ? endpointFromWords(to.a0, to.a1, to.a2, to.a3, local.port, to.zone) : local;
}
