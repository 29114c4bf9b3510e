/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseAddress } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { JOIN_EXISTS, JOIN_GONE, JOIN_NO_ADDRESS, joinRefusalName, TunnelClientTable } from "../src/index.ts";

const table = (): TunnelClientTable => TunnelClientTable.create({ capacity: 2_000, timeoutMs: 8_000 });

describe("a datagram's sender by its rinfo", () => {
  it("is one client however its address is written, and whether its text is kept or not", () => {
    using clients = table();
    using _guard = clients.enter();
    const slots = new Map<string, number>();
    // Addresses at one port have one place among the kept texts: now one is there, now another.
    for (let round = 0; round < 20; round++) {
      for (let number = 0; number < 40; number++) {
        const address = `192.0.2.${number}`;
        const slot = clients.fromRinfo({ address, port: 5_000 }, round);
        expect(clients.created).toBe(round === 0);
        slots.set(address, slots.get(address) ?? slot);
        expect(slot).toBe(slots.get(address));
        expect(clients.endpoint(slot)).toEqual(parseAddress(address, 5_000));
      }
    }
    expect(new Set(slots.values()).size).toBe(40);
    const mapped = clients.fromRinfo({ address: "::ffff:192.0.2.7", port: 5_000 }, 20);
    expect(mapped).toBe(slots.get("192.0.2.7"));
    expect(clients.findEndpoint(parseAddress("192.0.2.7", 5_000))).toBe(mapped);
    // The same address at a port that shares the place, and IPv6.
    const other = clients.fromRinfo({ address: "192.0.2.7", port: 5_000 + 16_384 }, 20);
    const ipv6 = clients.fromRinfo({ address: "2001:db8::7", port: 5_000 }, 20);
    expect(new Set([...slots.values(), other, ipv6]).size).toBe(42);
    expect(clients.fromRinfo({ address: "2001:0DB8:0::7", port: 5_000 }, 20)).toBe(ipv6);
    expect(clients.size).toBe(42);
  });

  it("is reached by the endpoint object that joined, unless that may change", () => {
    using clients = table();
    using _guard = clients.enter();
    const joined = parseAddress("192.0.2.1", 5_000);
    const slot = clients.joinEndpoint(joined, 0);
    expect(clients.endpoint(slot)).toBe(joined);
    // Whoever finds the client later by an equal object changes nothing.
    clients.joinEndpoint(parseAddress("192.0.2.1", 5_000), 1);
    expect(clients.endpoint(slot)).toBe(joined);
    clients.rekey(clients.handle(slot), parseAddress("192.0.2.2", 5_000));
    expect(clients.endpoint(slot)).toEqual(parseAddress("192.0.2.2", 5_000));
    const open = { ...parseAddress("192.0.2.3", 5_000) };
    const other = clients.joinEndpoint(open, 2);
    open.port = 6_000;
    expect(clients.endpoint(other)).toEqual(parseAddress("192.0.2.3", 5_000));
    // A slot's next client is reached at its own endpoint.
    const handle = clients.handle(other);
    clients.remove(handle);
    const next = parseAddress("192.0.2.4", 5_000);
    expect(clients.endpoint(clients.joinEndpoint(next, 3))).toBe(next);
  });

  it("is another client once the first has left or moved", () => {
    using clients = table();
    using _guard = clients.enter();
    const rinfo = { address: "198.51.100.1", port: 6_000 };
    const first = clients.handle(clients.fromRinfo(rinfo, 0));
    clients.remove(first);
    const second = clients.handle(clients.fromRinfo(rinfo, 0));
    expect(clients.created).toBe(true);
    expect(second).not.toBe(first);
    expect(clients.rekey(second, parseAddress("198.51.100.2", 6_000))).toBe(0);
    const third = clients.fromRinfo(rinfo, 0);
    expect(clients.created).toBe(true);
    expect(clients.handle(third)).not.toBe(second);
    expect(clients.fromRinfo({ address: "198.51.100.2", port: 6_000 }, 0)).toBe(clients.resolve(second));
  });

  it("is refused by name where it is none, and so is a move that cannot be", () => {
    using clients = table();
    using _guard = clients.enter();
    const refused: readonly (readonly [string, number])[] = [
      ["192.0.2.256", 1],
      ["192.0.2", 1],
      ["192.0.2.01", 1],
      ["example.org", 1],
      ["", 1],
      ["192.0.2.1", 65_536],
      ["192.0.2.1", -1],
      ["192.0.2.1", NaN],
    ];
    for (const [address, port] of refused) {
      expect(clients.fromRinfo({ address, port }, 0)).toBe(JOIN_NO_ADDRESS);
      expect(clients.created).toBe(false);
    }
    expect(clients.size).toBe(0);
    const [one, two] = ["192.0.2.1", "192.0.2.2"].map((address) =>
      clients.handle(clients.fromRinfo({ address, port: 1 }, 0)),
    );
    expect(clients.rekey(one!, parseAddress("192.0.2.2", 1))).toBe(JOIN_EXISTS);
    expect(clients.remove(two!)).toBe(true);
    expect(clients.rekey(two!, parseAddress("192.0.2.3", 1))).toBe(JOIN_GONE);
    expect([JOIN_EXISTS, JOIN_GONE, JOIN_NO_ADDRESS, 0].map(joinRefusalName)).toEqual([
      "exists",
      "gone",
      "no address",
      undefined,
    ]);
  });
});
