import { describe, expect, it } from "vitest";
import { MemoryNetwork, MemoryTransport, type MemoryTransportOptions } from "@udp-relay/adapters/memory";
import { openTransport, RelayEndpoint, type RelayEndpointOptions } from "@udp-relay/adapters";
import { AddressPolicy, type AddressPolicyOptions, parseEndpoint } from "@udp-relay/address-validation";
import { createRegion } from "@udp-relay/atomics-layout";
import { ManualClock, type ManualClockOptions, CoarseClock, type TickerOptions } from "@udp-relay/clock";
import { QualityAnalyzer, type QualityOptions } from "@udp-relay/quality-analyzer";
import { parseConfig, Relay, type RelayOptions, RtpMeasurer } from "@udp-relay/relay";
import {
  TunnelClient,
  TunnelClientTable,
  type TunnelClientTableOptions,
  priorityScore,
} from "@udp-relay/tunnel-client";

/**
 * Every option that may be left out, undefined: a new one does not compile until it is here. (That each takes it by its
 * type is what the lint asks of all interfaces.)
 */
type Undefined<Options> = {
  readonly [Name in keyof Options as object extends Pick<Options, Name> ? Name : never]-?: undefined;
};

const text = "5000" as unknown as number;

const transport: Undefined<MemoryTransportOptions> = {
  ...{ host: undefined, port: undefined, reusePort: undefined, ipv6Only: undefined, signal: undefined },
  ...{ receiveBufferBytes: undefined, sendBufferBytes: undefined, maxDatagramBytes: undefined },
  ...{ queueDatagrams: undefined, onBatch: undefined, onError: undefined },
  ...{ bytesPerSecond: undefined, failSend: undefined },
};

describe("a number that comes as text, as environment variables do", () => {
  it.each<[string, () => unknown]>([
    ["clock", () => new CoarseClock().startTicker({ intervalMs: text })],
    ["manual clock", () => new ManualClock({ startMs: text })],
    ["region", () => createRegion({ name: "x", hash: 1, capacity: text, sections: [] })],
    ["table", () => TunnelClientTable.create({ capacity: 5, timeoutMs: text })],
    ["quality", () => new QualityAnalyzer({ windowPackets: text })],
    ["transport", () => MemoryTransport.open(new MemoryNetwork(), { port: text })],
  ])("is refused as text: %s", (_, made) => {
    expect(made).toThrow('"5000"');
  });
});

describe("an option that is undefined is as if it were absent", () => {
  it("clock", () => {
    const manual: Undefined<ManualClockOptions> = { startMs: undefined, unixOriginMs: undefined };
    expect(new ManualClock(manual).update()).toBe(new ManualClock().update());
    const ticker: Undefined<TickerOptions> = { intervalMs: undefined, signal: undefined };
    using clock = new CoarseClock();
    clock.startTicker(ticker)[Symbol.dispose]();
  });

  it("address-validation: extending by nothing changes no verdict", () => {
    const none: Undefined<AddressPolicyOptions> = {
      ...{ preset: undefined, allow: undefined, deny: undefined, unlisted: undefined, ports: undefined },
      ...{ own: undefined, peerRelays: undefined, nat64Prefixes: undefined },
    };
    const home = parseEndpoint("192.168.0.1:5000");
    const abroad = parseEndpoint("198.41.0.4:5000");
    expect(new AddressPolicy(none).judge(home)).toBe(new AddressPolicy().judge(home));
    const strict = AddressPolicy.preset("lan", { unlisted: "deny", allow: ["192.168.0.0/16"] });
    const same = strict.extend(none);
    expect(same.preset).toBe("lan");
    for (const endpoint of [home, abroad]) expect(same.judge(endpoint)).toBe(strict.judge(endpoint));
    expect(new AddressPolicy({ ports: { allow: undefined, deny: undefined } }).judge(abroad)).toBe(0);
  });

  it("quality-analyzer", () => {
    const none: Undefined<QualityOptions> = {
      ...{ sequenceBits: undefined, timestampHz: undefined, windowPackets: undefined },
      ...{ windowMs: undefined, maxGap: undefined },
    };
    const [given, absent] = [new QualityAnalyzer(none), new QualityAnalyzer()];
    for (const quality of [given, absent]) {
      for (let sequence = 0; sequence < 100; sequence += 2) quality.recordSequence(sequence, sequence);
    }
    expect(given.lossPerMille).toBe(absent.lossPerMille);
  });

  it("tunnel-client", () => {
    const weights = { bandwidth: undefined, latency: undefined, loss: undefined, age: undefined };
    const none: Undefined<TunnelClientTableOptions> = {
      ...{ key: undefined, timeConstantMs: undefined, slowBytesPerSecond: undefined, weights: undefined },
      ...{ clientsPerPrefix: undefined, prefixBits6: undefined, quality: undefined, expiryQueue: undefined },
      ...{ workers: undefined, batch: undefined, shards: undefined, owners: undefined, clock: undefined },
      ...{ onError: undefined, onLongGuard: undefined, patience: undefined },
    };
    const inputs = { bytesPerSecond: 5_000, latencyMs: 30, lossPerMille: 7, ageMs: 50_000 };
    expect(priorityScore(inputs, weights)).toBe(priorityScore(inputs));
    using given = TunnelClientTable.create({ capacity: 10, timeoutMs: 1_000, ...none });
    using absent = TunnelClientTable.create({ capacity: 10, timeoutMs: 1_000 });
    expect(given.region.words.length).toBe(absent.region.words.length);
    using weighed = TunnelClientTable.create({ capacity: 10, timeoutMs: 1_000, weights });
    weighed.watch({ lossPerMille: undefined, idleMs: { enter: 1, leave: 0, forMs: undefined } }, () => {
      // Nobody is there.
    });
    using client = new TunnelClient({ timeoutMs: 1_000, weights, endpoint: undefined, clock: undefined });
    using plain = new TunnelClient({ timeoutMs: 1_000 });
    expect(client.priority()).toBe(plain.priority());
  });

  it("adapters", async () => {
    const network = new MemoryNetwork({ clock: undefined, link: undefined });
    await using given = MemoryTransport.open(network, transport);
    await using absent = MemoryTransport.open(network, {});
    expect(given.localEndpoint.port).not.toBe(absent.localEndpoint.port);
    const { bytesPerSecond, failSend, ...socket } = transport;
    expect([bytesPerSecond, failSend]).toEqual([undefined, undefined]);
    const { transport: real } = await openTransport({ ...socket, port: 0, prefer: undefined });
    const { transport: plain } = await openTransport({ port: 0 });
    expect(real.kind).toBe(plain.kind);
    expect(real.stats().receiveBufferBytes).toBe(plain.stats().receiveBufferBytes);
    expect(real.localEndpoint).toMatchObject({ ...plain.localEndpoint, port: real.localEndpoint.port });
    await Promise.all([real.close(), plain.close()]);
    const none: Undefined<RelayEndpointOptions> = {
      ...{ policy: undefined, minimumBytes: undefined, identify: undefined },
      ...{ onError: undefined, sweepIntervalMs: undefined },
    };
    const clock = new ManualClock();
    using clients = TunnelClientTable.create({ capacity: 10, timeoutMs: 1_000, clock });
    await using relay = new RelayEndpoint({
      ...{ transport: given, clients, clock, ...none },
      onDatagram: () => undefined,
    });
    absent.send(new Uint8Array(1), given.localEndpoint);
    network.clock.advance(1);
    expect(relay.stats()).toMatchObject({ handled: 1, refused: {} });
  });

  it("relay", async () => {
    const none: Undefined<RelayOptions> = { log: undefined, protocol: undefined, portSharing: undefined };
    expect(parseConfig({ port: undefined, allow: undefined })).toEqual(parseConfig({}));
    await using relay = await Relay.start(parseConfig({ host: "127.0.0.1", port: 0 }), none);
    expect(relay.protocolName).toBe("v3");
    expect(new RtpMeasurer({ clocks: undefined })).toBeDefined();
  });
});
