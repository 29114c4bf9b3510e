import type { CoarseClock } from "@udp-relay/clock";
import type { RelayConfig } from "../config/relay-config.ts";
import { Relay, type RelayOptions } from "../relay.ts";
import { RelayError } from "../relay-error.ts";
import { V2Http } from "./v2-http.ts";

/** Free UDP ports that are tried when any will do, until TCP has the same number free. */
const TRIES = 8;

/** The relay of a CnCNet V2 tunnel and its HTTP side, on one port number. */
export interface V2Tunnel {
  readonly relay: Relay;
  readonly http: V2Http;
}

/**
 * Starts a V2 tunnel: UDP and HTTP on `config.port`.
 *
 * @throws RelayError as `Relay.start`; `ERR_RELAY_PORT_IN_USE` when TCP has the port in use
 */
export async function startV2Tunnel(
  config: RelayConfig,
  clock: CoarseClock,
  options: RelayOptions = {},
): Promise<V2Tunnel> {
  for (let attempt = 1; ; attempt++) {
    const relay = await Relay.start({ ...config, protocol: "v2", protocolModule: "" }, options);
    try {
      const http = await V2Http.listen(relay, {
        host: config.host,
        port: relay.port,
        maxClients: config.maxClients,
        requestsPerMinute: config.v2RequestsPerMinute,
        maintenancePassword: config.maintenancePassword,
        clock,
      });
      return { relay, http };
    } catch (error) {
      await relay.close();
      const taken = error instanceof RelayError && error.code === "ERR_RELAY_PORT_IN_USE";
      if (!taken || config.port !== 0 || attempt === TRIES) throw error;
    }
  }
}
