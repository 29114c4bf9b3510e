import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { endpointFromRinfo, parseEndpoint } from "@udp-relay/address-validation";
import type { AdapterError } from "../src/adapter-error.ts";
import { afterEach, describe, expect, it } from "vitest";
import { ConnectedSockets, DropReason, LinuxTransport } from "../src/transport/linux.ts";
import type { ConnectedSocket, ConnectedSocketEvents, SystemCalls } from "../src/transport/linux.ts";
import { openSystemCalls } from "../src/transport/linux/open-system-calls.ts";
import { linuxHere } from "./linux/linux-adapter.ts";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A peer of node:dgram that answers each datagram with what `answer` makes of it. */
async function peer(answer: (bytes: Buffer) => Buffer | undefined): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => {
    const reply = answer(bytes);
    if (reply !== undefined) socket.send(reply, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  closing.push(() => socket.close());
  return socket;
}

async function open(systemCalls?: SystemCalls, transport?: LinuxTransport): Promise<ConnectedSockets> {
  const sockets = await ConnectedSockets.open({
    ...(systemCalls && { systemCalls }),
    ...(transport && { transport }),
  });
  closing.push(() => sockets.close());
  return sockets;
}

const events = (
  onDatagram: (bytes: Uint8Array) => void,
  onError: (code: string) => void = () => undefined,
): ConnectedSocketEvents => ({
  onDatagram,
  onError,
});

/** Turns, and lets the peers of this thread have theirs. */
async function turnUntil(sockets: ConnectedSockets, done: () => boolean, limitMs = 10_000): Promise<void> {
  for (const end = performance.now() + limitMs; !done();) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms`);
    sockets.turn(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.skipIf(!linuxHere)("connected sockets in one epoll set", () => {
  it("500 sockets hear their own peer's answers, and nobody else's", async () => {
    const SOCKETS = 500;
    const peers = [await peer((bytes) => bytes), await peer((bytes) => bytes)];
    const sockets = await open();
    const heard = Array.from({ length: SOCKETS }, () => new Set<number>());
    let wrong = 0;
    const all: ConnectedSocket[] = heard.map((own, number) =>
      sockets.connect(
        endpointFromRinfo(peers[number % 2]!.address()),
        events((bytes) => {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          if (bytes.length === 8 && view.getUint32(0) === number) own.add(view.getUint32(4));
          else wrong++;
        }),
      ),
    );
    expect(sockets.size).toBe(SOCKETS);
    for (let round = 0; round < 4; round++) {
      for (const [number, socket] of all.entries()) {
        const bytes = Buffer.alloc(8);
        bytes.writeUInt32BE(number, 0);
        bytes.writeUInt32BE(round, 4);
        expect(socket.send(bytes)).toBe(0);
      }
      await turnUntil(sockets, () => heard.every((own) => own.size > round));
    }
    expect(wrong).toBe(0);
    for (const socket of all) socket.close();
    expect(sockets.size).toBe(0);
  });

  it("does not hear strangers, who know its port", async () => {
    const ports: number[] = [];
    const [known, stranger] = [await peer(() => undefined), await peer(() => undefined)];
    known.on("message", (_, { port }) => ports.push(port));
    const sockets = await open();
    const heard: string[] = [];
    const socket = sockets.connect(
      endpointFromRinfo(known.address()),
      events((bytes) => heard.push(Buffer.from(bytes).toString())),
    );
    socket.send(Buffer.from("hello"));
    await turnUntil(sockets, () => ports.length > 0);
    stranger.send("lie", ports[0], "127.0.0.1");
    known.send("truth", ports[0], "127.0.0.1");
    await turnUntil(sockets, () => heard.length > 0);
    expect(heard).toEqual(["truth"]);
  });

  it("tells of a peer that is gone, and goes on; others notice nothing", async () => {
    const gone = await peer(() => undefined);
    const deadEnd = endpointFromRinfo(gone.address());
    gone.close();
    closing.pop();
    const alive = await peer((bytes) => bytes);
    const sockets = await open();
    const errors: string[] = [];
    let answers = 0;
    const dead = sockets.connect(
      deadEnd,
      events(
        () => undefined,
        (code) => errors.push(code),
      ),
    );
    const living = sockets.connect(
      endpointFromRinfo(alive.address()),
      events(() => answers++),
    );
    for (let i = 0; i < 200; i++) {
      dead.send(Uint8Array.of(1));
      expect(living.send(Uint8Array.of(2))).toBe(0);
      await turnUntil(sockets, () => answers > i);
    }
    expect(answers).toBe(200);
    expect(new Set(errors)).toEqual(new Set(["ECONNREFUSED"]));
  });

  it("passes every size, and counts what is larger than it takes", async () => {
    const echo = await peer((bytes) => bytes);
    const sockets = await open();
    const lengths: number[] = [];
    const socket = sockets.connect(
      endpointFromRinfo(echo.address()),
      events(({ length }) => lengths.push(length)),
    );
    for (let length = 0; length <= 1_472; length++) {
      expect(socket.send(new Uint8Array(length))).toBe(0);
      if (length % 64 === 0) await turnUntil(sockets, () => lengths.length > length);
    }
    await turnUntil(sockets, () => lengths.length === 1_473);
    expect(lengths).toEqual(Array.from({ length: 1_473 }, (_, i) => i));
    expect(socket.send(new Uint8Array(2_049))).toBe(DropReason.tooLarge);
    const bigMouth = await peer(() => Buffer.alloc(3_000));
    const other = sockets.connect(
      endpointFromRinfo(bigMouth.address()),
      events(() => lengths.push(-1)),
    );
    other.send(Uint8Array.of(1));
    await turnUntil(sockets, () => sockets.stats().drops.truncated === 1);
    expect(lengths.includes(-1)).toBe(false);
  });

  it("a socket that is closed in a callback hears nothing more, nor does whoever gets its place", async () => {
    const echo = await peer((bytes) => bytes);
    const sockets = await open();
    const to = endpointFromRinfo(echo.address());
    const heard: string[] = [];
    const first = sockets.connect(
      to,
      events(() => {
        heard.push("first");
        first.close();
        second.close();
        sockets.connect(
          to,
          events(() => heard.push("third")),
        );
      }),
    );
    const second = sockets.connect(
      to,
      events(() => heard.push("second")),
    );
    first.send(Uint8Array.of(1));
    second.send(Uint8Array.of(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let i = 0; i < 20; i++) sockets.turn(1);
    expect(heard).toHaveLength(1);
    expect(first.send(Uint8Array.of(1))).toBe(DropReason.closed);
  });

  it("turns a transport that receives, too", async () => {
    const transport = await LinuxTransport.open({ host: "127.0.0.1", blocking: true });
    closing.push(() => transport.close());
    const sockets = await open(undefined, transport);
    const echo = await peer((bytes) => bytes);
    let back = 0;
    const upstream = sockets.connect(
      endpointFromRinfo(echo.address()),
      events((bytes) => transport.send(bytes, client)),
    );
    let client = parseEndpoint("127.0.0.1:9");
    transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        client = batch.endpoint(i);
        upstream.send(batch.bytes(i));
      }
    };
    const asking = await peer(() => undefined);
    asking.on("message", () => back++);
    asking.send("over and back", transport.localEndpoint.port, "127.0.0.1");
    await turnUntil(sockets, () => back === 1);
  });

  it("goes on sending once the kernel takes datagrams again, though only upstreams speak", async () => {
    const calls = await openSystemCalls();
    let congested = false;
    const systemCalls: SystemCalls = {
      ...calls,
      sendmmsg: (...parameters) => (congested ? -1 : calls.sendmmsg(...parameters)),
      errno: () => (congested ? 11 : calls.errno()),
    };
    const transport = await LinuxTransport.open({ host: "127.0.0.1", blocking: true, systemCalls });
    closing.push(() => transport.close());
    const sockets = await open(undefined, transport);
    const client = await peer(() => undefined);
    let heard = 0;
    client.on("message", () => heard++);
    const to = endpointFromRinfo(client.address());
    congested = true;
    for (let i = 0; i < 10; i++) transport.send(Uint8Array.of(i), to);
    sockets.turn(0);
    expect(transport.stats().queuedDatagrams).toBe(10);
    congested = false;
    await turnUntil(sockets, () => heard === 10);
    expect(transport.stats()).toMatchObject({ queuedDatagrams: 0, sentDatagrams: 10 });
    expect(transport.counted.sentDatagrams).toBe(10);
  });

  it("a callback that sends elsewhere on a refusal changes nothing of what is sent again", async () => {
    const calls = await openSystemCalls();
    let refusals = 0;
    const sockets = await open({
      ...calls,
      send: (...parameters) => (refusals > 0 ? -1 : calls.send(...parameters)),
      errno: () => (refusals-- > 0 ? 111 : calls.errno()),
    });
    const heard: string[] = [];
    const listening = await peer((bytes) => void heard.push(`first ${bytes.toString()}`));
    const spare = await peer((bytes) => void heard.push(`spare ${bytes.toString()}`));
    const failover = sockets.connect(
      endpointFromRinfo(spare.address()),
      events(() => undefined),
    );
    const socket = sockets.connect(
      endpointFromRinfo(listening.address()),
      events(
        () => undefined,
        () => void failover.send(Buffer.from("help")),
      ),
    );
    refusals = 1;
    expect(socket.send(Buffer.from("data"))).toBe(0);
    await turnUntil(sockets, () => heard.length === 2);
    expect(heard.sort()).toEqual(["first data", "spare help"]);
    expect(sockets.stats()).toMatchObject({ sentDatagrams: 2, retriedSends: 1, icmpErrors: 1, drops: {} });
    expect(sockets.counted).toMatchObject({ sentDatagrams: 2, retriedSends: 1, icmpErrors: 1 });
  });

  it("counts what the kernel had no room for, also of a socket that was closed since", async () => {
    const DATAGRAMS = 3_000;
    let sent = 0;
    const flood = createSocket("udp4");
    flood.bind(0, "127.0.0.1");
    await once(flood, "listening");
    closing.push(() => flood.close());
    flood.on("message", (_, { port }) => {
      for (let n = 0; n < DATAGRAMS; n++) flood.send(Buffer.alloc(1_000), port, "127.0.0.1", () => sent++);
    });
    const sockets = await open();
    let heard = 0;
    const victim = sockets.connect(
      endpointFromRinfo(flood.address()),
      events(() => heard++),
    );
    victim.send(Uint8Array.of(1));
    while (sent < DATAGRAMS) await new Promise((resolve) => setImmediate(resolve));
    await turnUntil(sockets, () => {
      const { receivedDatagrams, drops } = sockets.stats();
      return receivedDatagrams + (drops.kernelReceive ?? 0) === DATAGRAMS;
    });
    const { receivedDatagrams, receivedBatches, drops, kernelDropsKnown } = sockets.stats();
    expect(kernelDropsKnown).toBe(true);
    expect(drops.kernelReceive).toBeGreaterThan(0);
    expect(receivedDatagrams).toBe(heard);
    // One socket, one datagram a turn.
    expect(receivedBatches).toBe(heard);
    victim.close();
    expect(sockets.stats().drops.kernelReceive).toBe(drops.kernelReceive);
  });

  it("says why a socket cannot be opened, and after close nothing opens", async () => {
    const calls = await openSystemCalls();
    let full = false;
    const sockets = await open({
      ...calls,
      socket: (...parameters) => (full ? -1 : calls.socket(...parameters)),
      errno: () => (full ? 24 : calls.errno()),
    });
    full = true;
    let failed: AdapterError | undefined;
    try {
      sockets.connect(
        parseEndpoint("127.0.0.1:9"),
        events(() => undefined),
      );
    } catch (error) {
      failed = error as AdapterError;
    }
    expect([failed?.code, (failed?.cause as { code?: string }).code]).toEqual(["ERR_ADAPTER_BIND", "EMFILE"]);
    full = false;
    sockets.close();
    expect(() =>
      sockets.connect(
        parseEndpoint("127.0.0.1:9"),
        events(() => undefined),
      ),
    ).toThrow("closed");
    sockets.turn(0);
  });

  it("bears a kernel that lies about counts, places and lengths", async () => {
    const calls = await openSystemCalls();
    const arrays: { address: number; bytes: Uint8Array }[] = [];
    let seed = 0;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed % below;
    };
    const sockets = await open({
      ...calls,
      addressOf: (bytes) => {
        const address = calls.addressOf(bytes);
        arrays.push({ address, bytes });
        return address;
      },
      epoll_wait: (set, address, count, timeoutMs) => {
        if (seed === 0) return calls.epoll_wait(set, address, count, timeoutMs);
        const { bytes } = arrays.find((array) => array.address === address)!;
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
        // Often a place and a generation that there are.
        for (let i = 0; i < words.length; i++)
          words[i] = random(8) === 0 ? random(2 ** 32) | 0 : random(12) - 1;
        return random(600) - 5;
      },
      recv: (...parameters) => (seed === 0 ? calls.recv(...parameters) : random(70_000) - 10),
    });
    let longest = 0;
    for (let i = 0; i < 8; i++)
      sockets.connect(
        parseEndpoint("127.0.0.1:9"),
        events(({ length }) => (longest = Math.max(longest, length))),
      );
    seed = 1;
    for (let i = 0; i < 2_000; i++) sockets.turn(0);
    expect(longest).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual(2_048);
  });
});
