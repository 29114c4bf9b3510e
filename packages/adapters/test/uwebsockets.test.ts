import type { Endpoint } from "@udp-relay/address-validation";
import { formatAddress, formatEndpoint, isIPv4 } from "@udp-relay/address-validation";
import { afterAll, describe, expect, it } from "vitest";
import { DropReason, joinTransports } from "../src/transport/uwebsockets.ts";
import type { UWebSocketsTransport } from "../src/transport/uwebsockets.ts";
import { numbered, numberOf, pattern, untilReal } from "./conformance/adapter-under-test.ts";
import { openNative } from "./conformance/native-adapter.ts";
import { conformance } from "./conformance/suite.ts";
import { udpPeer } from "./conformance/udp-peer.ts";
import { websocketAdapter, websocketHarness } from "./conformance/websocket-adapter.ts";
import type { WebSocketHarness } from "./conformance/websocket-adapter.ts";

const folder = process.env.UDP_RELAY_UWS;

if (folder === undefined) {
  describe("uwebsockets", () => {
    it.skip("runs by `npm run test:uws`, with the real uWebSockets.js under Node 20", () => undefined);
  });
} else {
  const harness = websocketHarness(folder);
  afterAll(() => harness.close());
  conformance(websocketAdapter(harness));
  specific(harness);
}

function specific(harness: WebSocketHarness): void {
  describe("uwebsockets", () => {
    it("knows peers by connection and tells their real address", async () => {
      await using transport = await harness.open();
      const peers = [await harness.peer(transport), await harness.peer(transport)];
      const senders = await firstSenders(transport, peers);
      expect(senders[0]!.a1).toBe(senders[1]!.a1);
      expect(senders[0]!.a3).not.toBe(senders[1]!.a3);
      expect(formatEndpoint(senders[0]!)).toContain("[fd75:6470:7f00:1:");
      expect(transport.owns(senders[0]!)).toBe(true);
      expect(formatAddress(transport.remoteAddress(senders[0]!)!)).toBe("127.0.0.1");
      expect(transport.connections).toBe(2);
      await peers[0]!.close();
      await untilReal(() => transport.connections === 1, "the disconnection");
      expect(transport.send(numbered(0), senders[0]!)).toBe(DropReason.noPeer);
      // Neither a guess of the random word nor an address outside the prefix reaches the one who is left.
      expect(transport.send(numbered(0), { ...senders[1]!, a2: senders[1]!.a2 ^ 1 })).toBe(DropReason.noPeer);
      expect(transport.remoteAddress(senders[0]!)).toBe(undefined);
      expect(transport.stats().drops).toEqual({ noPeer: 2 });
    });

    it("drops text, and closes whom it does not admit or has no room for", async () => {
      const judged: string[] = [];
      let admitting = true;
      await using transport = await harness.open({
        maxConnections: 1,
        admit: (remote) => {
          judged.push(formatAddress(remote));
          return admitting;
        },
      });
      const client = await harness.connect(transport);
      client.send("text");
      await untilReal(() => transport.stats().drops.notBinary === 1, "the text");
      expect(await closeCode(await harness.connect(transport))).toBe(1013);
      client.terminate();
      await untilReal(() => transport.connections === 0, "the disconnection");
      admitting = false;
      expect(await closeCode(await harness.connect(transport))).toBe(1008);
      expect(judged).toEqual(["127.0.0.1", "127.0.0.1"]);
      expect(transport.stats().drops).toEqual({ notBinary: 1 });
    });

    it("closes its clients with 1001, and newcomers too, while the app lives on", async () => {
      const transport = await harness.open();
      const client = await harness.connect(transport);
      const code = closeCode(client);
      await transport.close();
      expect(await code).toBe(1001);
      expect(await closeCode(await harness.connect(transport))).toBe(1001);
    });

    it("lets a slow client wait within bounds, the worst class the least, and serves the others", async () => {
      await using transport = await harness.open({ maxBackpressureBytes: 64_000 });
      const slow = await harness.connect(transport);
      const quick = await harness.peer(transport);
      const arrived: number[] = [];
      slow.on("message", (bytes) => arrived.push(numberOf(bytes)));
      const [slowEndpoint, quickEndpoint] = await firstSenders(transport, [slow, quick]);
      slow.pause();
      // Fill the kernel's buffers first, by the best class, until some is dropped.
      let best = 0;
      while (transport.send(pattern(1_000, best), slowEndpoint!, 0) === 0) best += 1;
      expect(transport.stats().queueFullByClass[0]).toBe(1);
      // The share of class 7 is an eighth, of class 1 seven eighths: both are full now.
      expect(transport.send(numbered(0), slowEndpoint!, 7)).toBe(DropReason.queueFull);
      expect(transport.send(numbered(0), slowEndpoint!, 1)).toBe(DropReason.queueFull);
      expect(transport.send(numbered(7), quickEndpoint!, 7)).toBe(0);
      await untilReal(() => quick.received.length === 1, "the quick client's datagram");
      slow.resume();
      await untilReal(
        () => arrived.length === best,
        "all that was accepted",
        () => [arrived.length, best],
      );
      expect(transport.send(numbered(0), slowEndpoint!, 7)).toBe(0);
      await untilReal(() => arrived.length === best + 1, "one of class 7 after the jam");
      expect(transport.stats().drops).toEqual({ queueFull: 3 });
      slow.terminate();
      await quick.close();
    });

    it("relays between a WebSocket and a UDP client, both ways", async () => {
      const websockets = await harness.open();
      const udp = await openNative({ host: "::" });
      await using joined = joinTransports(udp, websockets);
      const browser = await harness.peer(websockets);
      const gamer = await udpPeer(udp);
      const clients: Endpoint[] = [];
      joined.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) {
          const from = batch.bytes(i)[0]!;
          clients[from] = batch.endpoint(i);
          const to = clients[1 - from];
          if (to !== undefined) joined.forward(batch, i, to);
        }
      };
      browser.send(new Uint8Array([0, 10]));
      await untilReal(() => clients[0] !== undefined, "the browser");
      gamer.send(new Uint8Array([1, 11]));
      await untilReal(() => browser.received.length === 1, "UDP to WebSocket");
      browser.send(new Uint8Array([0, 12]));
      await untilReal(() => gamer.received.length === 1, "WebSocket to UDP");
      expect([...browser.received[0]!]).toEqual([1, 11]);
      expect([...gamer.received[0]!]).toEqual([0, 12]);
      expect(isIPv4(clients[1]!)).toBe(true);
      expect(joined.stats()).toMatchObject({ receivedDatagrams: 3, drops: {} });
      await gamer.close();
      await browser.close();
    });
  });
}

/** The endpoints under which the transport sees these clients. */
async function firstSenders(
  transport: UWebSocketsTransport,
  clients: readonly { send(bytes: Uint8Array): void }[],
): Promise<Endpoint[]> {
  const senders: Endpoint[] = [];
  transport.onBatch = (batch) => {
    senders[batch.bytes(0)[0]!] = batch.endpoint(0);
  };
  for (const [n, client] of clients.entries()) client.send(new Uint8Array([n]));
  await untilReal(() => senders.filter(Boolean).length === clients.length, "the clients");
  return senders;
}

function closeCode(client: { on(event: "close", listener: (code: number) => void): void }): Promise<number> {
  return new Promise((resolve) => client.on("close", resolve));
}
