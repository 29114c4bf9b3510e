import { endpointFromWords, parseAddress } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { stopBlocking } from "../src/transport/linux.ts";
import type { SystemCalls } from "../src/transport/linux.ts";
import { openSystemCalls } from "../src/transport/linux/open-system-calls.ts";
import { pattern, untilReal } from "./conformance/adapter-under-test.ts";
import { udpPeer } from "./conformance/udp-peer.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";
import { startBlockingWorker } from "./linux/start-worker.ts";

const RUNS = [
  ["one size", () => 128],
  ["a shorter one now and then", (n: number) => (n % 8 === 7 ? 40 : 100)],
  ["growing and shrinking", (n: number) => (n * 37) % 300],
  ["empty ones in between", (n: number) => (n % 3 === 0 ? 0 : 64)],
  ["the largest that a path carries", () => 1_472],
] as const;

describe.skipIf(!linuxHere)("segmentation offload", () => {
  for (const [name, lengthOf] of RUNS) {
    it(`joins and splits datagrams so that nobody notices: ${name}`, async () => {
      await using sender = await openLinux({ gso: true });
      const peers = await Promise.all([0, 1, 2].map(() => udpPeer(sender)));
      const endpoints = await meet(sender, peers);
      const expected: Uint8Array[][] = [[], [], []];
      for (let n = 0; n < 600; n++) {
        // Runs for one peer, interrupted by others.
        const to = (n >> 4) % 3;
        const bytes = pattern(lengthOf(n), n);
        expected[to]!.push(bytes);
        expect(sender.send(bytes, endpoints[to]!)).toBe(0);
      }
      sender.flush();
      await untilReal(
        () => peers.every((peer, index) => peer.received.length === expected[index]!.length),
        "all datagrams",
        () => [peers.map((peer) => peer.received.length), sender.stats()],
      );
      for (const [index, peer] of peers.entries()) {
        expect(peer.received.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
          expected[index]!.map((bytes) => Buffer.from(bytes).toString("hex")),
        );
      }
      expect(sender.stats()).toMatchObject({ sentDatagrams: 600, drops: {} });
      await Promise.all(peers.map((peer) => peer.close()));
    });
  }

  for (const host of ["127.0.0.1", "::1"]) {
    it(`with GRO on the receiving side hands datagrams over apart, to ${host}`, async () => {
      const { worker, handle, port, ended } = await startBlockingWorker({
        options: { host, gro: true, gso: true, arrivalTimes: true },
      });
      await using client = await openLinux({ host, gso: true });
      const to = parseAddress(host, port);
      const echoes: string[] = [];
      client.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) echoes.push(Buffer.from(batch.bytes(i)).toString("hex"));
      };
      const sent: string[] = [];
      for (let round = 0; round < 4; round++) {
        for (let n = 0; n < 250; n++) {
          const bytes = pattern(n % 50 === 49 ? 30 : 120, round * 250 + n);
          sent.push(Buffer.from(bytes).toString("hex"));
          client.send(bytes, to);
        }
        client.flush();
        await untilReal(
          () => echoes.length === sent.length,
          "every echo",
          () => [echoes.length, client.stats()],
        );
      }
      expect(echoes).toEqual(sent);
      stopBlocking(handle);
      const { stats } = await ended;
      expect(stats).toMatchObject({ receivedDatagrams: 1_000, sentDatagrams: 1_000, drops: {} });
      // More than messages fit a batch: the kernel had joined them.
      expect(stats.receivedDatagrams / stats.receivedBatches).toBeGreaterThan(64);
      await worker.terminate();
    });
  }

  it("asks for nothing that the kernel refuses, and counts all of a message that it does refuse", async () => {
    const calls = await openSystemCalls();
    let refusals = 0;
    const systemCalls: SystemCalls = {
      ...calls,
      sendmmsg: (...parameters) => {
        const sent = calls.sendmmsg(...parameters);
        if (sent < 0) refusals += 1;
        return sent;
      },
    };
    await using sender = await openLinux({
      host: "0.0.0.0",
      gso: true,
      maxDatagramBytes: 65_507,
      systemCalls,
    });
    const peer = await udpPeer(sender, { host: "127.0.0.1" });
    const [endpoint] = await meet(sender, [peer]);
    // Broadcast needs a permission that the socket does not have: EACCES, for each of them.
    const broadcast = endpointFromWords(0, 0, 0xffff, -1, 9);
    for (let n = 0; n < 3; n++) {
      sender.send(pattern(20, n), broadcast);
      sender.send(pattern(20, n), endpoint!);
    }
    sender.flush();
    const refusedBroadcasts = refusals;
    // Two of these exceed a packet together, and more than 64 exceed what the kernel joins.
    for (let n = 0; n < 2; n++) sender.send(pattern(40_000, n), endpoint!);
    sender.flush();
    for (let n = 0; n < 200; n++) sender.send(pattern(10, n), endpoint!);
    sender.flush();
    await untilReal(
      () => peer.received.length === 205,
      "the good ones",
      () => [peer.received.length, sender.stats()],
    );
    expect(sender.stats().drops).toEqual({ accessDenied: 3 });
    expect(refusedBroadcasts).toBe(1);
    expect(refusals).toBe(refusedBroadcasts);
    await peer.close();
  });
});

/** Has each peer send a datagram; their endpoints in order. */
async function meet(
  transport: Awaited<ReturnType<typeof openLinux>>,
  peers: readonly { send(bytes: Uint8Array): void }[],
): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  transport.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) endpoints[batch.bytes(i)[0]!] = batch.endpoint(i);
  };
  for (const [n, peer] of peers.entries()) peer.send(Uint8Array.of(n));
  await untilReal(() => endpoints.filter(Boolean).length === peers.length, "the peers");
  return endpoints;
}
