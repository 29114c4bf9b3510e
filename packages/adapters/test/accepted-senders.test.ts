import { AddressPolicy, endpointFromWords } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it, vi } from "vitest";
import { AcceptedSenders } from "../src/compose/accepted-senders.ts";

const lan = AddressPolicy.preset("lan", { deny: ["10.6.0.0/16"] });

describe("the senders that a policy accepted", () => {
  it("judges as the policy does, the first time and ever after", () => {
    const senders = new AcceptedSenders();
    // More than are remembered, so that some take others' places; public, denied and private addresses, port 0.
    const sources = Array.from({ length: 20_000 }, (_, i) =>
      endpointFromWords(
        0,
        0,
        0xffff,
        (i % 3 === 0 ? 0x0a00_0000 : i % 3 === 1 ? 0x0a06_0000 : 0x0808_0000) + i,
        i % 50,
      ),
    );
    for (let round = 0; round < 3; round++) {
      expect(sources.filter((source) => senders.judge(lan, source) !== lan.judge(source))).toEqual([]);
    }
  });

  it("does not ask again about a peer that was accepted, and does about one that was refused", () => {
    const senders = new AcceptedSenders();
    const good = endpointFromWords(0, 0, 0xffff, 0x0a00_0001, 4_000);
    const bad = endpointFromWords(0, 0, 0xffff, 0x0808_0808, 4_000);
    const judging = vi.spyOn(AddressPolicy.prototype, "judgeWords");
    for (let n = 0; n < 5; n++) {
      expect(senders.judge(lan, good)).toBe(0);
      expect(senders.judge(lan, bad)).not.toBe(0);
    }
    const asked = judging.mock.calls.map(([, , , a3]) => a3);
    judging.mockRestore();
    expect(asked).toEqual([good.a3, bad.a3, bad.a3, bad.a3, bad.a3, bad.a3]);
  });

  it("forgets with a policy that takes another's place", () => {
    const senders = new AcceptedSenders();
    const source = endpointFromWords(0, 0, 0xffff, 0x0a07_0001, 4_000);
    expect(senders.judge(lan, source)).toBe(0);
    const stricter = lan.extend({ deny: ["10.7.0.0/16"] });
    expect(senders.judge(stricter, source)).toBe(stricter.judge(source));
    expect(senders.judge(stricter, source)).not.toBe(0);
    expect(senders.judge(lan, source)).toBe(0);
  });

  it("asks a policy of the program's own about each datagram", () => {
    const judge = (endpoint: Endpoint): number => (endpoint === banned ? 1 : 0);
    const only = { judge } as unknown as AddressPolicy;
    let banned: Endpoint | undefined;
    class Banning extends AddressPolicy {
      banned = false;
      override judge(endpoint: Endpoint): number {
        return this.banned ? 1 : super.judge(endpoint);
      }
    }
    const senders = new AcceptedSenders();
    const source = endpointFromWords(0, 0, 0xffff, 0x0a00_0001, 4_000);
    const policy = new Banning({ preset: "lan" });
    expect(senders.judge(policy, source)).toBe(0);
    policy.banned = true;
    expect(senders.judge(policy, source)).toBe(1);
    const patched = Object.assign(AddressPolicy.preset("lan"), { judge });
    for (const own of [only, patched]) {
      banned = undefined;
      expect(senders.judge(own, source)).toBe(0);
      banned = source;
      expect(senders.judge(own, source)).toBe(1);
    }
  });

  it("does not remember an endpoint that may change", () => {
    const senders = new AcceptedSenders();
    const source = { a0: 0, a1: 0, a2: 0xffff, a3: 0x0a00_0001, port: 4_000, zone: 0 };
    expect(senders.judge(lan, source)).toBe(0);
    // A place that does not move with the change: the second word is no part of an IPv4 address's place.
    source.a2 = 0;
    expect(senders.judge(lan, source)).toBe(lan.judge(source));
    expect(senders.judge(lan, source)).not.toBe(0);
  });
});
