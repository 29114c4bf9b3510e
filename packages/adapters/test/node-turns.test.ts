import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NodeTransport } from "../src/transport/node.ts";
import { nativeAdapter } from "./conformance/native-adapter.ts";

// libuv reads 32 datagrams of a socket a turn; what is sent in one go lies in the kernel before the first of them.
describe.skipIf(nativeAdapter.name !== "node")("turns of the event loop, ./node", () => {
  let transport: NodeTransport;
  let batches: number[][];
  let sender: Socket;

  beforeEach(async () => {
    batches = [];
    sender = createSocket("udp4").bind(0, "127.0.0.1");
    await once(sender, "listening");
    transport = await NodeTransport.open({ host: "127.0.0.1", receiveBufferBytes: 1 << 20 });
    transport.onBatch = (batch) => {
      batches.push(Array.from({ length: batch.count }, (_, i) => batch.bytes(i)[0]!));
    };
  });
  afterEach(async () => {
    sender.close();
    await transport.close();
  });

  /** Datagrams that hold their numbers, in one go. */
  function burst(from: number, count: number): void {
    for (let n = from; n < from + count; n++) {
      sender.send(Uint8Array.of(n), transport.localEndpoint.port, "127.0.0.1");
    }
  }
  async function received(count: number): Promise<void> {
    while (transport.stats().receivedDatagrams < count) await new Promise((resolve) => setImmediate(resolve));
  }

  it("are handed over as batches when they are long, in order, and one by one when they are short again", async () => {
    burst(0, 160);
    await received(160);
    expect(batches.flat()).toEqual(Array.from({ length: 160 }, (_, n) => n));
    expect(transport.stats().receivedBatches).toBe(batches.length);
    expect(batches.length).toBeLessThan(64);
    expect(Math.max(...batches.map((batch) => batch.length))).toBeGreaterThanOrEqual(8);
    // A short turn ends the collecting: what comes after it waits for nothing.
    burst(160, 2);
    await received(162);
    burst(162, 3);
    await received(165);
    expect(batches.slice(-3)).toEqual([[162], [163], [164]]);
  });

  it("count what was collected and not handed over when the transport closes as closed", async () => {
    burst(0, 64);
    await received(64);
    const other = createSocket("udp4");
    other.bind(0, "127.0.0.1");
    await once(other, "listening");
    // The loop reads the transport's socket first, which was readable first; this one's event is of the same turn.
    other.once("message", () => void transport.close());
    burst(64, 20);
    sender.send("", other.address().port, "127.0.0.1");
    await once(other, "message");
    await transport.close();
    await new Promise((resolve) => setImmediate(resolve));
    const { receivedDatagrams, drops } = transport.stats();
    expect({ receivedDatagrams, drops }).toEqual({ receivedDatagrams: 64, drops: { closed: 20 } });
    expect(batches.flat()).toHaveLength(64);
    other.close();
  });
});
