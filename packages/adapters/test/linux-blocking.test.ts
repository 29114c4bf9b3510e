import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { stopBlocking } from "../src/transport/linux.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { numbered, pattern, untilReal } from "./conformance/adapter-under-test.ts";
import { openFloodingPeer } from "./linux/flooding-peer.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";
import { startBlockingWorker } from "./linux/start-worker.ts";

describe.skipIf(!linuxHere)("the blocking mode", () => {
  it("echoes, takes turns while idle, and tells what it counted", async () => {
    const { worker, handle, port, ended } = await startBlockingWorker({ options: { arrivalTimes: true } });
    // Listened for from here on: a worker may post its last message and exit in one turn of this thread.
    const exited = once(worker, "exit");
    const peer = await openFloodingPeer(port);
    for (let n = 0; n < 200; n++) peer.send(numbered(n));
    await untilReal(() => peer.received === 200, "200 echoes");
    await new Promise((resolve) => setTimeout(resolve, 350));
    stopBlocking(handle);
    const { turns, stats } = await ended;
    expect(stats).toMatchObject({ receivedDatagrams: 200, sentDatagrams: 200, sentBytes: 1_600, drops: {} });
    expect(stats.kernelDropsKnown).toBe(true);
    expect(turns).toBeGreaterThan(stats.receivedBatches);
    await exited;
    await peer.close();
  });

  it("carries every size of 0..1472 and 65,507 unchanged, and counts what its slots do not hold", async () => {
    for (const [maxDatagramBytes, sizes] of [
      [65_507, [...Array(1_473).keys(), 65_507]],
      [1_000, [1_000, 1_001, 999, 65_507, 1_472, 0]],
    ] as const) {
      const { worker, handle, port, ended } = await startBlockingWorker({ options: { maxDatagramBytes } });
      const exited = once(worker, "exit");
      const socket = createSocket("udp4");
      const echoes: Uint8Array[] = [];
      socket.on("message", (bytes) => echoes.push(bytes));
      const fitting = sizes.filter((size) => size <= maxDatagramBytes);
      // No more at once than any receive buffer holds.
      for (let from = 0; from < sizes.length; from += 64) {
        const some = sizes.slice(from, from + 64);
        for (const size of some) socket.send(pattern(size), port, "127.0.0.1");
        const due = echoes.length + some.filter((size) => size <= maxDatagramBytes).length;
        await untilReal(
          () => echoes.length === due,
          `${due} echoes`,
          () => echoes.length,
        );
      }
      expect(echoes.map((bytes) => bytes.length)).toEqual(fitting);
      for (const bytes of echoes) expect(Buffer.compare(bytes, pattern(bytes.length))).toBe(0);
      const truncated = sizes.length - fitting.length;
      stopBlocking(handle);
      const { stats } = await ended;
      expect(stats).toMatchObject({ receivedDatagrams: fitting.length, sentDatagrams: fitting.length });
      expect(stats.drops).toEqual(truncated === 0 ? {} : { truncated });
      await exited;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
  });

  it("ends by its own close", async () => {
    const { worker, port, ended } = await startBlockingWorker({ options: {}, closeAt: 77 });
    const peer = await openFloodingPeer(port);
    const exited = once(worker, "exit");
    peer.send(Uint8Array.of(1));
    await untilReal(() => peer.received === 1, "an echo");
    peer.send(Uint8Array.of(77));
    const { stats } = await ended;
    // The datagram of the closing batch was not sent any more.
    expect(stats).toMatchObject({ receivedDatagrams: 2, sentDatagrams: 1, drops: { closed: 1 } });
    await exited;
    await peer.close();
  });

  it("is refused on an event loop, and gro without it", async () => {
    await using transport = await openLinux();
    expect(() => transport.runBlocking()).toThrow(/blocking/);
    expect((await errorOf(openLinux({ gro: true })))?.code).toBe("ERR_ADAPTER_OPTION");
  });
});
