import { describe, expect, it } from "vitest";
import { CncnetV2 } from "@udp-relay/relay";
import { V2Oracle } from "./v2-oracle.ts";
import { randomOf } from "./seeded-random.ts";
import { VirtualTunnel } from "./virtual-tunnel.ts";

const LONG = process.env.UDP_RELAY_LONG === "1";
const DATAGRAMS = LONG ? 1_000_000 : 50_000;
const LENGTHS = [0, 1, 2, 3, 4, 5, 8, 12, 49, 50, 51, 64];
const endpoints = Array.from({ length: 12 }, (_, i) => `198.51.100.${(i % 4) + 1}:${1_000 + i}`);

describe(`V2 against an oracle written from the protocol's text, ${DATAGRAMS} datagrams`, () => {
  it(
    "what is forwarded, to whom, and every byte of it",
    () => {
      const random = randomOf(20_261_126);
      const tunnel = new VirtualTunnel({
        protocol: new CncnetV2(),
        maxClients: 24,
        pingsPerMinute: 1_000_000,
      });
      const oracle = new V2Oracle();
      const seen = { nothing: 0, answer: 0, forward: 0, unconfirmed: 0 };
      let ids: number[] = [];
      let nowMs = 0;
      const allot = (): void => {
        const got = tunnel.allot(2 + random(7), () => random(65_536));
        if (typeof got === "string") return;
        oracle.allotted(got, nowMs);
        ids = [...ids.slice(-16), ...got];
      };
      for (let i = 0; i < DATAGRAMS; i++) {
        if (random(150) === 0) {
          const ms = [1, 1_000, 29_999, 30_000, 1][random(5)]!;
          nowMs += ms;
          tunnel.advance(ms);
          if (random(2) === 0) {
            tunnel.clients.sweep(tunnel.clock.update(), 1_000);
            oracle.sweep(nowMs);
          }
        }
        if (random(100) === 0) {
          // An allotment sweeps where there is no room: so does the oracle, always.
          tunnel.clients.sweep(tunnel.clock.update(), 1_000);
          oracle.sweep(nowMs);
          allot();
          expect(tunnel.clients.size).toBe(oracle.size);
        }
        if (random(1_000) === 0) tunnel.maintenance = oracle.maintenance = random(2) === 0;
        const from = endpoints[random(endpoints.length)]!;
        const datagram = new Uint8Array(random(4) === 0 ? random(80) : LENGTHS[random(LENGTHS.length)]!);
        for (let at = 0; at < datagram.length; at++) datagram[at] = random(256);
        if (datagram.length >= 4 && random(32) !== 0) {
          const view = new DataView(datagram.buffer);
          const pick = (): number => (random(8) === 0 ? 0 : (ids[random(ids.length || 1)] ?? 1));
          view.setUint16(0, pick());
          view.setUint16(2, pick());
        }
        const verdict = oracle.judge(from, datagram, nowMs);
        const unconfirmed = tunnel.dropped("unconfirmed");
        tunnel.send(from, datagram);
        const got = endpoints.flatMap((at) => tunnel.received(at).map((bytes) => ({ at, bytes })));
        if (verdict.kind === "forward" && got.length === 0 && tunnel.dropped("unconfirmed") > unconfirmed) {
          // The one rule beyond the text: who never answered is sent 4 KiB at most.
          seen.unconfirmed++;
          continue;
        }
        seen[verdict.kind]++;
        const wanted =
          verdict.kind === "answer"
            ? [{ at: from, bytes: datagram.slice(0, verdict.length) }]
            : verdict.kind === "forward"
              ? [{ at: verdict.to, bytes: datagram }]
              : [];
        if (JSON.stringify(shown(got)) !== JSON.stringify(shown(wanted)))
          expect({ i, from, datagram: shown([{ at: from, bytes: datagram }]), got: shown(got) }).toEqual({
            verdict,
            wanted: shown(wanted),
          });
      }
      const { received, forwarded, consumed, dropped } = tunnel.accountedFor;
      expect(forwarded + consumed + dropped).toBe(received);
      // A fuzz that never gets through proves nothing.
      expect(seen.forward).toBeGreaterThan(DATAGRAMS * 0.01);
      expect(seen.answer).toBeGreaterThan(DATAGRAMS * 0.0005);
      expect(seen.unconfirmed).toBeLessThan(DATAGRAMS * 0.2);
    },
    LONG ? 600_000 : 60_000,
  );
});

const shown = (deliveries: readonly { at: string; bytes: Uint8Array }[]): string[] =>
  deliveries.map(({ at, bytes }) => `${at} ${Buffer.from(bytes).toString("hex")}`);
