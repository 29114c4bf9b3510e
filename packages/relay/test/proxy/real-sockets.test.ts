import { createSocket, type Socket } from "node:dgram";
import { endpointFromRinfo, parseEndpoint } from "@udp-relay/address-validation";
import { afterEach, describe, expect, it } from "vitest";
import { openProxySockets } from "../../src/proxy/proxy-sockets.ts";
import { SessionProxy } from "../../src/proxy/session-proxy.ts";
import type { SessionProxyOptions } from "../../src/proxy/session-proxy-options.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function socketAt(onMessage: (socket: Socket, bytes: Buffer, port: number) => void): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  socket.on("message", (bytes, { port }) => onMessage(socket, bytes, port));
  socket.on("error", () => undefined);
  closing.push(() => socket.close());
  return socket;
}

/** Answers with what it was sent, its own number in front. */
const echo = (number: number): Promise<Socket> =>
  socketAt((socket, bytes, port) =>
    socket.send(Buffer.concat([Buffer.of(number), bytes]), port, "127.0.0.1"),
  );

/** Upstreams on the event loop, and on Linux those of one epoll set. */
const kinds = process.platform === "linux" ? (["node", "linux"] as const) : (["node"] as const);

async function proxyTo(
  kind: (typeof kinds)[number],
  backends: readonly Socket[],
  options: Partial<SessionProxyOptions> = {},
): Promise<{ proxy: SessionProxy; port: number }> {
  // On Bun its own transport stands for node:dgram.
  const transportKind = kind === "node" && "bun" in process.versions ? "bun" : kind;
  const sockets = await openProxySockets({ listen: parseEndpoint("127.0.0.1:0"), transport: transportKind });
  const { transport, openUpstream } = sockets;
  const proxy = new SessionProxy({
    transport,
    backends: backends.map((socket) => ({ endpoint: endpointFromRinfo(socket.address()) })),
    openUpstream,
    clock: { nowMs: () => performance.now() },
    maxSessions: 1_000,
    idleTimeoutMs: 30_000,
    ...options,
  });
  const ticker = setInterval(() => proxy.tick(), 20);
  closing.push(async () => {
    clearInterval(ticker);
    await proxy.close();
    sockets.close();
  });
  return { proxy, port: proxy.localEndpoint.port };
}

async function until(condition: () => boolean, limitMs = 10_000): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end;) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return condition();
}

describe.each(kinds)("over real sockets, %s", (kind) => {
  it("200 clients are answered with nobody's datagrams but their own", async () => {
    const CLIENTS = 200;
    const ROUNDS = 20;
    const { proxy, port } = await proxyTo(kind, [await echo(1), await echo(2), await echo(3)]);
    const answers = Array.from({ length: CLIENTS }, () => new Set<number>());
    const backendOf = new Int8Array(CLIENTS);
    let wrong = 0;
    const clients = await Promise.all(
      answers.map((own, client) =>
        socketAt((_, bytes, from) => {
          const backend = bytes[0]!;
          const isMine = from === port && bytes.length === 9 && bytes.readUInt32LE(1) === client;
          const sticks = backendOf[client] === 0 || backendOf[client] === backend;
          backendOf[client] = backend;
          if (isMine && sticks) own.add(bytes.readUInt32LE(5));
          else wrong += 1;
        }),
      ),
    );
    for (let round = 0; round < ROUNDS; round++) {
      clients.forEach((socket, client) => {
        const bytes = Buffer.alloc(8);
        bytes.writeUInt32LE(client, 0);
        bytes.writeUInt32LE(round, 4);
        socket.send(bytes, port, "127.0.0.1");
      });
      await until(() => answers.every((own) => own.size > round));
    }
    expect(wrong).toBe(0);
    expect(answers.map((own) => own.size)).toEqual(new Array(CLIENTS).fill(ROUNDS));
    const { sessions, counts, drops, backends } = proxy.report();
    expect(sessions).toBe(CLIENTS);
    expect(counts).toMatchObject({ opened: CLIENTS, failed: 0, moved: 0 });
    expect(Object.values(drops)).toEqual(Object.values(drops).fill(0));
    expect(backends.reduce((sum, { datagramsFrom }) => sum + datagramsFrom, 0)).toBe(CLIENTS * ROUNDS);
    const shares = backends.map((backend) => backend.sessions);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  });

  it("leaves a backend that is gone within three probe intervals", async () => {
    const [first, second] = [await echo(1), await echo(2)];
    const intervalMs = 400;
    let downAtMs = Infinity;
    const { proxy, port } = await proxyTo(kind, [first, second], {
      probe: { payload: Buffer.from("?"), intervalMs },
      onHealth: (_, change) => (downAtMs = change === "down" ? performance.now() : downAtMs),
    });
    const seen: number[] = [];
    const client = await socketAt((_, bytes) => seen.push(bytes[0]!));
    const send = (): void => client.send("hello", port, "127.0.0.1");
    send();
    expect(
      await until(() => seen.length > 0 && proxy.report().backends.every(({ rttMs }) => rttMs !== null)),
    ).toBe(true);
    const mine = seen[0]!;
    const diedAtMs = performance.now();
    await new Promise<void>((resolve) => (mine === 1 ? first : second).close(resolve));
    (mine === 1 ? first : second).close = () => first;
    expect(await until(() => downAtMs < Infinity)).toBe(true);
    expect(downAtMs - diedAtMs).toBeLessThanOrEqual(3 * intervalMs);
    send();
    expect(await until(() => seen.some((backend) => backend !== mine))).toBe(true);
    expect(proxy.counts).toMatchObject({ opened: 1, moved: 1 });
  });

  it("without probes finds a backend that refuses by what passes", async () => {
    const dead = await echo(1);
    const endpoint = endpointFromRinfo(dead.address());
    const alive = await echo(2);
    const { proxy, port } = await proxyTo(kind, [alive]);
    await new Promise<void>((resolve) => dead.close(resolve));
    dead.close = () => dead;
    proxy.reload([{ endpoint }]);
    const seen: number[] = [];
    const client = await socketAt((_, bytes) => seen.push(bytes[0]!));
    const sending = setInterval(() => client.send("hello", port, "127.0.0.1"), 50);
    closing.push(() => clearInterval(sending));
    expect(await until(() => proxy.report().backends[0]!.refused > 0)).toBe(true);
    proxy.reload([{ endpoint }, { endpoint: endpointFromRinfo(alive.address()) }]);
    expect(await until(() => seen.includes(2))).toBe(true);
    expect(proxy.report().backends.find(({ state }) => state === "down")?.movedAway).toBe(1);
  });
});
