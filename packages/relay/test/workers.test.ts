import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { parseConfig, Relay, type RelayReport } from "@udp-relay/relay";
import { WorkerPool } from "../src/worker/worker-pool.ts";
import { v3 } from "./virtual-tunnel.ts";

/** SO_REUSEPORT: Node 23 and later on Linux; Bun's own sockets are tried by the same option. */
const sharesPorts = process.platform === "linux";

const open: (Relay | Socket)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) {
    if (one instanceof Relay) await one.close();
    else one.close();
  }
});

async function startRelay(workers: number, transport: string): Promise<Relay> {
  const relay = await Relay.start(
    parseConfig({
      host: "127.0.0.1",
      port: 0,
      allow: ["127.0.0.0/8"],
      workers,
      transport,
      clientsPerPrefix: 200,
      refreshMs: 100,
    }),
  );
  open.push(relay);
  return relay;
}

class Peer {
  received = 0;
  readonly id: number;
  readonly #socket: Socket;
  readonly #port: number;

  static async open(id: number, relay: Relay): Promise<Peer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    open.push(socket);
    return new Peer(id, socket, relay.port);
  }

  private constructor(id: number, socket: Socket, port: number) {
    this.id = id;
    this.#socket = socket;
    this.#port = port;
    socket.on("message", () => this.received++);
  }

  async send(receiver: number, payload = 20): Promise<void> {
    await new Promise((resolve) => {
      this.#socket.send(v3(this.id, receiver, payload), this.#port, "127.0.0.1", resolve);
    });
  }
}

async function until(what: string, isSo: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Everybody registers, again if need be, as clients do: a newcomer is refused as `busy` while the other worker stands
 * still in the middle of a join. Returns how many datagrams that took.
 */
async function join(relay: Relay, peers: readonly Peer[]): Promise<number> {
  let sent = 0;
  for (let tries = 0; tries < 20; tries++) {
    const there = new Set(relay.report().clients.map(({ id }) => id));
    const missing = peers.filter(({ id }) => !there.has(id));
    if (missing.length === 0) break;
    for (const peer of missing) await peer.send(0, 0);
    sent += missing.length;
    await until("registrations", () => relay.report().received === sent);
  }
  return sent;
}

const droppedOf = (report: RelayReport): number => Object.values(report.dropped).reduce((a, b) => a + b, 0);
const consumedOf = ({ consumed }: RelayReport): number =>
  consumed.registrations + consumed.pings + consumed.commands;

describe.each(["node", "auto"])("workers over transport %s", (transport) => {
  it.skipIf(!sharesPorts)(
    "relay between clients of different workers, and their totals add up exactly",
    async () => {
      const relay = await startRelay(2, transport);
      const peers = await Promise.all(Array.from({ length: 12 }, (_, i) => Peer.open(i + 1, relay)));
      const joined = await join(relay, peers);
      for (let round = 0; round < 20; round++) {
        for (const peer of peers) await peer.send((peer.id % 12) + 1);
      }
      await until("datagrams", () => peers.every(({ received }) => received === 20));
      // A worker adds a batch to the totals when it has sent it: the last one may reach its peer before.
      await until("totals", () => relay.report().forwarded >= 240);
      const report = relay.report();
      expect(report).toMatchObject({ received: joined + 240, forwarded: 240 });
      expect(report.received).toBe(report.forwarded + consumedOf(report) + droppedOf(report));
      expect(report.workers.map(({ state }) => state)).toEqual(["running", "running"]);
      expect(report.workers.reduce((sum, { received }) => sum + received, 0)).toBe(joined + 240);
      // With 12 peers one of two sockets alone gets all of them once in 2,048 runs.
      expect(report.workers.every(({ received }) => received > 0)).toBe(true);
      expect(report.clients.length).toBe(12);
      expect(
        report.clients.every(
          ({ packetsReceived, packetsSent }) => packetsReceived >= 21 && packetsSent === 20,
        ),
      ).toBe(true);
    },
  );

  it.skipIf(!sharesPorts)(
    "a killed worker is replaced within a second, and every datagram is accounted for",
    async () => {
      const startingMs = performance.now();
      const relay = await startRelay(2, transport);
      const startMs = performance.now() - startingMs;
      const pool = relay.workers;
      if (!(pool instanceof WorkerPool)) throw new Error("there are no threads");
      const peers = await Promise.all(Array.from({ length: 12 }, (_, i) => Peer.open(i + 1, relay)));
      const joined = await join(relay, peers);
      let sent = joined;
      for (let kill = 0; kill < 6; kill++) {
        const killed = pool.kill(kill % 2);
        for (let i = 0; i < 200; i++) {
          const peer = peers[i % 12]!;
          await peer.send((peer.id % 12) + 1);
          sent++;
        }
        await killed;
        const killedAtMs = performance.now();
        await until("the successor", () => pool.status().every(({ state }) => state === "running"), 20_000);
        // A second is the promise; the machine of these tests may be busy with others, as the first start tells.
        expect(performance.now() - killedAtMs).toBeLessThan(Math.max(3_000, 5 * startMs));
      }
      // The survivors and the successors relay to everybody.
      for (const peer of peers) peer.received = 0;
      for (const peer of peers) await peer.send((peer.id % 12) + 1);
      sent += 12;
      await until("datagrams after the kills", () => peers.every(({ received }) => received >= 1));
      // What the killed ones had queued may be what they got: the sockets that outlive them are emptied first.
      if (relay.report().workers[0]!.transport === "linux")
        await until("the queues", () => relay.report().received === sent, 20_000);
      const report = relay.report();
      expect(report.workers.reduce((sum, { restarts }) => sum + restarts, 0)).toBe(6);
      expect(report.received).toBe(report.forwarded + consumedOf(report) + droppedOf(report));
      // The Linux sockets outlive their workers: nothing is lost in them.
      if (report.workers[0]!.transport === "linux") expect(report.received).toBe(sent);
      else expect(report.received).toBeLessThanOrEqual(sent);
      expect(relay.report().clients.length).toBe(12);
    },
  );
});

describe("workers", () => {
  it.skipIf(!sharesPorts)("take other limits while they run", async () => {
    const relay = await startRelay(2, "node");
    const peer = await Peer.open(1, relay);
    await peer.send(0, 0);
    await until("registration", () => relay.report().consumed.registrations === 1);
    const needRestart = relay.reload({ ...relay.config, deny: ["127.0.0.1/32"], maxClients: 7 });
    expect(needRestart).toEqual(["maxClients"]);
    await until("the denial", () => {
      void peer.send(0, 0);
      return (relay.report().dropped["address:denied-prefix"] ?? 0) > 0;
    });
    expect(() => relay.reload({ ...relay.config, deny: ["nonsense"] })).toThrow(/nonsense/);
    expect(relay.config.deny).toEqual(["127.0.0.1/32"]);
  });

  it.skipIf(!sharesPorts)("take other limits while they are only starting", async () => {
    const relay = await startRelay(2, "auto");
    const pool = relay.workers;
    if (!(pool instanceof WorkerPool)) throw new Error("there are no threads");
    await pool.kill(0);
    await until("its end", () => pool.status()[0]!.restarts === 1);
    // Its successor has been handed the old settings by now, and loads its modules.
    await new Promise((resolve) => setTimeout(resolve, 5));
    relay.reload({ ...relay.config, deny: ["127.0.0.1/32"] });
    await until("a successor", () => pool.status()[0]!.state === "running", 20_000);
    const peers = await Promise.all(Array.from({ length: 12 }, (_, i) => Peer.open(i + 1, relay)));
    const denied = (): number => relay.report().dropped["address:denied-prefix"] ?? 0;
    let deniedOfRound = 0;
    // Both deal with a batch before they look for messages; whoever is not told goes on to take its peers.
    for (let round = 1; round <= 10 && deniedOfRound < 12; round++) {
      const before = denied();
      for (const peer of peers) await peer.send(0, 0);
      await until("their datagrams", () => relay.report().received === 12 * round);
      deniedOfRound = denied() - before;
    }
    expect(deniedOfRound).toBe(12);
  });

  it.skipIf(!sharesPorts)("refuse a port that another program has", async () => {
    const relay = await startRelay(0, "node");
    await expect(
      Relay.start(parseConfig({ host: "127.0.0.1", port: relay.port, workers: 2, allow: ["127.0.0.0/8"] })),
    ).rejects.toMatchObject({ code: "ERR_RELAY_PORT_IN_USE" });
  });
});
