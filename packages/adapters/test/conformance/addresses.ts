import {
  endpointFromWords,
  endpointsEqual,
  formatEndpoint,
  isIPv4,
  parseEndpoint,
} from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { DropReason } from "../../src/transport/drop-reason.ts";
import { numbered } from "./adapter-under-test.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";

export function addresses(adapter: AdapterUnderTest): void {
  describe("addresses", () => {
    it("takes an IPv4 peer of a dual-stack socket for what it is", async () => {
      const from = await echo(adapter, "::", "127.0.0.1", "127.0.0.1");
      expect(isIPv4(from)).toBe(true);
      expect(formatEndpoint(from)).toBe(`127.0.0.1:${from.port}`);
    });

    it("talks IPv6", async () => {
      expect(formatEndpoint(await echo(adapter, "::1", "::1", "::1"))).toContain("[::1]:");
      expect(formatEndpoint(await echo(adapter, "::", "::1", "::1"))).toContain("[::1]:");
    });

    it.skipIf(adapter.linkLocal === undefined)("keeps the zone of a link-local peer, both ways", async () => {
      const host = adapter.linkLocal!;
      const from = await echo(adapter, host, host, host);
      expect(from.zone).toBeGreaterThan(0);
      expect(from.zone).toBeLessThan(0x8000_0000);
      expect(formatEndpoint(from)).toContain(`[${host}]:`);
    });

    it("refuses a destination of the other family and port 0", async () => {
      await using four = await adapter.open({ host: "127.0.0.1" });
      await using six = await adapter.open({ host: "::1", ipv6Only: true });
      expect(four.send(numbered(0), parseEndpoint("[::1]:9"))).toBe(DropReason.addressFamily);
      expect(six.send(numbered(0), parseEndpoint("127.0.0.1:9"))).toBe(DropReason.addressFamily);
      expect(four.send(numbered(0), endpointFromWords(0, 0, 0xffff, 0x7f000001, 0))).toBe(
        DropReason.portZero,
      );
      expect(four.stats().drops).toEqual({ addressFamily: 1, portZero: 1 });
      expect(six.stats().drops).toEqual({ addressFamily: 1 });
    });

    it("tells where it is bound", async () => {
      await using first = await adapter.open({ host: "127.0.0.1" });
      expect(formatEndpoint(first.localEndpoint)).toBe(`127.0.0.1:${first.localEndpoint.port}`);
      expect(first.localEndpoint.port).toBeGreaterThan(0);
    });
  });
}

/** A datagram to the transport and back; who it came from. */
async function echo(adapter: AdapterUnderTest, bind: string, host: string, to: string): Promise<Endpoint> {
  await using transport = await adapter.open({ host: bind });
  const peer = await adapter.peer(transport, { host, to });
  const senders: Endpoint[] = [];
  transport.onBatch = (batch) => {
    senders.push(batch.endpoint(0));
    transport.forward(batch, 0, batch.endpoint(0));
    transport.send(numbered(2), batch.endpoint(0));
  };
  peer.send(numbered(1));
  await adapter.until(
    () => peer.received.length === 2,
    `two answers over ${bind}`,
    () => transport.stats(),
  );
  expect(transport.stats().drops).toEqual({});
  expect(endpointsEqual(senders[0]!, senders[0]!)).toBe(true);
  await peer.close();
  return senders[0]!;
}
