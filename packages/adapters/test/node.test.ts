import { NodeTransport } from "../src/transport/node.ts";
import { untilReal } from "./conformance/adapter-under-test.ts";
import { conformance } from "./conformance/suite.ts";
import { linkLocalAddress, udpPeer } from "./conformance/udp-peer.ts";

conformance({
  name: "node",
  open: (options) => NodeTransport.open({ host: "127.0.0.1", ...options }),
  peer: udpPeer,
  until: untilReal,
  datagramSockets: true,
  linkLocal: linkLocalAddress(),
});
