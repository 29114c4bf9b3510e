import { createSocket } from "node:dgram";
import { parseEndpoint } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { numbered } from "./conformance/adapter-under-test.ts";
import { nativeAdapter as adapter } from "./conformance/native-adapter.ts";

describe("a dead peer", () => {
  it("costs a live one nothing: 2,000 of 2,000 arrive beside it", async () => {
    await using transport = await adapter.open();
    const dead = await deadEndpoint();
    const peer = await adapter.peer(transport);
    let live: Endpoint | undefined;
    transport.onBatch = (batch) => {
      live = batch.endpoint(0);
    };
    peer.send(numbered(0));
    await adapter.until(() => live !== undefined, "the live peer");
    for (let n = 0; n < 2_000; n++) {
      // Dead first, live first, and each alone in its flush.
      if (n % 3 !== 1) transport.send(numbered(n), dead);
      if (n % 7 === 0) transport.flush();
      expect(transport.send(numbered(n), live!)).toBe(0);
      if (n % 3 === 1) transport.send(numbered(n), dead);
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    transport.flush();
    await adapter.until(
      () => peer.received.length === 2_000,
      "2,000 datagrams",
      () => [peer.received.length, transport.stats()],
    );
    // To the dead peer they were sent too: UDP does not know better.
    await adapter.until(
      () => transport.stats().sentDatagrams === 4_000,
      "4,000 sent",
      () => transport.stats(),
    );
    expect(transport.stats().drops).toEqual({});
    await peer.close();
  });
});

/** An endpoint at which nobody listens: a port that was bound a moment ago. */
async function deadEndpoint(): Promise<Endpoint> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind({ address: "127.0.0.1", port: 0 }, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return parseEndpoint(`127.0.0.1:${port}`);
}
