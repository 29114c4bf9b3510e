import { endpointsEqual } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { openNative } from "./conformance/native-adapter.ts";

describe("smoke", () => {
  it("echoes over the runtime's own sockets", async () => {
    await using server = await openNative();
    await using client = await openNative();
    server.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) server.forward(batch, i, batch.endpoint(i));
    };
    const answer = await new Promise<string>((resolve) => {
      client.onBatch = (batch) => {
        expect(endpointsEqual(batch.endpoint(0), server.localEndpoint)).toBe(true);
        resolve(new TextDecoder().decode(batch.bytes(0)));
      };
      expect(client.send(new TextEncoder().encode("ping"), server.localEndpoint)).toBe(0);
    });
    expect(answer).toBe("ping");
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.stats()).toMatchObject({ receivedDatagrams: 1, sentDatagrams: 1, sentBytes: 4, drops: {} });
  });
});
