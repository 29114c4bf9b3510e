import type { ServerResponse } from "node:http";
import { metricsPage } from "./metrics-page.ts";
import { relayMetrics } from "./openmetrics.ts";
import type { OperatedRelay } from "./operated-relay.ts";
import { type OperatorPages, OperatorServer, reply, replyJson } from "./operator-server.ts";
import type { RelayLog } from "./relay-log.ts";

/** Where operators' HTTP is served, and what draining does. */
export interface OperatorHttpOptions {
  /** The setting `http`, but for `off`. */
  readonly address: string;
  readonly log: RelayLog;
  /** How long `POST /admin/drain` lets clients stay; read when it comes. */
  readonly drainMs: number;
  /** Called once `POST /admin/drain` is done. */
  readonly onDrained: () => void;
}

/**
 * What an operator's tools talk to: `GET /metrics`, `/health`, `/ready`, and `/clients`, which no request by a DNS name
 * gets (it may be a web page's, rebound to here); and on a loopback connection `POST /admin/maintenance/on`, `/admin/maintenance/off`, `/admin/sweep` and `/admin/drain`.
 */
export class OperatorHttp implements AsyncDisposable {
  readonly #server: OperatorServer;

  /** @throws RelayError `ERR_RELAY_START` when the address cannot be listened on */
  static async listen(relay: OperatedRelay, options: OperatorHttpOptions): Promise<OperatorHttp> {
    const { address, log } = options;
    const pages = pagesOf(relay);
    const addresses = addressesOf(relay);
    const admin = adminOf(relay, options);
    return new OperatorHttp(await OperatorServer.listen({ address, log, pages, addresses, admin }));
  }

  private constructor(server: OperatorServer) {
    this.#server = server;
  }

  /** `127.0.0.1:9150`. */
  get address(): string {
    return this.#server.address;
  }

  /** Frees the port; requests under way are cut off. */
  close(): Promise<void> {
    return this.#server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const pagesOf = (relay: OperatedRelay): OperatorPages => ({
  "/metrics": metricsPage(relayMetrics, () => ({ report: relay.report(), relay })),
  "/health": (response) => {
    const stalled = relay.report().workers.filter(({ state }) => state !== "running");
    const words = stalled.map(({ index, state }) => `worker ${index} is ${state}`).join(", ");
    reply(response, stalled.length === 0 ? 200 : 503, `${words || "OK"}\n`);
  },
  "/ready": (response) => {
    const { phase, maintenance } = relay;
    const reason = phase !== "running" ? phase : maintenance ? "in maintenance" : undefined;
    reply(response, reason === undefined ? 200 : 503, `${reason ?? "ready"}\n`);
  },
});

const addressesOf = (relay: OperatedRelay): OperatorPages => ({
  "/clients": (response) => {
    replyJson(
      response,
      relay.report().clients.filter(({ live }) => live),
    );
  },
});

function adminOf(relay: OperatedRelay, options: OperatorHttpOptions): OperatorPages {
  const { log, onDrained } = options;
  const setMaintenance = (on: boolean, response: ServerResponse): void => {
    relay.maintenance = on;
    log.info({ maintenance: on }, "maintenance was switched over HTTP");
    replyJson(response, { maintenance: on });
  };
  return {
    "/admin/maintenance/on": (response) => {
      setMaintenance(true, response);
    },
    "/admin/maintenance/off": (response) => {
      setMaintenance(false, response);
    },
    "/admin/sweep": (response) => {
      const expired = relay.sweep();
      log.info({ expired }, "swept on request");
      replyJson(response, { expired });
    },
    "/admin/drain": (response) => {
      const { drainMs } = options;
      log.info({ withinMs: drainMs }, "draining on request");
      relay
        .drain(drainMs)
        .then(onDrained, (error: unknown) => log.error({ error: String(error) }, "draining failed"));
      replyJson(response, { withinMs: drainMs }, 202);
    },
  };
}
