import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { stopBlocking } from "../src/transport/linux.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { numbered, untilReal } from "./conformance/adapter-under-test.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";
import { startBlockingWorker } from "./linux/start-worker.ts";

/** What termination, exit and close may take. */
const LIMIT_MS = 300;
/** Ending a process takes a while by itself on a busy machine. */
const SLACK_MS = 400;

describe.skipIf(!linuxHere)("the blocking mode", () => {
  it("echoes, takes turns while idle, and tells what it counted", async () => {
    const { worker, handle, port, ended } = await startBlockingWorker({ options: { arrivalTimes: true } });
    // Listened for from here on: a worker may post its last message and exit in one turn of this thread.
    const exited = once(worker, "exit");
    const peer = await openPeer(port);
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

  it("ends by its own close", async () => {
    const { worker, port, ended } = await startBlockingWorker({ options: {}, closeAt: 77 });
    const peer = await openPeer(port);
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

  for (const load of ["idle", "under load"] as const) {
    it(`ends by stop and by worker.terminate(), ${load}`, async () => {
      const times: Record<string, number> = {};
      for (const way of ["stop", "terminate"] as const) {
        const { worker, handle, port } = await startBlockingWorker({ options: {} });
        const peer = await openPeer(port);
        const stopLoad = load === "idle" ? () => undefined : peer.flood();
        await new Promise((resolve) => setTimeout(resolve, 50));
        const exited = once(worker, "exit");
        const begun = performance.now();
        if (way === "stop") stopBlocking(handle);
        else void worker.terminate();
        await exited;
        times[way] = Math.round(performance.now() - begun);
        stopLoad();
        await peer.close();
      }
      console.log(`${load}: ended after ${JSON.stringify(times)} ms`);
      expect(Math.max(...Object.values(times))).toBeLessThan(LIMIT_MS);
    });
  }

  it("does not hold up process.exit()", async () => {
    const extension = extname(import.meta.url);
    const program = fileURLToPath(new URL(`./linux/exit-beside-blocking${extension}`, import.meta.url));
    const options = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const child = spawn(process.execPath, [...options, program], { stdio: ["ignore", "pipe", "inherit"] });
    let exiting = 0;
    child.stdout.once("data", () => (exiting = performance.now()));
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(7);
    expect(exiting).toBeGreaterThan(0);
    expect(performance.now() - exiting).toBeLessThan(LIMIT_MS + SLACK_MS);
  });

  it("is refused on an event loop, and gro without it", async () => {
    await using transport = await openLinux();
    expect(() => transport.runBlocking()).toThrow(/blocking/);
    expect((await errorOf(openLinux({ gro: true })))?.code).toBe("ERR_ADAPTER_OPTION");
  });
});

describe.skipIf(!linuxHere)("the event-loop mode", () => {
  it("closes at once, idle and under load, and leaves no descriptor", async () => {
    for (const load of [false, true]) {
      const transport = await openLinux();
      const peer = await openPeer(transport.localEndpoint.port);
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) transport.forward(batch, i, batch.endpoint(i));
      };
      const stopLoad = load ? peer.flood() : () => undefined;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const begun = performance.now();
      await transport.close();
      expect(performance.now() - begun).toBeLessThan(LIMIT_MS);
      stopLoad();
      await peer.close();
      // The port is free again: nothing has the socket open.
      await using next = await openLinux({ port: transport.localEndpoint.port });
      expect(next.localEndpoint.port).toBe(transport.localEndpoint.port);
    }
  });
});

interface FloodingPeer {
  readonly received: number;
  send(bytes: Uint8Array): void;
  /** Sends without end, from its own event loop's turns; returns what ends it. */
  flood(): () => void;
  close(): Promise<void>;
}

async function openPeer(port: number): Promise<FloodingPeer> {
  const socket = createSocket("udp4");
  let received = 0;
  socket.on("message", () => (received += 1));
  await new Promise<void>((resolve) => socket.bind({ address: "127.0.0.1", port: 0 }, resolve));
  return {
    get received() {
      return received;
    },
    send: (bytes) => {
      socket.send(bytes, port, "127.0.0.1");
    },
    flood: () => {
      const timer = setInterval(() => {
        for (let n = 0; n < 100; n++) socket.send(numbered(n), port, "127.0.0.1");
      }, 2);
      return () => {
        clearInterval(timer);
      };
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
