import { AddressPolicy, endpointsEqual } from "@udp-relay/address-validation";
import { ManualClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { ClientSnapshot } from "@udp-relay/tunnel-client";
import { describe, expect, it } from "vitest";
import { RelayEndpoint } from "../src/compose/relay-endpoint.ts";
import type { RelayEndpointOptions } from "../src/compose/relay-endpoint.ts";
import { DropReason } from "../src/transport/drop-reason.ts";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";
import { numbered, numberOf, untilReal } from "./conformance/adapter-under-test.ts";

describe("a relay endpoint", () => {
  it("takes a datagram's way: judged, known, counted, forwarded", () => {
    const { relay, clients, network, player, pass, clock } = house({
      onDatagram: (datagram, endpoint) => {
        expect(datagram.tick).toBe(clock.recentMs());
        expect(numberOf(datagram.bytes)).toBe(numberOf(datagram.slab.subarray(datagram.offset)));
        clients.forEach((slot) => {
          if (slot !== datagram.from) expect(endpoint.forward(datagram, slot)).toBe(0);
        });
      },
    });
    const [anna, bert] = [player(1), player(2)];
    anna.send(1);
    pass(5);
    bert.send(2);
    pass(5);
    anna.send(3);
    anna.send(4);
    pass(5);
    expect(anna.heard).toEqual([2]);
    expect(bert.heard).toEqual([3, 4]);
    expect(relay.stats()).toMatchObject({ handled: 4, refused: {}, forwarded: 3, forwardedBytes: 24 });
    expect(relay.stats().transport).toMatchObject({ receivedDatagrams: 4, sentDatagrams: 3, drops: {} });
    const known = (who: Player): ClientSnapshot | undefined =>
      clients
        .snapshot(clock.recentMs())
        .find(({ endpoint }) => endpointsEqual(endpoint, who.socket.localEndpoint));
    expect(known(anna)).toMatchObject({
      packetsReceived: 3,
      bytesReceived: 24,
      packetsSent: 1,
      bytesSent: 8,
    });
    expect(known(bert)).toMatchObject({ packetsReceived: 1, packetsSent: 2, bytesSent: 16 });
    expect(network.stats().inFlight).toBe(0);
  });

  it("refuses by reason, and everything received is handled or refused", () => {
    const { relay, player, pass } = house({
      policy: AddressPolicy.preset("lan", { deny: ["10.0.1.2/32"] }),
      minimumBytes: 4,
      capacity: 2,
      onDatagram: (datagram, endpoint) => {
        if (numberOf(datagram.bytes) === 666) throw new Error("the protocol's mistake");
        // A client that has been sent something is not asked to make room.
        endpoint.forward(datagram, datagram.from);
      },
      onError: () => undefined,
    });
    player(1).send(1);
    player(2).send(1);
    player(3).socket.send(new Uint8Array(3), relay.localEndpoint);
    const fourth = player(4);
    fourth.send(666);
    fourth.send(2);
    player(5).send(3);
    pass(5);
    const { handled, refused, transport } = relay.stats();
    expect(handled).toBe(2);
    expect(refused).toEqual({ tooShort: 1, callbackThrew: 1, "address: denied-prefix": 1, "table: full": 1 });
    expect(transport.receivedDatagrams).toBe(handled + 4);
  });

  it("reports a protocol that throws once, and costs nobody else a datagram", () => {
    const reports: string[] = [];
    let heard = 0;
    const { relay, player, pass } = house({
      onDatagram: (datagram) => {
        if (numberOf(datagram.bytes) === 0) throw new Error("the protocol's mistake");
        heard += 1;
      },
      onError: (error, { during, transport }) => reports.push(`${transport} ${during} ${String(error)}`),
    });
    const [good, bad] = [player(1), player(2)];
    for (let n = 1; n <= 500; n++) {
      bad.send(0);
      good.send(n);
    }
    pass(5);
    expect(heard).toBe(500);
    expect(relay.stats().refused).toEqual({ callbackThrew: 500 });
    expect(reports).toEqual(["memory onDatagram Error: the protocol's mistake"]);
  });

  it("keeps an id with its endpoint until that is silent for the timeout", () => {
    const { relay, clients, player, pass, clock } = house({
      key: "u32",
      timeoutMs: 30_000,
      identify: (datagram) => numberOf(datagram.bytes) - 1,
      onDatagram: (datagram) => expect(datagram.isNew).toBe(clients.created),
    });
    const [owner, thief] = [player(1), player(2)];
    owner.send(8);
    pass(10);
    thief.send(8);
    thief.send(0);
    pass(10);
    expect(relay.stats().refused).toEqual({ idTaken: 1, noId: 1 });
    pass(29_979);
    thief.send(8);
    pass(1);
    expect(relay.stats().refused.idTaken).toBe(2);
    pass(2);
    thief.send(8);
    pass(2);
    expect(relay.stats().refused.idTaken).toBe(2);
    const [snapshot] = clients.snapshot(clock.recentMs());
    expect(snapshot).toMatchObject({ id: 7, packetsReceived: 2 });
    expect(endpointsEqual(snapshot!.endpoint, thief.socket.localEndpoint)).toBe(true);
  });

  it("sends to a client by its handle from anywhere, and knows when it is gone", () => {
    const { relay, clients, player, pass, clock } = house({
      timeoutMs: 1_000,
      onDatagram: (datagram) => {
        if (numberOf(datagram.bytes) === 1) handle = clients.handle(datagram.from);
      },
    });
    let handle = 0;
    const anna = player(1);
    anna.send(1);
    pass(5);
    expect(relay.sendTo(handle, numbered(9))).toBe(0);
    relay.flush();
    pass(5);
    expect(anna.heard).toEqual([9]);
    expect(clients.snapshot(clock.recentMs())[0]).toMatchObject({ packetsSent: 1, bytesSent: 8 });
    expect(relay.sendTo(handle, new Uint8Array(3_000))).toBe(DropReason.tooLarge);
    expect(clients.snapshot(clock.recentMs())[0]).toMatchObject({ packetsSent: 1 });
    pass(2_000);
    clients.sweep(clock.recentMs(), 1_000);
    expect(relay.sendTo(handle, numbered(10))).toBe(-1);
  });

  it("dates what waited in the kernel to its arrival", () => {
    const arrivals: number[] = [];
    const { transport, player, pass, clock } = house({
      onDatagram: (datagram) => arrivals.push(clock.recentMicros() - datagram.arrivalMicros),
    });
    const anna = player(1);
    transport.stall(50);
    anna.send(1);
    pass(60);
    // One millisecond on the way, 49 in the receive buffer.
    expect(arrivals).toEqual([49_000]);
  });

  it("closes its transport and leaves table and clock to the program", async () => {
    const { relay, clients, clock, transport, player, pass } = house({ onDatagram: () => undefined });
    player(1).send(1);
    pass(5);
    await relay.close();
    expect(transport.send(numbered(0), player(2).socket.localEndpoint)).toBe(DropReason.closed);
    expect(clients.snapshot(clock.update()).length).toBe(1);
  });

  it("takes nothing for an id that is none: nobody becomes client 0", () => {
    const answers = [NaN, 2 ** 32, 1.5, -1, Infinity, undefined, "7", 7] as number[];
    let datagrams = 0;
    const { relay, clients, player, pass } = house({
      key: "u32",
      identify: () => answers[datagrams++]!,
      onDatagram: () => undefined,
    });
    const anna = player(1);
    for (const number of answers.keys()) anna.send(number);
    pass(5);
    expect(relay.stats()).toMatchObject({ handled: 1, refused: { noId: answers.length - 1 } });
    expect(clients.snapshot().map(({ id }) => id)).toEqual([7]);
  });

  it("reports a sweep that throws: its timer must not end the process", async () => {
    const reports: string[] = [];
    const { relay, clients } = house({
      sweepIntervalMs: 1,
      onDatagram: () => undefined,
      onError: (error, { during }) => reports.push(`${during} ${(error as { code?: string }).code}`),
    });
    clients[Symbol.dispose]();
    await untilReal(() => reports.length > 0, "the report");
    await relay.close();
    expect(reports).toEqual(["sweep ERR_SHARDED_MAP_DISPOSED"]);
  });

  it("refuses an interval that no timer has", () => {
    const { transport, clients, clock } = house({ onDatagram: () => undefined });
    const make = (): unknown =>
      new RelayEndpoint({ transport, clients, clock, onDatagram: () => undefined, sweepIntervalMs: -1 });
    expect(make).toThrow("sweepIntervalMs");
  });
});

interface HouseOptions extends Omit<RelayEndpointOptions, "transport" | "clients" | "clock"> {
  readonly capacity?: number;
  readonly timeoutMs?: number;
  readonly key?: "u32" | "endpoint";
}

interface Player {
  readonly socket: MemoryTransport;
  readonly heard: number[];
  send(number: number): void;
}

/** A relay at 10.0.0.1 and players at 10.0.1.n, one millisecond away, in virtual time. */
function house({ capacity = 100, timeoutMs = 30_000, key = "endpoint", ...options }: HouseOptions): {
  relay: RelayEndpoint;
  clients: TunnelClientTable;
  network: MemoryNetwork;
  transport: MemoryTransport;
  clock: ManualClock;
  player: (number: number) => Player;
  pass: (ms: number) => void;
} {
  const network = new MemoryNetwork({ link: { delayMs: 1 } });
  const clock = new ManualClock({ startMs: 1_000 });
  const clients = TunnelClientTable.create({ capacity, timeoutMs, key, clock });
  const transport = MemoryTransport.open(network, { host: "10.0.0.1", port: 50_000 });
  const relay = new RelayEndpoint({ transport, clients, clock, sweepIntervalMs: 0, ...options });
  const player = (number: number): Player => {
    const heard: number[] = [];
    const socket = MemoryTransport.open(network, { host: `10.0.1.${number}` });
    socket.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) heard.push(numberOf(batch.bytes(i)));
    };
    return { socket, heard, send: (value) => void socket.send(numbered(value), relay.localEndpoint) };
  };
  const pass = (ms: number): void => {
    for (let n = 0; n < ms; n++) {
      clock.stall(1);
      network.clock.advance(1);
      // What the table's own timer does in real time.
      if (n % 100 === 99) clients.beat(clock.update());
    }
    clock.update();
  };
  return { relay, clients, network, transport, clock, player, pass };
}
