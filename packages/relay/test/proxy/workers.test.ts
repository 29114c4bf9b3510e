import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { times } from "../long-form.ts";
import { noDrops } from "../../src/proxy/proxy-counters.ts";
import {
  Clients,
  closeAll,
  closeLater,
  echo,
  nameOf,
  socketAt,
  specOf,
  startWorkers,
  until,
} from "./real-workers.ts";

afterEach(closeAll);

const descriptors = (): number => readdirSync("/proc/self/fd").length;

describe.skipIf(process.platform !== "linux")("a proxy of two workers", () => {
  it("answers each client with nobody's datagrams but its own; its totals are sums; it drains", async () => {
    const COUNT = 40;
    const ROUNDS = 5;
    const servers = [await echo(1), await echo(2), await echo(3)];
    const { proxy, port } = await startWorkers(servers);
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
    const { sessions, counts, drops, backends, transport, upstreams, workers } = await proxy.freshReport();
    const answers = sent - drops.tableBusy;
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
    let heard = 0;
    const counting = (number: number) =>
      socketAt((bytes, from, socket) => {
        heard += 1;
        socket.send(Buffer.concat([Buffer.of(number), bytes]), from, "127.0.0.1");
      });
    const servers = [await counting(1), await counting(2)];
    const { proxy, port } = await startWorkers(servers, "--max-sessions", String(COUNT));
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
    const { counts, backends, sessions } = await proxy.freshReport();
    expect(sessions).toBe(COUNT);
    expect(counts.workerDied).toBeGreaterThan(0);
    const ended = counts.expired + counts.evicted + counts.failed + counts.workerDied;
    expect(counts.opened - ended).toBe(COUNT);
    expect(backends.reduce((sum, backend) => sum + backend.sessions, 0)).toBe(COUNT);
    // No datagram of a client's is unaccounted for: what the killed ones had in hand is, too. Of what they had sent on
    // they had not published a millisecond's, and the batch in hand: four full batches would take it longer.
    await until("totals", () => {
      const { receivedDatagrams, drops } = proxy.report().transport;
      const { workerDied = 0, kernelReceive = 0 } = drops;
      return receivedDatagrams + workerDied + kernelReceive === clients.datagrams;
    });
    const fresh = await proxy.freshReport();
    const sent = fresh.backends.reduce((sum, backend) => sum + backend.datagramsTo, 0);
    expect(heard - sent).toBeLessThanOrEqual(4 * 64 * kills.length);
    // A kill may leave what it interrupted: one descriptor each.
    expect(descriptors()).toBeLessThanOrEqual(before + kills.length);
  });

  it("a reload loses no session, a dead backend is left, and a place that is free is another's", async () => {
    const [first, second, third] = [await echo(1), await echo(2), await echo(3)];
    const { proxy, port, warnings } = await startWorkers([first], "--idle-timeout-ms", "4000");
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
    closeLater(() => {
      clearInterval(load);
    });
    await until("it is down", () => warnings.some(({ message }) => message === "down"));
    clearInterval(load);
    expect(warnings.find(({ message }) => message === "down")?.facts).toEqual({ backend: name });
    await proxy.reportSessions();
    await more.exchange();
    for (const index of ofSecond) expect([...more.backends[index]!]).toEqual([2]);
    expect((await proxy.freshReport()).counts.failed).toBe(0);
    expect(clients.wrong + more.wrong).toBe(0);
  });

  it.skipIf(times(0, 1) === 0)(
    "long: a dead worker's clients that stay away make room within seconds, those that came back and the others' keep theirs",
    async () => {
      const COUNT = 40;
      const flags = ["--max-sessions", String(COUNT), "--idle-timeout-ms", "60000"];
      const { proxy, port } = await startWorkers([await echo(1)], ...flags);
      const clients = await Clients.open(COUNT, port);
      await clients.exchange();
      const { sessions } = await proxy.freshReport();
      expect(sessions).toBe(COUNT);
      await proxy.kill(0);
      await until("a successor", () => proxy.report().workers.every(({ state }) => state === "running"));
      await until("it is counted", () => proxy.report().counts.workerDied > 0);
      const lost = proxy.report().counts.workerDied;
      expect(lost).toBeGreaterThan(1);
      expect(lost).toBeLessThan(COUNT);
      // One of the dead one's comes back.
      let index = 0;
      const isBack = async (): Promise<boolean> => (await proxy.freshReport()).sessions === COUNT - lost + 1;
      for (; !(await isBack()); index++) await clients.exchange([index]);
      const back = index - 1;
      const newcomers = await Clients.open(lost, port);
      // One at a time: who has had no answer yet would make room for the next.
      let served = 0;
      const admit = (): number => {
        if (newcomers.answered[served]!.size > 0) served += 1;
        newcomers.send([served]);
        return served;
      };
      await until("a refusal", () => admit() > 0 || proxy.report().drops.sessionsFull > 0);
      expect(served).toBe(0);
      const keepAlive = setInterval(() => clients.send([back]), 500);
      closeLater(() => {
        clearInterval(keepAlive);
      });
      await until("room for those that are gone", () => admit() === lost - 1);
      const refusals = proxy.report().drops.sessionsFull;
      await until("no more", () => admit() === lost || proxy.report().drops.sessionsFull > refusals + 100);
      expect(served).toBe(lost - 1);
      const { counts } = await proxy.freshReport();
      expect(counts).toMatchObject({ workerDied: lost, expired: 0, evicted: 0, failed: 0 });
      // Nobody else's session was ended: all that were there go on at the port that they had.
      expect((await proxy.freshReport()).sessions).toBe(COUNT);
      await clients.exchange([back]);
      expect((await proxy.freshReport()).counts.opened).toBe(COUNT + lost);
      expect(clients.wrong + newcomers.wrong).toBe(0);
    },
  );

  it("a reload reaches a worker that is only starting", async () => {
    const [first, second] = [await echo(1), await echo(2)];
    const { proxy, port } = await startWorkers([first]);
    const stateOf = (index: number): string => proxy.report().workers[index]!.state;
    await proxy.kill(1);
    await until("its end", () => proxy.report().workers[1]!.restarts === 1);
    // Its successor has been handed the old list by now, and loads its modules.
    await new Promise((resolve) => setTimeout(resolve, 5));
    proxy.reload([specOf(second)]);
    await until("a successor", () => stateOf(1) === "running");
    const clients = await Clients.open(16, port);
    await until("both have heard", () => proxy.report().backends.length === 1);
    await clients.exchange();
    for (const own of clients.backends) expect([...own]).toEqual([2]);
    expect((await proxy.freshReport()).drops.noBackend).toBe(0);
  });
});
