import { endpointsEqual } from "@udp-relay/address-validation";
import { NodeTransport } from "../src/transport/node.ts";
import { describe, expect, it } from "vitest";

describe("smoke", () => {
  it("echoes over node:dgram", async () => {
    await using server = await NodeTransport.open({ host: "127.0.0.1" });
    await using client = await NodeTransport.open({ host: "127.0.0.1" });
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
    expect(server.stats()).toMatchObject({ receivedDatagrams: 1, sentDatagrams: 1, sentBytes: 4, drops: {} });
  });
});
