import { describe, expect, it } from "vitest";
import { instrument } from "../src/compose/instrument.ts";
import { untilReal } from "./conformance/adapter-under-test.ts";
import { bound, closed } from "./plain-sockets.ts";

describe("instrument", () => {
  it("tells per peer what an untouched echo server receives and sends", async () => {
    const [server, first, second] = await Promise.all([bound(), bound(), bound()]);
    server.on("message", (bytes, rinfo) => server.send(bytes, rinfo.port, rinfo.address));
    const stats = instrument(server);
    let echoes = 0;
    for (const socket of [first, second]) socket.on("message", () => echoes++);
    const { port } = server.address();
    for (let n = 0; n < 20; n++) first.send(Buffer.alloc(100), port, "127.0.0.1");
    second.send("hello", port, "127.0.0.1");
    await untilReal(() => echoes === 21, "the echoes");
    const one = stats.client(first.address())!;
    expect(one.snapshot()).toMatchObject({
      packetsReceived: 20,
      bytesReceived: 2_000,
      packetsSent: 20,
      bytesSent: 2_000,
    });
    expect(stats.client(first.address())).toBe(one);
    expect(stats.client(second.address())?.bytesReceived).toBe(5);
    expect(stats.client({ address: "127.0.0.1", port: 9 })).toBe(undefined);
    expect(stats.clients().length).toBe(2);
    expect(stats.totals()).toEqual({
      receivedDatagrams: 21,
      receivedBytes: 2_005,
      sentDatagrams: 21,
      sentBytes: 2_005,
      receivedFromStrangers: 0,
      sentToStrangers: 0,
    });
    stats[Symbol.dispose]();
    expect(stats.client(first.address())).toBe(undefined);
    expect(stats.clients()).toEqual([]);
    expect(Object.hasOwn(server, "send")).toBe(false);
    first.send("uncounted", port, "127.0.0.1");
    await untilReal(() => echoes === 22, "the echo after it");
    expect(stats.totals().receivedDatagrams).toBe(21);
    await closed(server, first, second);
  });

  it("gives a rate that is the rate", async () => {
    const [server, client] = await Promise.all([bound(), bound()]);
    const stats = instrument(server, { timeConstantMs: 300 });
    const { port } = server.address();
    // 100 bytes each 5 ms, or what the timer makes of it, for five time constants.
    const begun = performance.now();
    let sent = 0;
    while (performance.now() - begun < 1_500) {
      client.send(Buffer.alloc(100), port, "127.0.0.1");
      sent += 100;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const rate = (sent / (performance.now() - begun)) * 1_000;
    await untilReal(() => stats.totals().receivedBytes === sent, "all datagrams");
    const view = stats.client(client.address())!;
    expect(view.bytesPerSecondIn / rate).toBeGreaterThan(0.5);
    expect(view.bytesPerSecondIn / rate).toBeLessThan(1.5);
    // And falls again when nothing comes: to 5 % after three time constants.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(stats.client(client.address())?.bytesPerSecondIn).toBeLessThan(0.1 * rate);
    await closed(server, client);
  });

  it("counts whom it has no room for, and whom it does not know", async () => {
    const [server, first, second] = await Promise.all([bound(), bound(), bound()]);
    const stats = instrument(server, { capacity: 1, timeoutMs: 5_000 });
    const { port } = server.address();
    first.send("1", port, "127.0.0.1");
    await untilReal(() => stats.totals().receivedDatagrams === 1, "the first");
    // A client that has been sent something keeps its place.
    server.send("0", first.address().port, "127.0.0.1");
    second.send("2", port, "127.0.0.1");
    await untilReal(() => stats.totals().receivedDatagrams === 2, "the second");
    server.send("3", second.address().port, "127.0.0.1");
    server.send("4", first.address().port, "localhost");
    server.send("5", first.address().port);
    expect(stats.totals()).toMatchObject({ receivedFromStrangers: 1, sentDatagrams: 4, sentToStrangers: 2 });
    expect(stats.client(first.address())?.packetsSent).toBe(2);
    await closed(server, first, second);
    // The socket is gone: so is what was on it.
    expect(stats.clients()).toEqual([]);
  });
});
