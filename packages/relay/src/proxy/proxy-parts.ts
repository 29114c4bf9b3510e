import { networkInterfaces } from "node:os";
import { AddressError, AddressPolicy, formatEndpoint, reasonName } from "@udp-relay/address-validation";
import type { Threshold } from "@udp-relay/tunnel-client";
import { RtpMeasurer } from "../measure/rtp-measurer.ts";
import type { StreamMeasurer } from "../measure/stream-measurer.ts";
import { WireguardMeasurer } from "../measure/wireguard-measurer.ts";
import { RelayError } from "../relay-error.ts";
import type { BackendSpec } from "./backend.ts";
import { DEFAULT_LOSS_PER_MILLE, type HealthOptions } from "./backend-health.ts";
import type { ProbeOptions } from "./probe.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import type { SessionProxyOptions } from "./session-proxy-options.ts";

/** Datagrams received and sent; answers of a name server with EDNS, and whatever a path of jumbo frames may carry. */
export const MAX_DATAGRAM_BYTES = 8_192;

/** Ticks in a probe's timeout. */
const TICKS_IN_A_TIMEOUT = 4;
const MAX_TICK_MS = 50;

/** How often a proxy is to be ticked. */
export function tickMsOf({ probeTimeoutMs, probeIntervalMs }: ProxyConfig): number {
  const timeoutMs = probeTimeoutMs === 0 ? probeIntervalMs / 2 : probeTimeoutMs;
  return Math.max(1, Math.min(MAX_TICK_MS, timeoutMs / TICKS_IN_A_TIMEOUT));
}

/**
 * Whose datagrams are taken; never those of the proxy itself.
 *
 * @param port that the proxy listens on
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function policyOf({ policy, allow, deny }: ProxyConfig, port: number): AddressPolicy {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address, family }) =>
      family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`,
    ),
  );
  try {
    return AddressPolicy.preset(policy, { allow, deny, own });
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new RelayError("ERR_RELAY_CONFIG", error.message, { cause: error });
  }
}

/** Clients that may share an address, each at its own limit, if nothing else is said. */
const CLIENTS_AT_AN_ADDRESS = 16;

/** How many datagrams a second may come from one address prefix; 0: no limit. */
export function prefixLimitOf({
  packetsPerSecond = 0,
  prefixPacketsPerSecond,
}: Pick<SessionProxyOptions, "packetsPerSecond" | "prefixPacketsPerSecond">): number {
  return prefixPacketsPerSecond ?? CLIENTS_AT_AN_ADDRESS * packetsPerSecond;
}

/** What reads streams; undefined for none. */
export function measurerOf({ measure, rtpClock }: ProxyConfig): StreamMeasurer | undefined {
  if (measure === "rtp") return new RtpMeasurer({ clocks: rtpClock });
  return measure === "wireguard" ? new WireguardMeasurer() : undefined;
}

export function healthOf({
  fall,
  rise,
  watchLoss,
  watchRtt,
  watchJitter,
  watchForMs: forMs,
}: ProxyConfig): HealthOptions {
  const { enter, leave } = DEFAULT_LOSS_PER_MILLE;
  const threshold = (limits: readonly [number, number]): Threshold => ({
    enter: limits[0],
    leave: limits[1],
    forMs,
  });
  const slow = watchRtt === undefined ? {} : { rttMs: threshold(watchRtt) };
  const uneven = watchJitter === undefined ? {} : { jitterMs: threshold(watchJitter) };
  return { fall, rise, lossPerMille: threshold(watchLoss ?? [enter, leave]), ...slow, ...uneven };
}

/** How backends are asked whether they live; undefined for by what passes. */
export function probeOf(config: ProxyConfig): ProbeOptions | undefined {
  const { probe, probeExpect, probeIntervalMs: intervalMs, probeTimeoutMs } = config;
  if (probe === undefined) return undefined;
  const expect = probeExpect === undefined ? {} : { expect: probeExpect };
  const timeout = probeTimeoutMs === 0 ? {} : { timeoutMs: probeTimeoutMs };
  return { payload: probe, intervalMs, ...expect, ...timeout };
}

/**
 * A backend that is this proxy would be a client of itself, and so on without end.
 *
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function refuseLoops(backends: readonly BackendSpec[], policy: AddressPolicy): void {
  for (const { endpoint } of backends) {
    if (reasonName(policy.judge(endpoint)) !== "own-endpoint") continue;
    throw new RelayError("ERR_RELAY_CONFIG", `the backend ${formatEndpoint(endpoint)} is this proxy itself`);
  }
}
