import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RelayError } from "../relay-error.ts";
import type { RelayLog } from "./relay-log.ts";
import { isByName, isOperator, isOverLoopback } from "./request-origin.ts";

/** Longest request that is read: the interface takes no bodies. */
const MAX_HEADER_BYTES = 8_192;
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

/** Paths, each with what answers it. A page that throws is a 500, and a line in the log. */
export type OperatorPages = Readonly<
  Record<string, (response: ServerResponse, query: URLSearchParams) => void | Promise<void>>
>;

export interface OperatorServerOptions {
  /** The setting `http`, but for `off`: a port on 127.0.0.1, or ADDRESS:PORT. */
  readonly address: string;
  readonly log: RelayLog;
  /** For everybody who reaches the address: GET and HEAD. Over loopback not by a DNS name, which may be rebound. */
  readonly pages: OperatorPages;
  /** As `pages`, but never by a DNS name: they show whose datagrams are relayed. */
  readonly addresses: OperatorPages;
  /** For requests of this machine that no web page made: POST. Their paths begin with `/admin/`. */
  readonly admin: OperatorPages;
}

/** The HTTP server that operators' tools talk to: bounded connections and requests, no bodies. */
export class OperatorServer {
  readonly #server: Server;
  readonly #options: OperatorServerOptions;

  /** @throws RelayError `ERR_RELAY_START` when the address cannot be listened on */
  static async listen(options: OperatorServerOptions): Promise<OperatorServer> {
    const http = new OperatorServer(options);
    const { host, port } = listenAddress(options.address);
    await new Promise<void>((resolve, reject) => {
      http.#server.once("error", (cause) => {
        const reason = `--http ${options.address}: cannot listen there (${cause.message})`;
        reject(new RelayError("ERR_RELAY_START", reason, { cause }));
      });
      http.#server.listen({ host, port, exclusive: true }, resolve);
    });
    return http;
  }

  private constructor(options: OperatorServerOptions) {
    this.#options = options;
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.log.error({ error: String(error), url: request.url }, "an HTTP request failed");
        if (!response.headersSent) reply(response, 500, "internal error\n");
      });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.headersTimeout = REQUEST_TIMEOUT_MS;
  }

  /** `127.0.0.1:9150`. */
  get address(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pages, addresses, admin } = this.#options;
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    const method = request.method ?? "GET";
    const isAdmin = path.startsWith("/admin/");
    const known = [admin, addresses, pages].find((some) => Object.hasOwn(some, path));
    if (known === undefined) {
      reply(response, 404, "not found\n");
      return;
    }
    if (isAdmin && !isOperator(request)) {
      reply(response, 403, "administration is for the machine itself\n");
      return;
    }
    if (isByName(request) && (known === addresses || isOverLoopback(request))) {
      reply(response, 403, "ask by IP address or localhost: a name may be a web page's, rebound to here\n");
      return;
    }
    const allowed = isAdmin ? ["POST"] : ["GET", "HEAD"];
    if (!allowed.includes(method)) {
      response.setHeader("Allow", allowed.join(", "));
      reply(response, 405, `use ${allowed[0]!}\n`);
      return;
    }
    await known[path]!(response, new URLSearchParams(query));
  }
}

export function reply(
  response: ServerResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(body);
}

export function replyJson(response: ServerResponse, body: unknown, status = 200): void {
  reply(response, status, `${JSON.stringify(body)}\n`, "application/json");
}

function listenAddress(address: string): { host: string; port: number } {
  const [, host6, host4, port = address] = /^(?:\[(.*)\]|([\d.]+)):(\d+)$/.exec(address) ?? [];
  return { host: host6 ?? host4 ?? "127.0.0.1", port: Number(port) };
}
