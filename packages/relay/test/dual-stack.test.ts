import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { parseConfig, Relay } from "@udp-relay/relay";
import { RealPeer, until } from "./real-peer.ts";

const ipv6Here = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

describe.skipIf(!ipv6Here).each(["node", "auto"])("--host :: over transport %s", (transport) => {
  it("relays between IPv4 and IPv6 clients, and takes an IPv4 client for what it is", async () => {
    const config = parseConfig({
      ...{ host: "::", port: 0, transport, clientsPerPrefix: 2 },
      // Were the mapped form not unwrapped, neither prefix would take an IPv4 client.
      allow: ["127.0.0.0/8", "::1/128"],
    });
    await using relay = await Relay.start(config);
    const four = await RealPeer.open(1, relay.port);
    const six = await RealPeer.open(2, relay.port, "::1");
    await four.send(0, 0);
    await six.send(0, 0);
    await until("the registrations", () => relay.report().consumed.registrations === 2);
    await four.send(2);
    await six.send(1);
    await until("both datagrams", () => four.received === 1 && six.received === 1);
    const endpoints = relay.report().clients.map(({ endpoint }) => endpoint);
    expect(endpoints.sort()).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^\[::1\]:\d+$/),
    ]);
    // The limit of an address counts a mapped one as the IPv4 address that it is.
    const [third, fourth] = [await RealPeer.open(3, relay.port), await RealPeer.open(4, relay.port)];
    await third.send(0, 0);
    await until("the third", () => relay.report().consumed.registrations === 3);
    await fourth.send(0, 0);
    await until("the refusal", () => relay.report().dropped.prefixFull === 1);
    for (const peer of [four, six, third, fourth]) peer.close();
  });
});
