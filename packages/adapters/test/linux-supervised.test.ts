import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { LinuxSockets } from "../src/transport/linux.ts";
import { numbered, untilReal } from "./conformance/adapter-under-test.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { freePort } from "./free-port.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";
import { startBlockingWorker } from "./linux/start-worker.ts";

const SOCKETS = 2;
const PEERS = 16;
/** BATCH_MESSAGES: what one thread can hold. */
const MOST_HELD = 64;

describe.skipIf(!linuxHere)("a supervisor's sockets", () => {
  for (const [kills, busyMicros] of [
    [7, 0],
    [4, 3_000],
  ] as const) {
    it(`lose only what a killed worker held: ${kills} kills, ${busyMicros} us of work a batch`, async () => {
      const port = await freePort();
      using sockets = await LinuxSockets.open({ host: "127.0.0.1", port, count: SOCKETS });
      const alive: (Worker | undefined)[] = [];
      const start = async (index: number): Promise<void> => {
        const socket = sockets.handles[index]!;
        await startBlockingWorker({ options: { socket }, busyMicros }, (worker) => {
          sockets.supervise(index, worker);
          alive[index] = worker;
        });
      };
      for (let index = 0; index < SOCKETS; index++) await start(index);
      const load = await startLoad(port);
      for (let kill = 0; kill < kills; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 5 + ((kill * 7) % 31)));
        const index = kill % SOCKETS;
        const exited = once(alive[index]!, "exit");
        const before = sockets.stats()[index]!.workerDied;
        void alive[index]!.terminate();
        await exited;
        const held = sockets.stats()[index]!.workerDied - before;
        expect(held).toBeGreaterThanOrEqual(0);
        expect(held).toBeLessThanOrEqual(MOST_HELD);
        await start(index);
      }
      const sent = await load.stop();
      const sum = (of: "finishedDatagrams" | "workerDied" | "kernelReceive"): number =>
        sockets.stats().reduce((total, stats) => total + stats[of], 0);
      await untilReal(
        () => sum("finishedDatagrams") + sum("workerDied") + sum("kernelReceive") >= sent,
        `${sent} datagrams accounted for`,
        () => sockets.stats(),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      const [finished, died, kernel] = [sum("finishedDatagrams"), sum("workerDied"), sum("kernelReceive")];
      console.log(`sent ${sent} = finished ${finished} + died ${died} + kernel ${kernel}, ${kills} kills`);
      expect(finished + died + kernel).toBe(sent);
      if (busyMicros > 0) expect(died).toBeGreaterThan(0);
      expect(died).toBeLessThanOrEqual(kills * MOST_HELD);
      const exits = alive.map((worker) => once(worker!, "exit"));
      sockets.stop();
      await Promise.all(exits);
    });
  }

  it("keep their queue while nobody reads, and tell the successor who died", async () => {
    using sockets = await LinuxSockets.open({ host: "127.0.0.1" });
    const socket = sockets.handles[0]!;
    const client = createSocket("udp4");
    for (let n = 0; n < 300; n++) client.send(numbered(n), sockets.localEndpoint.port, "127.0.0.1");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await using transport = await openLinux({ socket });
    let received = 0;
    transport.onBatch = (batch) => (received += batch.count);
    await untilReal(() => received === 300, "300 datagrams");
    expect(sockets.stats()).toEqual([{ finishedDatagrams: 300, workerDied: 0, kernelReceive: 0 }]);
    expect((await errorOf(openLinux({ socket })))?.code).toBe("ERR_ADAPTER_BIND");
    await transport.close();
    await new Promise<void>((resolve) => client.close(() => resolve()));
    expect(sockets.release(0)).toBe(0);
    // The event loop has made the socket non-blocking, for all its descriptors; the blocking mode must not spin.
    const { worker, port, ended } = await startBlockingWorker({ options: { socket } });
    expect(port).toBe(sockets.localEndpoint.port);
    const exited = once(worker, "exit");
    await new Promise((resolve) => setTimeout(resolve, 250));
    sockets.stop(0);
    expect((await ended).turns).toBeLessThan(10);
    await exited;
  });

  it("count a dead worker's batch in its successor's stats, and close its descriptor", async () => {
    using sockets = await LinuxSockets.open({ host: "127.0.0.1" });
    const socket = sockets.handles[0]!;
    const before = descriptors();
    const { worker, port } = await startBlockingWorker({ options: { socket }, busyMicros: 60_000_000 });
    sockets.supervise(0, worker);
    const client = createSocket("udp4");
    for (let n = 0; n < 5; n++) client.send(numbered(n), port, "127.0.0.1");
    await new Promise((resolve) => setTimeout(resolve, 100));
    const exited = once(worker, "exit");
    void worker.terminate();
    await exited;
    const died = sockets.stats()[0]!.workerDied;
    expect(died).toBeGreaterThan(0);
    await using transport = await openLinux({ socket });
    let received = 0;
    transport.onBatch = (batch) => (received += batch.count);
    await untilReal(() => received + died === 5, "the rest");
    expect(transport.stats().drops).toEqual({ workerDied: died });
    await transport.close();
    await new Promise<void>((resolve) => client.close(() => resolve()));
    await untilReal(() => descriptors() <= before, "as many descriptors as before", descriptors);
  });

  it("refuse a shared port without a number, and a socket that there is not", async () => {
    const refused = await LinuxSockets.open({ count: 2 }).catch((error: unknown) => error);
    expect((refused as { code?: string }).code).toBe("ERR_ADAPTER_OPTION");
    using sockets = await LinuxSockets.open({ host: "::1" });
    expect(() => sockets.release(1)).toThrow(/no socket 1/);
  });
});

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Many peers that send all the time; `stop` resolves with how many datagrams the system took. */
async function startLoad(port: number): Promise<{ stop(): Promise<number> }> {
  const peers = Array.from({ length: PEERS }, () => createSocket("udp4"));
  let offered = 0;
  let taken = 0;
  let failed = 0;
  const timer = setInterval(() => {
    for (const peer of peers) {
      for (let n = 0; n < 4; n++) {
        offered += 1;
        peer.send(numbered(offered), port, "127.0.0.1", (error) => {
          if (error === null) taken += 1;
          else failed += 1;
        });
      }
    }
  }, 4);
  return {
    stop: async () => {
      clearInterval(timer);
      await untilReal(() => taken + failed === offered, "every send");
      await Promise.all(peers.map((peer) => new Promise<void>((resolve) => peer.close(() => resolve()))));
      return taken;
    },
  };
}
