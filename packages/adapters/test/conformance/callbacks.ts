import { describe, expect, it } from "vitest";
import type { TransportErrorContext } from "../../src/transport/datagram-transport.ts";
import { numbered } from "./adapter-under-test.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";

export function callbacks(adapter: AdapterUnderTest): void {
  describe("callbacks", () => {
    it("counts what arrives while nobody listens", async () => {
      await using transport = await adapter.open();
      const peer = await adapter.peer(transport);
      for (let n = 0; n < 5; n++) peer.send(numbered(n));
      await adapter.until(() => transport.stats().drops.noHandler === 5, "5 drops");
      expect(transport.stats().receivedDatagrams).toBe(0);
      await peer.close();
    });

    it("survives a callback that throws, counts each throw and reports one a burst", async () => {
      const reports: [unknown, TransportErrorContext][] = [];
      await using transport = await adapter.open({
        onError: (error, context) => reports.push([error, context]),
      });
      const peer = await adapter.peer(transport);
      const thrown = new Error("a user's mistake");
      let calls = 0;
      transport.onBatch = () => {
        calls += 1;
        throw thrown;
      };
      for (let n = 0; n < 100; n++) peer.send(numbered(n));
      await adapter.until(() => transport.stats().receivedDatagrams === 100, "100 datagrams");
      // Received, and no drop: what was sent is received + drops whatever a callback does.
      expect(transport.stats()).toMatchObject({ callbackThrows: calls, drops: {} });
      const { reportedKind = transport.kind } = adapter;
      expect(reports).toEqual([[thrown, { transport: reportedKind, during: "onBatch", suppressed: 0 }]]);

      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) transport.forward(batch, i, batch.endpoint(i));
      };
      peer.send(numbered(100));
      await adapter.until(() => peer.received.length === 1, "an echo after the burst");
      await peer.close();
    });

    it("survives a reporter that throws", async () => {
      await using transport = await adapter.open({
        onError: () => {
          throw new Error("the reporter's mistake");
        },
      });
      const peer = await adapter.peer(transport);
      transport.onBatch = () => {
        throw new Error("a user's mistake");
      };
      peer.send(numbered(0));
      await adapter.until(() => transport.stats().callbackThrows === 1, "the throw");
      await peer.close();
    });

    it("lets a callback replace itself and close the transport", async () => {
      const transport = await adapter.open();
      const peer = await adapter.peer(transport);
      let first = 0;
      transport.onBatch = () => {
        first += 1;
        transport.onBatch = () => void transport.close();
      };
      peer.send(numbered(0));
      await adapter.until(() => first === 1, "the first callback");
      peer.send(numbered(1));
      await adapter.until(() => transport.stats().receivedDatagrams === 2, "the second callback");
      await transport.close();
      expect(first).toBe(1);
      // What was handed over was received, and nothing else: it is not dropped for the closing, too.
      const { receivedDatagrams, drops } = transport.stats();
      expect([receivedDatagrams, drops]).toEqual([2, {}]);
      await peer.close();
    });
  });
}
