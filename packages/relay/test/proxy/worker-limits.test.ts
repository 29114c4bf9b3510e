import type { Socket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { Clients, closeAll, echo, every, nameOf, socketAt, startWorkers, until } from "./real-workers.ts";

afterEach(closeAll);

/** Answers probes, and clients with its number in front, until it is dead; keeps what it heard. */
class ProbedBackend {
  isDead = false;
  /** Since it died: probes, and for each datagram of a session how many probes had come before it. */
  unanswered = 0;
  readonly strays: number[] = [];
  /** By client: the ports that its session came from. */
  readonly ports = new Map<number, Set<number>>();
  readonly socket: Socket;

  static async open(number: number): Promise<ProbedBackend> {
    const backend: ProbedBackend = new ProbedBackend(
      await socketAt((bytes, port, socket) => {
        if (bytes.toString() === "alive?") {
          if (backend.isDead) backend.unanswered += 1;
          else socket.send("alive!", port, "127.0.0.1");
          return;
        }
        if (backend.isDead) {
          backend.strays.push(backend.unanswered);
          return;
        }
        const client = bytes.readUInt32LE(0);
        const ports = backend.ports.get(client) ?? new Set();
        backend.ports.set(client, ports.add(port));
        socket.send(Buffer.concat([Buffer.of(number), bytes]), port, "127.0.0.1");
      }),
    );
    return backend;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
  }
}

describe.skipIf(process.platform !== "linux")(
  "limits of a proxy of two workers (threads on Linux only)",
  () => {
    it("datagrams a second: each client's are limited, wherever its session is, and every one refused is counted", async () => {
      const PER_SECOND = 5;
      const { proxy, port } = await startWorkers([await echo(1)], "--packets-per-second", String(PER_SECOND));
      const clients = await Clients.open(7, port);
      const quiet = [6];
      const flooding = [0, 1, 2, 3, 4, 5];
      const startMs = performance.now();
      await clients.exchange();
      await until("refusals", () => {
        clients.send(flooding);
        return proxy.report().drops.rateLimited >= 60;
      });
      await clients.exchange(quiet);
      await until("all of it", () => proxy.report().transport.receivedDatagrams === clients.datagrams);
      const { drops, backends, sessions } = proxy.report();
      const { datagramsTo } = backends[0]!;
      expect(datagramsTo + drops.rateLimited + drops.tableBusy).toBe(clients.datagrams);
      expect(sessions).toBe(7);
      await until("answers", () => clients.answered.reduce((sum, { size }) => sum + size, 0) === datagramsTo);
      const most = PER_SECOND * (1 + (performance.now() - startMs) / 1_000) + 1;
      for (const index of flooding) {
        expect(clients.answered[index]!.size).toBeGreaterThanOrEqual(PER_SECOND);
        expect(clients.answered[index]!.size).toBeLessThanOrEqual(most);
      }
      expect(clients.wrong).toBe(0);
    });

    it("new ports gain an address nothing: its rate is all workers' together", async () => {
      const PER_SECOND = 20;
      const flags = ["--packets-per-second", "10", "--prefix-packets-per-second", String(PER_SECOND)];
      const { proxy, port } = await startWorkers([await echo(1)], ...flags);
      const crowd = await Clients.open(60, port);
      const startMs = performance.now();
      crowd.send();
      await until("all of it", () => proxy.report().transport.receivedDatagrams === crowd.datagrams);
      const { drops, backends } = await proxy.freshReport();
      const most = PER_SECOND * (1 + (performance.now() - startMs) / 1_000) + 1;
      const { datagramsTo } = backends[0]!;
      expect(datagramsTo + drops.prefixRateLimited + drops.tableBusy).toBe(crowd.datagrams);
      expect(datagramsTo).toBeLessThanOrEqual(most);
      expect(datagramsTo + drops.tableBusy).toBeGreaterThanOrEqual(PER_SECOND);
      // Who comes from elsewhere is not held up.
      const elsewhere = await Clients.open(2, port, "127.0.0.3");
      await elsewhere.exchange();
    });

    it("prefixes that are denied get nothing; an address has so many sessions, all workers together", async () => {
      const LIMIT = 5;
      const flags = ["--deny", "127.0.0.2/32", "--sessions-per-prefix", String(LIMIT)];
      const { proxy, port } = await startWorkers([await echo(1)], ...flags);
      const denied = await Clients.open(8, port, "127.0.0.2");
      for (let n = 0; n < 3; n++) denied.send();
      await until("refusals", () => proxy.report().drops.address === denied.datagrams);
      expect(proxy.report()).toMatchObject({ sessions: 0, counts: { opened: 0 } });
      const crowd = await Clients.open(16, port);
      const answered = (): number => crowd.answered.filter(({ size }) => size > 0).length;
      await until("as many as may be, and refusals", () => {
        crowd.send();
        return answered() >= LIMIT && proxy.report().drops.prefixFull >= 100;
      });
      expect(answered()).toBe(LIMIT);
      const elsewhere = await Clients.open(LIMIT, port, "127.0.0.3");
      await elsewhere.exchange();
      expect((await proxy.freshReport()).sessions).toBe(2 * LIMIT);
      const received = denied.datagrams + crowd.datagrams + elsewhere.datagrams;
      await until("all of it", () => proxy.report().transport.receivedDatagrams === received);
      const { drops, backends } = proxy.report();
      const refused = drops.address + drops.prefixFull + drops.tableBusy;
      expect(backends[0]!.datagramsTo + refused).toBe(received);
      expect(denied.answered.every(({ size }) => size === 0)).toBe(true);
    });

    it("a dead backend is left within three probe intervals, and no session of another is touched", async () => {
      const servers = [
        await ProbedBackend.open(1),
        await ProbedBackend.open(2),
        await ProbedBackend.open(3),
      ] as const;
      const flags = ["--probe", "alive?", "--probe-expect", "alive!", "--probe-interval-ms", "300"];
      const { proxy, port, warnings } = await startWorkers(
        servers.map(({ socket }) => socket),
        ...flags,
      );
      const clients = await Clients.open(18, port);
      await clients.exchange();
      const dying = servers[1];
      const victims = clients.backends.flatMap((own, index) => (own.has(2) ? [index] : []));
      const others = clients.backends.flatMap((own, index) => (own.has(2) ? [] : [index]));
      expect(victims.length).toBeGreaterThan(0);
      expect(others.length).toBeGreaterThan(0);
      const before = others.map((index) => [...clients.backends[index]!]);
      const stop = every(10, () => clients.send());
      dying.isDead = true;
      const changes = (): string[] => warnings.map(({ message }) => message);
      await until("it is down", () => changes().includes("down"));
      await until("probes more", () => dying.unanswered >= 5);
      // The fourth one comes three intervals after the first.
      expect(Math.max(...dying.strays)).toBeLessThanOrEqual(3);
      stop();
      await clients.exchange();
      expect(warnings[0]).toEqual({ message: "down", facts: { backend: nameOf(dying.socket) } });
      expect(others.map((index) => [...clients.backends[index]!])).toEqual(before);
      for (const { ports } of [servers[0], servers[2]]) {
        for (const [client, own] of ports) if (others.includes(client)) expect(own.size).toBe(1);
      }
      for (const index of victims) expect(clients.backends[index]!.size).toBe(2);
      await until("totals", () => proxy.report().counts.moved === victims.length);
      expect(proxy.report()).toMatchObject({
        sessions: 18,
        counts: { opened: 18, failed: 0, evicted: 0 },
      });
      dying.isDead = false;
      await until("it is back", () => changes().includes("up"));
      expect(changes()).toEqual(["down", "up"]);
      expect(clients.wrong).toBe(0);
    });
  },
);
