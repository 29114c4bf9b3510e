import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import { afterEach, describe, expect, it } from "vitest";
import type { RelayLog } from "../../src/operations/relay-log.ts";
import { readProxyArguments } from "../../src/proxy/proxy-config.ts";
import { noDrops } from "../../src/proxy/proxy-counters.ts";
import { ProxyWorkers } from "../../src/proxy/workers/proxy-workers.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function socketAt(onMessage: (bytes: Buffer, port: number, socket: Socket) => void): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port }) => {
    onMessage(bytes, port, socket);
  });
  socket.on("error", () => undefined);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  closing.push(() => socket.close());
  return socket;
}

/** Answers with what it was sent, its own number in front. */
const echo = (number: number): Promise<Socket> =>
  socketAt((bytes, port, socket) => {
    socket.send(Buffer.concat([Buffer.of(number), bytes]), port, "127.0.0.1");
  });

const nameOf = (socket: Socket): string => `127.0.0.1:${socket.address().port}`;
const specOf = (socket: Socket) => ({ endpoint: endpointFromRinfo(socket.address()) });

interface Started {
  readonly proxy: ProxyWorkers;
  readonly port: number;
  /** Log lines of at least a warning, and what of them there was to say. */
  readonly warnings: { readonly message: string; readonly facts: object }[];
}

async function start(backends: readonly Socket[], ...flags: readonly string[]): Promise<Started> {
  const to = backends.flatMap((backend) => ["--to", nameOf(backend)]);
  const config = readProxyArguments([
    ...["--listen", "127.0.0.1:0", "--allow", "127.0.0.0/8", "--workers", "2"],
    ...to,
    ...flags,
  ])!;
  const warnings: Started["warnings"] = [];
  const nothing = (): void => undefined;
  const warn = (facts: object | string, message = ""): void => {
    warnings.push({ message, facts: typeof facts === "string" ? {} : facts });
  };
  const log: RelayLog = { trace: nothing, debug: nothing, info: nothing, warn, error: warn };
  const proxy = await ProxyWorkers.open({
    config,
    backends: config.to,
    log,
    onHealth: (backend, change) => {
      warn({ backend: backend.name }, change);
    },
    onError: (error) => {
      warn({ error: String(error) }, "threw");
    },
  });
  const ticker = setInterval(() => {
    proxy.tick();
  }, 20);
  closing.push(async () => {
    clearInterval(ticker);
    await proxy.close();
  });
  return { proxy, port: proxy.localEndpoint.port, warnings };
}

async function until(what: string, condition: () => boolean, limitMs = 20_000): Promise<void> {
  for (const end = performance.now() + limitMs; !condition();) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Clients that number what they send, and look at every answer. */
class Clients {
  readonly answered: Set<number>[] = [];
  /** By client: the backends that it was answered by. */
  readonly backends: Set<number>[] = [];
  wrong = 0;
  datagrams = 0;
  readonly #sockets: Socket[] = [];
  #sent = 0;

  static async open(count: number, port: number): Promise<Clients> {
    const clients = new Clients();
    for (let index = 0; index < count; index++) {
      clients.answered.push(new Set());
      clients.backends.push(new Set());
      const socket = await socketAt((bytes, from) => {
        if (from !== port || bytes.length !== 9 || bytes.readUInt32LE(1) !== index) clients.wrong += 1;
        clients.backends[index]!.add(bytes[0]!);
        clients.answered[index]!.add(bytes.readUInt32LE(5));
      });
      socket.connect(port, "127.0.0.1");
      await once(socket, "connect");
      clients.#sockets.push(socket);
    }
    return clients;
  }

  /** Returns the datagrams' number. */
  send(which: readonly number[] = this.answered.map((_, index) => index)): number {
    this.#sent += 1;
    for (const index of which) {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32LE(index, 0);
      bytes.writeUInt32LE(this.#sent, 4);
      this.#sockets[index]!.send(bytes);
      this.datagrams += 1;
    }
    return this.#sent;
  }

  /**
   * Sends to and fro, again if need be, until each has had an answer to a datagram of this call's: a newcomer is refused
   * as `tableBusy` while the other worker stands still in the middle of a join.
   */
  async exchange(which: readonly number[] = this.answered.map((_, index) => index)): Promise<void> {
    const first = this.#sent + 1;
    const isAnswered = (index: number): boolean =>
      [...this.answered[index]!].some((number) => number >= first);
    for (let tries = 0; tries < 40; tries++) {
      const missing = which.filter((index) => !isAnswered(index));
      if (missing.length === 0) return;
      this.send(missing);
      await new Promise((resolve) => setTimeout(resolve, 25 + 10 * tries));
    }
    throw new Error("some client was not answered");
  }
}

const descriptors = (): number => readdirSync("/proc/self/fd").length;

describe.skipIf(process.platform !== "linux")("a proxy of two workers", () => {
  it("answers each client with nobody's datagrams but its own; its totals are sums; it drains", async () => {
    const COUNT = 40;
    const ROUNDS = 5;
    const servers = [await echo(1), await echo(2), await echo(3)];
    const { proxy, port } = await start(servers);
    const clients = await Clients.open(COUNT + 10, port);
    const first = Array.from({ length: COUNT }, (_, index) => index);
    await clients.exchange(first);
    for (let round = 1; round <= ROUNDS; round++) {
      const number = clients.send(first);
      await until("answers", () => first.every((index) => clients.answered[index]!.has(number)));
    }
    expect(clients.wrong).toBe(0);
    // Sticky: nobody was answered by two.
    expect(first.map((index) => clients.backends[index]!.size)).toEqual(new Array(COUNT).fill(1));
    const sent = clients.datagrams;
    await until("totals", () => proxy.report().transport.receivedDatagrams === sent);
    const answers = sent - proxy.report().drops.tableBusy;
    const { sessions, counts, drops, backends, transport, upstreams, workers } = await proxy.freshReport();
    expect(upstreams).toMatchObject({ receivedDatagrams: answers, sentDatagrams: answers, drops: {} });
    expect(sessions).toBe(COUNT);
    expect(counts).toMatchObject({ opened: COUNT, failed: 0, moved: 0, workerDied: 0 });
    expect({ ...drops, tableBusy: 0 }).toEqual(noDrops());
    expect(backends.reduce((sum, { datagramsFrom }) => sum + datagramsFrom, 0)).toBe(answers);
    expect(transport).toMatchObject({ sentDatagrams: answers, drops: {} });
    expect(workers.map(({ state }) => state)).toEqual(["running", "running"]);
    const listed = await proxy.reportSessions();
    expect(new Set(listed.map(({ endpoint }) => endpoint)).size).toBe(COUNT);
    for (const { packetsReceived, packetsSent } of listed) expect(packetsSent).toBe(packetsReceived);
    expect(listed.reduce((sum, { packetsSent }) => sum + packetsSent, 0)).toBe(answers);

    // One backend, then all of it. Whoever has answered has heard what came before.
    const [drained, open] = [servers[0]!, servers.slice(1)];
    expect(proxy.drainBackend("192.0.2.1:53")).toBe(false);
    expect(proxy.drainBackend(nameOf(drained))).toBe(true);
    await proxy.reportSessions();
    const later = [40, 41, 42, 43, 44, 45];
    await clients.exchange(later);
    for (const index of later) expect([...clients.backends[index]!][0]).toBeGreaterThan(1);
    expect(open).toHaveLength(2);
    proxy.drain();
    expect(proxy.takesSessions).toBe(false);
    clients.send([46, 47, 48]);
    await until("refusals", () => proxy.report().drops.draining === 3);
    await clients.exchange(later);
    proxy.drain(false);
    await clients.exchange();
    expect(clients.wrong).toBe(0);
  });

  it("killed under load: clients get new sessions, nobody another's replies; limits hold; no descriptor stays", async () => {
    const COUNT = 30;
    const { proxy, port } = await start([await echo(1), await echo(2)], "--max-sessions", String(COUNT));
    const clients = await Clients.open(COUNT + 12, port);
    const admitted = Array.from({ length: COUNT }, (_, index) => index);
    const others = Array.from({ length: 12 }, (_, index) => COUNT + index);
    await clients.exchange(admitted);
    await until("sessions", () => proxy.report().sessions === COUNT);
    const before = descriptors();
    let loading = true;
    const load = (async () => {
      while (loading) {
        clients.send(admitted);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    const kills = [0, 1];
    for (const [nth, index] of kills.entries()) {
      await proxy.kill(index);
      await until("a successor", () => {
        const { workers } = proxy.report();
        const restarts = workers.reduce((sum, worker) => sum + worker.restarts, 0);
        return restarts === nth + 1 && workers.every(({ state }) => state === "running");
      });
    }
    loading = false;
    await load;
    await clients.exchange(admitted);
    await until("sessions", () => proxy.report().sessions === COUNT);
    // All sessions are taken, and each of them had answers.
    const refusedBefore = proxy.report().drops.sessionsFull;
    await until("refusals", () => {
      clients.send(others);
      return proxy.report().drops.sessionsFull >= refusedBefore + 12;
    });
    expect(clients.wrong).toBe(0);
    expect(clients.answered.filter(({ size }) => size > 0)).toHaveLength(COUNT);
    const { counts, backends, sessions } = proxy.report();
    expect(sessions).toBe(COUNT);
    expect(counts.workerDied).toBeGreaterThan(0);
    const ended = counts.expired + counts.evicted + counts.failed + counts.workerDied;
    expect(counts.opened - ended).toBe(COUNT);
    expect(backends.reduce((sum, backend) => sum + backend.sessions, 0)).toBe(COUNT);
    // A kill may leave what it interrupted: one descriptor each.
    expect(descriptors()).toBeLessThanOrEqual(before + kills.length);
  });

  it("a reload loses no session, a dead backend is left, and a place that is free is another's", async () => {
    const [first, second, third] = [await echo(1), await echo(2), await echo(3)];
    const { proxy, port, warnings } = await start([first], "--idle-timeout-ms", "4000");
    const clients = await Clients.open(16, port);
    const old = [0, 1, 2, 3, 4, 5, 6, 7];
    await clients.exchange(old);
    proxy.reload([specOf(second)]);
    await proxy.reportSessions();
    await clients.exchange();
    // Who was there stays, who is new goes to the new one.
    const expected = clients.backends.map((_, index) => [old.includes(index) ? 1 : 2]);
    expect(clients.backends.map((own) => [...own])).toEqual(expected);
    const states = (): (readonly [string, string])[] =>
      proxy.report().backends.map(({ name, state }) => [name, state] as const);
    expect(states()).toEqual([
      [nameOf(first), "draining"],
      [nameOf(second), "up"],
    ]);
    await until("it is forgotten", () => proxy.report().backends.length === 1, 15_000);
    proxy.reload([specOf(second), specOf(third)]);
    await proxy.reportSessions();
    const more = await Clients.open(16, port);
    await more.exchange();
    const thirds = more.backends.filter((own) => own.has(3)).length;
    expect(thirds).toBeGreaterThan(0);
    // Counted from nothing: the first's counts went with it.
    await until("the third's sessions", () => proxy.report().backends[1]!.sessionsTotal === thirds);
    expect(proxy.report().backends[1]).toMatchObject({ name: nameOf(third), sessions: thirds });

    const name = nameOf(third);
    const ofSecond = more.backends.flatMap((own, index) => (own.has(2) ? [index] : []));
    third.close();
    third.close = () => third;
    // Without probes it is its host's refusals that tell, to whichever worker.
    const load = setInterval(() => more.send(), 50);
    closing.push(() => {
      clearInterval(load);
    });
    await until("it is down", () => warnings.some(({ message }) => message === "down"));
    clearInterval(load);
    expect(warnings.find(({ message }) => message === "down")?.facts).toEqual({ backend: name });
    await proxy.reportSessions();
    await more.exchange();
    for (const index of ofSecond) expect([...more.backends[index]!]).toEqual([2]);
    expect(proxy.report().counts.failed).toBe(0);
    expect(clients.wrong + more.wrong).toBe(0);
  });
});
