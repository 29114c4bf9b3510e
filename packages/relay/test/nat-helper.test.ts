import { AddressPolicy, formatEndpoint, parseEndpoint } from "@udp-relay/address-validation";
import { MemoryNetwork, MemoryTransport } from "@udp-relay/adapters/memory";
import { ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { NatHelper } from "@udp-relay/relay";

const HELPER = "203.0.113.1";
const PORTS = [8_054, 3_478];
const CLIENT = "198.51.100.7:40001";

function helper(): {
  helper: NatHelper;
  clock: ManualClock;
  ask: (from: string, bytes: Uint8Array, port?: number) => Uint8Array[];
} {
  const network = new MemoryNetwork();
  const clock = new ManualClock();
  const policy = AddressPolicy.preset("public-only", { allow: ["198.51.100.0/24", "2001:db8::/32"] });
  const nat = new NatHelper({ requestsPerMinute: 20, policy, clock });
  for (const port of PORTS) nat.serve(MemoryTransport.open(network, { host: HELPER, port }));
  const peers = new Map<string, { transport: MemoryTransport; received: Uint8Array[] }>();
  return {
    helper: nat,
    clock,
    ask(from, bytes, port = PORTS[0]!) {
      let peer = peers.get(from);
      if (peer === undefined) {
        const [, host = "", ownPort = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(from) ?? [];
        const received: Uint8Array[] = [];
        const transport = MemoryTransport.open(network, {
          host,
          port: Number(ownPort),
          onBatch: (batch) => {
            for (let i = 0; i < batch.count; i++) {
              expect(formatEndpoint(batch.endpoint(i))).toBe(`${HELPER}:${port}`);
              received.push(batch.bytes(i).slice());
            }
          },
        });
        peers.set(from, (peer = { transport, received }));
      }
      peer.transport.send(bytes, parseEndpoint(`${HELPER}:${port}`));
      network.clock.advance(0.001);
      return peer.received.splice(0);
    },
  };
}

function request(length = 48): Uint8Array {
  const bytes = new Uint8Array(length).fill(7);
  bytes.set([0x66, 0x96].slice(0, length));
  return bytes;
}

describe("NAT helper: 48 bytes beginning 0x66 0x96 are answered with 40", () => {
  it("0-3 the sender's IPv4 and 4-5 its port, big-endian, each byte ^ 0x20; 6-7 0x66 0x96", () => {
    const { ask } = helper();
    const [answer] = ask(CLIENT, request());
    expect(answer!.length).toBe(40);
    const port = 40_001;
    expect([...answer!.slice(0, 8)]).toEqual([
      198 ^ 0x20,
      51 ^ 0x20,
      100 ^ 0x20,
      7 ^ 0x20,
      (port >> 8) ^ 0x20,
      (port & 255) ^ 0x20,
      0x66,
      0x96,
    ]);
  });

  it("8-39 are filler fixed for the process, on both ports", () => {
    const { ask } = helper();
    const [first] = ask(CLIENT, request());
    const [second] = ask("198.51.100.8:40002", request(), PORTS[1]);
    expect(second!.slice(8)).toEqual(first!.slice(8));
    expect(first!.slice(8).some((byte) => byte !== 0)).toBe(true);
  });

  it("drops everything else: other lengths, other beginnings", () => {
    const { helper: nat, ask } = helper();
    const wrong = request();
    wrong[1] = 0x97;
    const junk = [0, 1, 2, 40, 47, 49, 200].map(request).concat(wrong);
    for (const bytes of junk) expect(ask(CLIENT, bytes)).toEqual([]);
    expect(nat.report()).toMatchObject({ received: 8, answered: 0, dropped: { badRequest: 8 } });
  });

  it("answers 20 an IP and 60 s, whatever its port", () => {
    const { helper: nat, clock, ask } = helper();
    let answers = 0;
    for (let i = 0; i < 30; i++) answers += ask(`198.51.100.7:${40_001 + (i % 3)}`, request()).length;
    expect(answers).toBe(20);
    expect(nat.report().dropped.requestLimit).toBe(10);
    clock.advance(60_000);
    expect(ask(CLIENT, request()).length).toBe(1);
    expect(ask("198.51.100.9:1", request()).length).toBe(1);
  });

  it("answers nobody that the policy refuses, and no IPv6 peer: the answer has room for IPv4 only", () => {
    const { helper: nat, ask } = helper();
    expect(ask("10.0.0.1:5", request())).toEqual([]);
    expect(ask("[2001:db8::1]:5", request())).toEqual([]);
    expect(nat.report()).toMatchObject({ answered: 0, dropped: { addressRefused: 1, notIPv4: 1 } });
  });

  it("closes its sockets when it is disposed of", async () => {
    const { helper: nat, ask } = helper();
    expect(ask(CLIENT, request()).length).toBe(1);
    await nat[Symbol.asyncDispose]();
    expect(ask(CLIENT, request())).toEqual([]);
    expect(nat.report()).toMatchObject({ received: 1, answered: 1 });
  });

  it("accounts for every datagram", () => {
    const { helper: nat, ask } = helper();
    for (let i = 0; i < 200; i++) ask(CLIENT, i % 3 === 0 ? request() : request(i));
    const { received, answered, dropped } = nat.report();
    expect(received).toBe(200);
    expect(answered + Object.values(dropped).reduce((sum, n) => sum + n, 0)).toBe(received);
  });
});
