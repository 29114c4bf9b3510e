import type { Endpoint } from "@udp-relay/address-validation";
import { formatEndpoint, parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { joinTransports } from "../src/transport/joined.ts";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";
import { isWebsocketEndpoint, websocketEndpoint } from "../src/transport/websocket-endpoint.ts";
import { numbered, numberOf } from "./conformance/adapter-under-test.ts";
import { memoryAdapter } from "./conformance/memory-adapter.ts";
import { conformance } from "./conformance/suite.ts";

const alone = memoryAdapter(new MemoryNetwork({ link: { delayMs: 1 } }));
conformance({
  ...alone,
  name: "joined",
  reportedKind: "memory",
  open: async (options) => joinTransports(await alone.open(options)),
});

describe("joined transports", () => {
  it("send to whom each endpoint belongs, and hand over what either receives", () => {
    const { network, main, guest, joined, user, insider } = house();
    const heard: [string, number][] = [];
    joined.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        heard.push([formatEndpoint(batch.endpoint(i)), numberOf(batch.bytes(i))]);
        joined.forward(batch, i, batch.endpoint(i));
      }
    };
    user.send(numbered(1), main.localEndpoint);
    insider.send(numbered(2), guest.localEndpoint);
    network.clock.drain();
    expect(heard).toEqual([
      [formatEndpoint(user.localEndpoint), 1],
      [formatEndpoint(insider.localEndpoint), 2],
    ]);
    expect(main.stats().sentDatagrams).toBe(1);
    expect(guest.stats().sentDatagrams).toBe(1);
    expect(joined.stats()).toMatchObject({
      sentDatagrams: 2,
      receivedDatagrams: 2,
      receivedBytes: 16,
      drops: {},
    });
  });

  it("drop what reaches main in a guest's name, alone or amid a batch", async () => {
    const { network, main, joined, user, insider } = house();
    const heard: number[] = [];
    let echoed = 0;
    user.onBatch = (batch) => (echoed += batch.count);
    joined.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        heard.push(numberOf(batch.slab(i).subarray(batch.offset(i), batch.offset(i) + batch.length(i))));
        expect([batch.a0(i), batch.a1(i), batch.a2(i), batch.a3(i), batch.port(i), batch.zone(i)]).toEqual(
          wordsOf(batch.endpoint(i)),
        );
        expect(batch.waitedMicros(i)).toBe(0);
        expect(batch.stable).toBe(true);
        expect(joined.forward(batch, i, batch.endpoint(i))).toBe(0);
      }
    };
    insider.send(numbered(1), main.localEndpoint);
    network.clock.drain();
    expect(heard).toEqual([]);
    user.send(numbered(2), main.localEndpoint);
    insider.send(numbered(3), main.localEndpoint);
    user.send(numbered(4), main.localEndpoint);
    network.clock.drain();
    expect(heard).toEqual([2, 4]);
    expect(echoed).toBe(2);
    expect(joined.stats()).toMatchObject({
      receivedDatagrams: 2,
      receivedBytes: 16,
      drops: { foreignSource: 2 },
    });
    joined.onBatch = undefined;
    user.send(numbered(5), main.localEndpoint);
    network.clock.drain();
    expect(joined.stats().drops).toEqual({ foreignSource: 2, noHandler: 1 });
    await joined.close();
    expect(main.send(numbered(0), user.localEndpoint)).toBeGreaterThan(0);
  });
});

describe("endpoints of WebSockets", () => {
  const remote = parseEndpoint("203.0.113.7:0");

  it("lie in a prefix of their own, one /64 for each address of a client", () => {
    const first = websocketEndpoint(remote, 0x1234_5678, 1);
    expect(formatEndpoint(first)).toBe("[fd75:6470:cb00:7107:1234:5678:0:1]:1");
    expect(isWebsocketEndpoint(first)).toBe(true);
    const second = websocketEndpoint(remote, 5, 2);
    expect([second.a0, second.a1]).toEqual([first.a0, first.a1]);
    const six = [1, 2].map((n) => websocketEndpoint(parseEndpoint(`[2001:db8:0:${n}::9]:0`), 5, 3));
    expect(six.every(isWebsocketEndpoint)).toBe(true);
    expect(six[0]!.a1).not.toBe(six[1]!.a1);
    expect(websocketEndpoint(parseEndpoint("[2001:db8:0:1::ffff]:0"), 5, 3)).toEqual(six[0]);
    expect(isWebsocketEndpoint(parseEndpoint("[fd75:6472::]:1"))).toBe(false);
    expect(isWebsocketEndpoint(parseEndpoint("[fd75:646f::]:1"))).toBe(false);
  });
});

function house(): {
  network: MemoryNetwork;
  main: MemoryTransport;
  guest: MemoryTransport;
  joined: ReturnType<typeof joinTransports>;
  user: MemoryTransport;
  insider: MemoryTransport;
} {
  const network = new MemoryNetwork();
  const main = MemoryTransport.open(network, { host: "::", port: 5_000 });
  const guest = MemoryTransport.open(network, { host: "fd75:6470::", port: 1 });
  const joined = joinTransports(main, Object.assign(guest, { owns: isWebsocketEndpoint }));
  const user = MemoryTransport.open(network, { host: "2001:db8::1", port: 4_000 });
  const insider = MemoryTransport.open(network, { host: "fd75:6470:cb00:7107::1", port: 1 });
  return { network, main, guest, joined, user, insider };
}

function wordsOf({ a0, a1, a2, a3, port, zone }: Endpoint): number[] {
  return [a0, a1, a2, a3, port, zone];
}
