import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RelayError } from "../relay-error.ts";
import { RelayMetrics } from "./openmetrics.ts";
import type { OperatedRelay } from "./operated-relay.ts";
import type { RelayLog } from "./relay-log.ts";

/** Longest request that is read: the interface takes no bodies. */
const MAX_HEADER_BYTES = 8_192;
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

export interface OperatorHttpOptions {
  /** The setting `http`, but for `off`. */
  readonly address: string;
  readonly log: RelayLog;
  /** How long `POST /admin/drain` lets clients stay. */
  readonly drainMs: number;
  /** Called once `POST /admin/drain` is done. */
  readonly onDrained: () => void;
}

/**
 * What an operator's tools talk to: `GET /metrics`, `/health`, `/ready`, `/clients`, and on a loopback connection
 * `POST /admin/maintenance/on`, `/admin/maintenance/off`, `/admin/sweep` and `/admin/drain`.
 */
export class OperatorHttp {
  readonly #server: Server;
  readonly #relay: OperatedRelay;
  readonly #metrics: RelayMetrics;
  readonly #options: OperatorHttpOptions;

  /** @throws RelayError `ERR_RELAY_START` when the address cannot be listened on */
  static async listen(relay: OperatedRelay, options: OperatorHttpOptions): Promise<OperatorHttp> {
    const http = new OperatorHttp(relay, options);
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

  private constructor(relay: OperatedRelay, options: OperatorHttpOptions) {
    this.#relay = relay;
    this.#options = options;
    this.#metrics = new RelayMetrics(relay);
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      Promise.resolve(this.#answer(request, response)).catch((error: unknown) => {
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

  #answer(request: IncomingMessage, response: ServerResponse): void | Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0]!;
    const method = request.method ?? "GET";
    const isAdmin = path.startsWith("/admin/");
    const handler = isAdmin ? this.#admin[path] : this.#pages[path];
    if (handler === undefined) {
      reply(response, 404, "not found\n");
      return;
    }
    if (isAdmin && !isOperator(request)) {
      reply(response, 403, "administration is for the machine itself\n");
      return;
    }
    const allowed = isAdmin ? ["POST"] : ["GET", "HEAD"];
    if (!allowed.includes(method)) {
      response.setHeader("Allow", allowed.join(", "));
      reply(response, 405, `use ${allowed[0]!}\n`);
      return;
    }
    handler(response);
  }

  readonly #pages: Readonly<Record<string, (response: ServerResponse) => void | Promise<void>>> = {
    "/metrics": async (response) => {
      const page = await this.#metrics.page();
      reply(response, 200, page, this.#metrics.contentType);
    },
    "/health": (response) => {
      const stalled = this.#relay.report().workers.filter(({ state }) => state !== "running");
      if (stalled.length === 0) {
        reply(response, 200, "OK\n");
        return;
      }
      reply(
        response,
        503,
        `${stalled.map(({ index, state }) => `worker ${index} is ${state}`).join(", ")}\n`,
      );
    },
    "/ready": (response) => {
      const { phase, maintenance } = this.#relay;
      const reason = phase !== "running" ? phase : maintenance ? "in maintenance" : undefined;
      reply(response, reason === undefined ? 200 : 503, `${reason ?? "ready"}\n`);
    },
    "/clients": (response) => {
      const clients = this.#relay.report().clients.filter(({ live }) => live);
      reply(response, 200, `${JSON.stringify(clients)}\n`, "application/json");
    },
  };

  readonly #admin: Readonly<Record<string, (response: ServerResponse) => void>> = {
    "/admin/maintenance/on": (response) => this.#setMaintenance(true, response),
    "/admin/maintenance/off": (response) => this.#setMaintenance(false, response),
    "/admin/sweep": (response) => {
      const expired = this.#relay.sweep();
      this.#options.log.info({ expired }, "swept on request");
      reply(response, 200, `${JSON.stringify({ expired })}\n`, "application/json");
    },
    "/admin/drain": (response) => {
      const { drainMs, log, onDrained } = this.#options;
      log.info({ withinMs: drainMs }, "draining on request");
      this.#relay
        .drain(drainMs)
        .then(onDrained, (error: unknown) => log.error({ error: String(error) }, "draining failed"));
      reply(response, 202, `${JSON.stringify({ withinMs: drainMs })}\n`, "application/json");
    },
  };

  #setMaintenance(on: boolean, response: ServerResponse): void {
    this.#relay.maintenance = on;
    this.#options.log.info({ maintenance: on }, "maintenance was switched over HTTP");
    reply(response, 200, `${JSON.stringify({ maintenance: on })}\n`, "application/json");
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(body);
}

function listenAddress(address: string): { host: string; port: number } {
  const [, host6, host4, port = address] = /^(?:\[(.*)\]|([\d.]+)):(\d+)$/.exec(address) ?? [];
  return { host: host6 ?? host4 ?? "127.0.0.1", port: Number(port) };
}

/**
 * Whether a request comes from this machine and from no web page: a browser here would carry a page's request over
 * loopback, and says so in `Origin` or `Sec-Fetch-Site`; a name that was rebound to 127.0.0.1 shows in `Host`.
 */
function isOperator(request: IncomingMessage): boolean {
  const { origin, host = "" } = request.headers;
  const from = request.socket.remoteAddress ?? "";
  if (origin !== undefined || request.headers["sec-fetch-site"] !== undefined) return false;
  const named = host.replace(/:\d+$/, "");
  const known = named === "localhost" || named === "[::1]" || /^127(\.\d+){3}$/.test(named);
  return known && (/^(::ffff:)?127\./.test(from) || from === "::1");
}
