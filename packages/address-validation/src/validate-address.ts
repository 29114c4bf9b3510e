import { AddressPolicy } from "./address-policy.ts";
import { findRinfo } from "./rinfo-cache.ts";

let policy: AddressPolicy | undefined;

/**
 * Whether datagrams may come from and go to `host:port`: the one-line check of crate udp-relay-core, by preset `crate`.
 * Refused are loopback, unspecified, multicast and broadcast addresses, also inside mapped, compatible, 6to4, Teredo
 * and NAT64 addresses (the crate lets those pass), port 0, and whatever is not an address or a port. Never throws.
 *
 * @param host an IP address, not a name: `1.2.3.4`, `::1`, `fe80::1%eth0`
 * @param port 0..65535
 */
export function validateAddress(host: string, port: number): boolean {
  policy ??= AddressPolicy.preset("crate");
  const endpoint = findRinfo(host, port);
  return endpoint !== undefined && policy.judge(endpoint) === 0;
}
