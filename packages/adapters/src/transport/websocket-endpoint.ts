import { endpointFromWords, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";

/**
 * Endpoints for peers that have no UDP endpoint, in a prefix of unique local addresses (RFC 4193) that is set
 * aside for them, so that no datagram's sender is ever taken for a WebSocket:
 *
 *     fd75:6470:<IPv4 address>:<random 32 bits>:<connection number>
 *     fd75:6471:<hash of an IPv6 /64>:<random 32 bits>:<connection number>      port 1
 *
 * The first 64 bits stand for the client's own address: limits by /64 count what they are meant to count.
 */
const FROM_IPV4 = 0xfd75_6470 | 0;
const FROM_IPV6 = 0xfd75_6471 | 0;
/** Any but 0, which nobody can be sent to. */
const WEBSOCKET_PORT = 1;

/**
 * @param remote the client's own address
 * @param random 32 random bits: nobody can name a connection that he was not told of
 * @param connection number of the connection, unique in its transport
 */
export function websocketEndpoint(remote: Endpoint, random: number, connection: number): Endpoint {
  return isIPv4(remote)
    ? endpointFromWords(FROM_IPV4, remote.a3, random, connection, WEBSOCKET_PORT)
    : endpointFromWords(FROM_IPV6, hashPrefix(remote.a0, remote.a1), random, connection, WEBSOCKET_PORT);
}

/** Whether the address lies in the prefix that is set aside for WebSockets: `fd75:6470::/31`. */
export function isWebsocketEndpoint(endpoint: Endpoint): boolean {
  return (endpoint.a0 & ~1) === FROM_IPV4;
}

/** Two rounds of the 32-bit finalizer of MurmurHash3 (Appleby), one a word. */
function hashPrefix(a0: number, a1: number): number {
  return finalize(finalize(a0) ^ a1);
}

function finalize(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85eb_ca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
