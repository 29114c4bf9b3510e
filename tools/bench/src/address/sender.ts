/** One way to get from a dgram `rinfo` to an endpoint or to a verdict: `sender.ts WAY FAMILY [PORT]`. */
import { BlockList } from "node:net";
import {
  addressBlocks,
  AddressPolicy,
  endpointFromRinfo,
  parseAddress,
  validateAddress,
} from "@udp-relay/address-validation";
import ipaddr from "ipaddr.js";
import { measure } from "../measure.ts";
import { peers, senders } from "./peers.ts";
import type { Family } from "./peers.ts";

const [way, family, port] = process.argv.slice(2);
const CLIENTS = 1_000;
const rinfos = senders(peers(CLIENTS, family as Family, port === undefined ? undefined : Number(port)));
const MASK = rinfos.length - 1;

switch (way) {
  case "endpoint, cached":
    measure((iterations) => {
      let sum = 0;
      for (let i = 0; i < iterations; i++) sum = (sum + endpointFromRinfo(rinfos[i & MASK]!).a3) | 0;
      return sum;
    });
    break;
  case "endpoint, parsed":
    measure((iterations) => {
      let sum = 0;
      for (let i = 0; i < iterations; i++) {
        const rinfo = rinfos[i & MASK]!;
        sum = (sum + parseAddress(rinfo.address, rinfo.port).a3) | 0;
      }
      return sum;
    });
    break;
  case "verdict, cached": {
    const policy = AddressPolicy.preset("public-only");
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) if (policy.judgeRinfo(rinfos[i & MASK]!) !== 0) refused++;
      return refused;
    });
    break;
  }
  case "verdict, refused": {
    // Refused senders are not cached: what each datagram of a flood costs.
    const policy = AddressPolicy.preset("public-only", { deny: ["0.0.0.0/0", "::/0"] });
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) if (policy.judgeRinfo(rinfos[i & MASK]!) !== 0) refused++;
      return refused;
    });
    break;
  }
  case "verdict, parsed": {
    const policy = AddressPolicy.preset("public-only");
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) {
        const rinfo = rinfos[i & MASK]!;
        if (policy.judge(parseAddress(rinfo.address, rinfo.port)) !== 0) refused++;
      }
      return refused;
    });
    break;
  }
  case "validateAddress":
    measure((iterations) => {
      let valid = 0;
      for (let i = 0; i < iterations; i++) {
        const rinfo = rinfos[i & MASK]!;
        if (validateAddress(rinfo.address, rinfo.port)) valid++;
      }
      return valid;
    });
    break;
  case "BlockList": {
    // The registries' blocks that public-only refuses, as a relay on node:net alone would list them.
    const list = new BlockList();
    for (const { prefix, globallyReachable } of addressBlocks) {
      const [address, bits] = prefix.split("/") as [string, string];
      if (globallyReachable !== true)
        list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
    }
    const of = family === "IPv6" ? "ipv6" : "ipv4";
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) if (list.check(rinfos[i & MASK]!.address, of)) refused++;
      return refused;
    });
    break;
  }
  case "ipaddr.js":
    measure((iterations) => {
      let refused = 0;
      for (let i = 0; i < iterations; i++) {
        if (ipaddr.process(rinfos[i & MASK]!.address).range() !== "unicast") refused++;
      }
      return refused;
    });
    break;
  default:
    throw new TypeError(`no way ${way}`);
}
