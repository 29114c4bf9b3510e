import { createSocket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { LinuxSockets } from "../src/transport/linux.ts";
import { numbered, pattern, untilReal } from "./conformance/adapter-under-test.ts";
import { udpPeer } from "./conformance/udp-peer.ts";
import { onBun } from "./conformance/native-adapter.ts";
import { freePort } from "./free-port.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";

const STALL_MS = 60;

describe.skipIf(!linuxHere)("what the kernel tells", () => {
  it("is how many datagrams it dropped: sent = received + drops", async () => {
    await using transport = await openLinux({ receiveBufferBytes: 16_384 });
    const peer = await udpPeer(transport);
    let received = 0;
    transport.onBatch = (batch) => (received += batch.count);
    expect(transport.stats().receiveBufferBytes).toBe(32_768);
    const sent = 3_000;
    for (let n = 0; n < sent; n++) peer.send(pattern(128, n));
    await untilReal(
      () => received + (transport.stats().drops.kernelReceive ?? 0) === sent,
      "every datagram",
      () => transport.stats(),
    );
    expect(transport.stats().drops.kernelReceive).toBeGreaterThan(2_000);
    await transport.close();
    expect(transport.stats().drops).toEqual({ kernelReceive: sent - received });
    await peer.close();
  });

  it("tells the drops of sockets on one port apart", async () => {
    const port = await freePort();
    using sockets = await LinuxSockets.open({ host: "127.0.0.1", port, count: 2, receiveBufferBytes: 4_096 });
    const client = createSocket("udp4");
    const sent = 400;
    let taken = 0;
    for (let n = 0; n < sent; n++) client.send(pattern(128, n), port, "127.0.0.1", () => (taken += 1));
    await untilReal(() => taken === sent, "the sends");
    const [first, second] = sockets.stats().map(({ kernelReceive }) => kernelReceive);
    // One client is one peer: all of it went to one socket.
    expect(Math.min(first!, second!)).toBe(0);
    expect(Math.max(first!, second!)).toBeGreaterThan(200);
    await new Promise<void>((resolve) => client.close(() => resolve()));
  });

  for (const blocking of [true, false]) {
    it(`is when a datagram arrived, however late it is read (blocking ${blocking})`, async () => {
      await using transport = await openLinux({ arrivalTimes: true, blocking });
      await using peer = await openLinux();
      const waited: number[] = [];
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) waited.push(batch.waitedMicros(i));
      };
      // The kernel begins to stamp soon after the first socket asked for it, and stamps at the reading until then.
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (let n = 0; n < 20; n++) peer.send(numbered(n), transport.localEndpoint);
      peer.flush();
      // Nobody reads while the datagrams lie in the kernel.
      for (const end = performance.now() + STALL_MS; performance.now() < end;);
      if (blocking) {
        transport.runBlocking({
          onTurn: () => {
            if (waited.length === 20) void transport.close();
          },
        });
      } else await untilReal(() => waited.length === 20, "all datagrams");
      // An event loop reads datagrams itself, which then have no stamp: Node's the first, Bun's all of so few.
      const unstamped = waited.filter((micros) => micros === 0).length;
      expect(unstamped).toBeLessThanOrEqual(blocking ? 0 : onBun ? 20 : 1);
      for (const micros of waited.slice(unstamped)) {
        expect(micros).toBeGreaterThan(STALL_MS * 999);
        expect(micros).toBeLessThan(5e6);
      }
    });
  }

  it("is not asked for arrivals unless they are wanted", async () => {
    await using transport = await openLinux({ blocking: true });
    await using peer = await openLinux();
    const waited: number[] = [];
    transport.onBatch = (batch) => {
      waited.push(batch.waitedMicros(0));
      void transport.close();
    };
    peer.send(numbered(0), transport.localEndpoint);
    peer.flush();
    transport.runBlocking();
    expect(waited).toEqual([0]);
  });

  it("does not report peers that died to those that live: 2,000 of 2,000", async () => {
    await using transport = await openLinux();
    const [live, dead] = await Promise.all([udpPeer(transport), udpPeer(transport)]);
    const endpoints: Parameters<typeof transport.send>[1][] = [];
    transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) endpoints[batch.bytes(i)[0]!] = batch.endpoint(i);
    };
    live.send(Uint8Array.of(0));
    dead.send(Uint8Array.of(1));
    await untilReal(() => endpoints.filter(Boolean).length === 2, "both peers");
    await dead.close();
    for (let n = 0; n < 2_000; n++) {
      transport.send(numbered(n), endpoints[1]!);
      transport.send(numbered(n), endpoints[0]!);
      if (n % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    }
    transport.flush();
    await untilReal(
      () => live.received.length === 2_000,
      "2,000 datagrams",
      () => [live.received.length, transport.stats()],
    );
    expect(transport.stats()).toMatchObject({ sentDatagrams: 4_000, drops: {} });
    await live.close();
  });
});
