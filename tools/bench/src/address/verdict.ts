/** One way to judge an address against 10,000 denied prefixes: `verdict.ts ENGINE FAMILY`. */
import { BlockList, SocketAddress } from "node:net";
import { AddressPolicy, formatAddress, isIPv4 } from "@udp-relay/address-validation";
import ipaddr from "ipaddr.js";
import { measure } from "../measure.ts";
import { peers, tenThousandPrefixes } from "./peers.ts";
import type { Family } from "./peers.ts";

const [engine, family] = process.argv.slice(2);
const PEERS = 4_096;
const endpoints = peers(PEERS, family as Family);
const texts = endpoints.map(formatAddress);
const prefixes = tenThousandPrefixes();
const cidrs = prefixes.map(({ address, bits }) => `${address}/${bits}`);

if (engine === "judge" || engine === "preset") {
  const begun = performance.now();
  const policy = AddressPolicy.preset("public-only", engine === "judge" ? { deny: cidrs } : {});
  const compileMs = performance.now() - begun;
  measure(
    (iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) if (policy.judge(endpoints[i & (PEERS - 1)]!) !== 0) refused++;
      return refused;
    },
    { detail: { compileMs, tableBytes: policy.byteLength } },
  );
} else if (engine === "BlockList" || engine === "BlockList SocketAddress") {
  const list = new BlockList();
  for (const { address, bits, family: of } of prefixes) list.addSubnet(address, bits, of);
  if (engine === "BlockList") {
    const families = endpoints.map((endpoint) => (isIPv4(endpoint) ? "ipv4" : "ipv6"));
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) {
        if (list.check(texts[i & (PEERS - 1)]!, families[i & (PEERS - 1)])) refused++;
      }
      return refused;
    });
  } else {
    const addresses = endpoints.map(
      (endpoint, index) =>
        new SocketAddress({ address: texts[index]!, family: isIPv4(endpoint) ? "ipv4" : "ipv6" }),
    );
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) if (list.check(addresses[i & (PEERS - 1)]!)) refused++;
      return refused;
    });
  }
} else if (engine === "ipaddr.js") {
  // Parsed before: only matching is measured. It has no index, its users match one prefix after the other.
  const list = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  const addresses = texts.map((text) => ipaddr.parse(text));
  measure((iterations) => {
    let refused = 0;
    for (let i = 0; i < iterations; i++) {
      const address = addresses[i & (PEERS - 1)]!;
      for (const [prefix, bits] of list) {
        if (address.kind() === prefix.kind() && (address as ipaddr.IPv6).match(prefix, bits)) {
          refused++;
          break;
        }
      }
    }
    return refused;
  });
} else {
  throw new TypeError(`no engine ${engine}`);
}
