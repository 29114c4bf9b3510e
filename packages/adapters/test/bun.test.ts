import { describe, expect, it } from "vitest";
import { BunTransport } from "../src/transport/bun.ts";
import { untilReal } from "./conformance/adapter-under-test.ts";
import { conformance } from "./conformance/suite.ts";
import { linkLocalAddress, udpPeer } from "./conformance/udp-peer.ts";

if ("bun" in process.versions) {
  conformance({
    name: "bun",
    open: (options) => BunTransport.open({ host: "127.0.0.1", ...options }),
    peer: udpPeer,
    until: untilReal,
    datagramSockets: true,
    linkLocal: linkLocalAddress(),
  });
} else {
  describe("bun", () => {
    it("says that it needs Bun", async () => {
      await expect(BunTransport.open()).rejects.toMatchObject({ code: "ERR_ADAPTER_UNSUPPORTED" });
    });
  });
}
