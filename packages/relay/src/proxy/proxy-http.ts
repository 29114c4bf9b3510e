import type { ServerResponse } from "node:http";
import { metricsPage } from "../operations/metrics-page.ts";
import { type OperatorPages, OperatorServer, reply, replyJson } from "../operations/operator-server.ts";
import type { RelayLog } from "../operations/relay-log.ts";
import type { AddressDetail } from "../operations/shown-endpoint.ts";
import type { ProxyLife } from "./proxy-life.ts";
import { proxyMetrics } from "./proxy-metrics.ts";

export interface ProxyHttpOptions {
  /** A port on 127.0.0.1, or ADDRESS:PORT. */
  readonly address: string;
  readonly addresses: AddressDetail;
  readonly log: RelayLog;
}

/**
 * What an operator's tools read of a proxy: `GET /metrics`, `/health`, `/ready`, `/clients` and `/backends`; and on a
 * loopback connection `POST /admin/maintenance/on`, `/admin/maintenance/off`, `/admin/drain`, and for one backend
 * `/admin/backend/drain?name=ADDRESS:PORT` and `/admin/backend/resume?name=ADDRESS:PORT`.
 *
 * @throws RelayError `ERR_RELAY_START` when the address cannot be listened on
 */
export function listenForOperators(
  life: ProxyLife,
  { address, addresses, log }: ProxyHttpOptions,
): Promise<OperatorServer> {
  return OperatorServer.listen({
    address,
    log,
    pages: pagesOf(life),
    addresses: addressesOf(life, addresses),
    admin: adminOf(life, log),
  });
}

const pagesOf = (life: ProxyLife): OperatorPages => ({
  "/metrics": metricsPage(proxyMetrics, () => ({ report: life.proxy.report(), phase: life.phase })),
  // The thread that answers is the one that proxies.
  "/health": (response) => {
    reply(response, 200, "OK\n");
  },
  "/ready": (response) => {
    const words =
      life.phase !== "running" ? life.phase : life.proxy.takesSessions ? "ready" : "no backend is up";
    reply(response, words === "ready" ? 200 : 503, `${words}\n`);
  },
});

const addressesOf = (life: ProxyLife, addresses: AddressDetail): OperatorPages => ({
  "/clients": async (response) => {
    replyJson(response, await life.proxy.reportSessions(addresses));
  },
  "/backends": (response) => {
    replyJson(response, life.proxy.report().backends);
  },
});

function adminOf(life: ProxyLife, log: RelayLog): OperatorPages {
  const pause = (paused: boolean, response: ServerResponse): void => {
    life.paused = paused;
    log.info({ maintenance: paused }, "maintenance was switched over HTTP");
    replyJson(response, { maintenance: paused });
  };
  const drainBackend = (draining: boolean, response: ServerResponse, query: URLSearchParams): void => {
    const name = query.get("name") ?? "";
    if (!life.proxy.drainBackend(name, draining)) {
      reply(response, 404, "there is no backend of that name; /backends lists them\n");
      return;
    }
    log.info({ backend: name, draining }, "a backend was switched over HTTP");
    replyJson(response, { backend: name, draining });
  };
  return {
    "/admin/backend/drain": (response, query) => {
      drainBackend(true, response, query);
    },
    "/admin/backend/resume": (response, query) => {
      drainBackend(false, response, query);
    },
    "/admin/maintenance/on": (response) => {
      pause(true, response);
    },
    "/admin/maintenance/off": (response) => {
      pause(false, response);
    },
    "/admin/drain": (response) => {
      log.info({ withinMs: life.drainMs }, "draining on request");
      replyJson(response, { withinMs: life.drainMs }, 202);
      // A second request would end it at once: that is for signals, whose sender sees what it does.
      if (life.phase !== "draining") life.drain();
    },
  };
}
