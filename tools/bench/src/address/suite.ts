import { bunCase, nodeCase, rustCase } from "../case.ts";
import type { BenchSuite } from "../suite.ts";

const verdict = new URL("./verdict.ts", import.meta.url);
const sender = new URL("./sender.ts", import.meta.url);
const collections = new URL("./collections.ts", import.meta.url);

const verdicts: BenchSuite = {
  area: "address",
  title: "A verdict on an endpoint, 10,000 denied prefixes, random global peers",
  unit: "ns",
  reference: "judge, IPv4 and IPv6",
  cases: [
    nodeCase("judge, IPv4 and IPv6", verdict, { args: ["judge", "both"] }),
    nodeCase("judge, IPv4", verdict, { args: ["judge", "IPv4"] }),
    nodeCase("judge, IPv6", verdict, { args: ["judge", "IPv6"] }),
    bunCase("judge, IPv4 and IPv6, Bun", verdict, { args: ["judge", "both"] }),
    nodeCase("judge, no prefixes of one's own", verdict, { args: ["preset", "both"] }),
    nodeCase("net.BlockList.check, text", verdict, { args: ["BlockList", "both"] }),
    nodeCase("net.BlockList.check, SocketAddress", verdict, { args: ["BlockList SocketAddress", "both"] }),
    nodeCase("ipaddr.js match, one by one", verdict, { args: ["ipaddr.js", "both"] }),
    rustCase("the crate's validate_address, no prefixes", "validate-address"),
  ],
  goals: [
    { case: "judge, IPv4 and IPv6", against: "net.BlockList.check, text", atMost: 0.5 },
    { case: "judge, IPv4 and IPv6", against: "net.BlockList.check, SocketAddress", atMost: 0.5 },
  ],
  notes: [
    "Wanted of judge besides the ratios: less than 50 ns.",
    "The crate's check knows five classes and looks into no embedded address.",
  ],
};

const senders: BenchSuite = {
  area: "address",
  title: "From a dgram rinfo to an endpoint or a verdict, 1,000 clients, a fresh string a datagram",
  unit: "ns",
  reference: "judgeRinfo, cached",
  cases: [
    nodeCase("judgeRinfo, cached", sender, { args: ["verdict, cached", "IPv4"] }),
    nodeCase("judgeRinfo, cached, IPv6", sender, { args: ["verdict, cached", "IPv6"] }),
    bunCase("judgeRinfo, cached, Bun", sender, { args: ["verdict, cached", "IPv4"] }),
    nodeCase("judgeRinfo, refused, never cached", sender, { args: ["verdict, refused", "IPv4"] }),
    nodeCase("judge of a parsed address", sender, { args: ["verdict, parsed", "IPv4"] }),
    nodeCase("validateAddress", sender, { args: ["validateAddress", "IPv4"] }),
    nodeCase("endpointFromRinfo, cached", sender, { args: ["endpoint, cached", "IPv4"] }),
    nodeCase("endpointFromRinfo, cached, one port", sender, { args: ["endpoint, cached", "IPv4", "5000"] }),
    nodeCase("endpointFromRinfo, cached, IPv6", sender, { args: ["endpoint, cached", "IPv6"] }),
    nodeCase("parseAddress", sender, { args: ["endpoint, parsed", "IPv4"] }),
    nodeCase("parseAddress, IPv6", sender, { args: ["endpoint, parsed", "IPv6"] }),
    nodeCase("net.BlockList.check, registries", sender, { args: ["BlockList", "IPv4"] }),
    nodeCase("ipaddr.js process and range", sender, { args: ["ipaddr.js", "IPv4"] }),
    nodeCase("ipaddr.js process and range, IPv6", sender, { args: ["ipaddr.js", "IPv6"] }),
  ],
  goals: [
    { case: "judgeRinfo, cached", against: "net.BlockList.check, registries", atMost: 0.5 },
    { case: "judgeRinfo, cached", against: "ipaddr.js process and range", atMost: 0.1 },
    { case: "judge of a parsed address", against: "ipaddr.js process and range", atMost: 0.5 },
  ],
  notes: [
    "net.BlockList answers yes or no for one family's text; it makes no endpoint and looks into no embedded address.",
  ],
};

const garbage: BenchSuite = {
  area: "address",
  title: "Collections of the young generation during 1,000,000 calls, 10,000 prefixes",
  unit: "collections",
  reference: "formatAddress, which allocates",
  cases: [
    nodeCase("judge", collections, { args: ["judge"] }),
    nodeCase("judgeRinfo", collections, { args: ["judgeRinfo"] }),
    nodeCase("formatAddress, which allocates", collections, { args: ["format"] }),
  ],
  goals: [
    { case: "judge", against: "formatAddress, which allocates", atMost: 0 },
    { case: "judgeRinfo", against: "formatAddress, which allocates", atMost: 0 },
  ],
};

export const suites: readonly BenchSuite[] = [verdicts, senders, garbage];
