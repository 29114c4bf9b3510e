import { networkInterfaces } from "node:os";
import { AddressError, AddressPolicy } from "@udp-relay/address-validation";
import type { RelayConfig } from "../config/relay-config.ts";
import { RelayError } from "../relay-error.ts";

/**
 * Whose datagrams are taken. Every address at which this relay can be reached is refused: a datagram from there would
 * come from the relay itself.
 *
 * @throws RelayError `ERR_RELAY_CONFIG` for a prefix or an endpoint that is none
 */
export function relayPolicy(config: RelayConfig, port: number): AddressPolicy {
  try {
    return AddressPolicy.preset(config.policy, {
      allow: config.allow,
      deny: config.deny,
      peerRelays: config.peerRelays,
      own: ownEndpoints(port),
    });
  } catch (error) {
    if (error instanceof AddressError) {
      throw new RelayError("ERR_RELAY_CONFIG", error.message, { cause: error });
    }
    throw error;
  }
}

function ownEndpoints(port: number): string[] {
  if (port === 0) return [];
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return addresses.map(({ address, family }) =>
    family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`,
  );
}
