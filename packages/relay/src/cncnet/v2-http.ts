import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import type { Clock } from "@udp-relay/clock";
import { AddressRate } from "../limits/address-rate.ts";
import { signedId } from "../protocol/cncnet-v2.ts";
import { RelayError } from "../relay-error.ts";
import type { AllotmentRefusal } from "./id-allotment.ts";

/** The part of a relay that the HTTP side of V2 needs: `Relay` is one. */
export interface V2Tunnel {
  /** New clients are refused while it is true. */
  maintenance: boolean;
  readonly clientCount: number;
  allot(count: number): readonly number[] | AllotmentRefusal | "maintenance";
}

export interface V2HttpOptions {
  readonly host: string;
  /** The number of the tunnel's UDP port. */
  readonly port: number;
  readonly maxClients: number;
  /** Of one address, whatever the path; 0 answers nobody. */
  readonly requestsPerMinute: number;
  /** Of `/maintenance/{password}`; empty: it is off. */
  readonly maintenancePassword: string;
  readonly clock: Clock;
}

const FEWEST_CLIENTS = 2;
const MOST_CLIENTS = 8;
/** What the specification tells a client that asks too often; a token comes back sooner. */
const RETRY_AFTER_SECONDS = 60;
const MAX_HEADER_BYTES = 8_192;
const MAX_CONNECTIONS = 256;
const REQUEST_TIMEOUT_MS = 5_000;
const TEXT = "text/plain; charset=utf-8";

/**
 * The HTTP side of the CnCNet V2 tunnel, on the number of its UDP port: `/request?clients=N`, `/status`, `/health` and
 * `/maintenance/{password}`. Each connection is closed after its response.
 */
export class V2Http {
  readonly #tunnel: V2Tunnel;
  readonly #server: Server;
  readonly #rate: AddressRate;
  #options: V2HttpOptions;
  #password: Buffer | undefined;

  /** @throws RelayError `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START` */
  static async listen(tunnel: V2Tunnel, options: V2HttpOptions): Promise<V2Http> {
    const http = new V2Http(tunnel, options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      // For good: what `accept` fails with later (no descriptor left) costs that connection only.
      http.#server.on("error", (cause: NodeJS.ErrnoException) => {
        reject(
          cause.code === "EADDRINUSE"
            ? new RelayError("ERR_RELAY_PORT_IN_USE", `TCP port ${port} of ${host} is in use`, { cause })
            : new RelayError("ERR_RELAY_START", `V2's HTTP side: ${cause.message}`, { cause }),
        );
      });
      http.#server.listen({ host, port, exclusive: true }, resolve);
    });
    return http;
  }

  private constructor(tunnel: V2Tunnel, options: V2HttpOptions) {
    this.#tunnel = tunnel;
    this.#options = options;
    this.#rate = new AddressRate(options.requestsPerMinute, options.clock);
    this.#password = digest(options.maintenancePassword);
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      this.#answer(request, response);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.headersTimeout = REQUEST_TIMEOUT_MS;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Another limit and password from the next request on. */
  configure(options: Pick<V2HttpOptions, "requestsPerMinute" | "maintenancePassword">): void {
    this.#options = { ...this.#options, ...options };
    this.#rate.perMinute = options.requestsPerMinute;
    this.#password = digest(options.maintenancePassword);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { remoteAddress, remotePort } = request.socket;
    if (remoteAddress === undefined || remotePort === undefined) return;
    if (!this.#rate.take(endpointFromRinfo({ address: remoteAddress, port: remotePort }))) {
      response.setHeader("Retry-After", RETRY_AFTER_SECONDS);
      reply(response, 429, "too many requests\n");
      return;
    }
    const { path, query } = target(request.url ?? "/");
    if (request.method !== "GET") reply(response, 404, "not found\n");
    else if (path === "/request") this.#request(query.get("clients"), response);
    else if (path === "/status") this.#status(response);
    else if (path === "/health") reply(response, 200, "OK");
    else if (path.startsWith("/maintenance/")) this.#maintenance(path.slice(13), response);
    else reply(response, 404, "not found\n");
  }

  #request(clients: string | null, response: ServerResponse): void {
    const count = /^\d{1,3}$/.test(clients ?? "") ? Number(clients) : 0;
    if (count < FEWEST_CLIENTS || count > MOST_CLIENTS) {
      reply(response, 400, `clients: a number from ${FEWEST_CLIENTS} to ${MOST_CLIENTS}\n`);
      return;
    }
    const ids = this.#tunnel.allot(count);
    if (typeof ids === "string") reply(response, 503, `${ids}\n`);
    else reply(response, 200, `[${ids.map(signedId).join()}]`, "application/json");
  }

  #status(response: ServerResponse): void {
    const used = this.#tunnel.clientCount;
    reply(response, 200, `${this.#options.maxClients - used} slots free.\n${used} slots in use.\n`);
  }

  /** Both sides are digests of one length, so that the time tells nothing of the password. */
  #maintenance(encoded: string, response: ServerResponse): void {
    const given = digest(decoded(encoded));
    if (this.#password === undefined || given === undefined || !timingSafeEqual(given, this.#password)) {
      reply(response, 401, "unauthorized\n");
      return;
    }
    this.#tunnel.maintenance = !this.#tunnel.maintenance;
    reply(response, 200, `maintenance ${this.#tunnel.maintenance ? "on" : "off"}\n`);
  }
}

/**
 * Path and query of a request line, of its absolute form too (RFC 9112 section 3.2). Not by `URL`, which throws on `//` and
 * takes a host for a part of the path.
 */
function target(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const [, path = "", query] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? [];
  return { path, query: new URLSearchParams(query) };
}

function digest(password: string): Buffer | undefined {
  return password === "" ? undefined : createHash("sha256").update(password, "utf8").digest();
}

/** Empty for what is no percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function reply(response: ServerResponse, status: number, body: string, type = TEXT): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    Connection: "close",
  });
  response.end(body);
}
