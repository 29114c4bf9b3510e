import { OperatorHttp, parseConfig, Relay, type RelayConfig, type RelayLog } from "@udp-relay/relay";
import { RealPeer } from "./real-peer.ts";

export const silent: RelayLog = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
const open: { close(): unknown }[] = [];

export function closeAtEnd(one: { close(): unknown }): void {
  open.push(one);
}

/** What the test has opened, the last first: for `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const one of open.splice(0).reverse()) await one.close();
}

/** A relay with its HTTP server for operators, both on loopback. */
export async function start(
  settings: Partial<Record<keyof RelayConfig, unknown>> = {},
  address = "127.0.0.1:0",
  log: RelayLog = silent,
) {
  const relay = await Relay.start(
    parseConfig({ host: "127.0.0.1", port: 0, allow: ["127.0.0.0/8"], refreshMs: 100, ...settings }),
    { log },
  );
  closeAtEnd(relay);
  let drained = false;
  const http = await OperatorHttp.listen(relay, {
    address,
    log,
    drainMs: 60_000,
    onDrained: () => (drained = true),
  });
  closeAtEnd(http);
  const base = `http://${http.address}`;
  const post = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${base}${path}`, { method: "POST", headers });
  return {
    relay,
    http,
    base,
    get: (path: string) => fetch(`${base}${path}`),
    post,
    isDrained: () => drained,
  };
}

export async function peer(relay: Relay, id: number): Promise<RealPeer> {
  const one = await RealPeer.open(id, relay.port);
  closeAtEnd(one);
  return one;
}
