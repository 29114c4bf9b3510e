import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CncnetV3 } from "@udp-relay/relay";
import { LONG_MS, times } from "./long-form.ts";
import { V3Oracle, type Verdict } from "./v3-oracle.ts";
import { randomOf } from "./seeded-random.ts";
import { VirtualTunnel } from "./virtual-tunnel.ts";

const DATAGRAMS = times(80_000, 2_000_000);
/** Of the strict mode, where most of what is drawn is refused. */
const STRICT_DATAGRAMS: number = DATAGRAMS / 2;
const PASSWORD = "päss";

const ADDRESSES = 4;
const PORTS = 3;
const endpoints = Array.from(
  { length: ADDRESSES * PORTS },
  (_, i) => `198.51.100.${(i % ADDRESSES) + 1}:${1_000 + i}`,
);
const LENGTHS = [0, 1, 4, 7, 8, 9, 14, 15, 28, 29, 30, 49, 50, 51, 64];
const IDS = [0, 0, 1, 2, 3, 4, 5, 6, 7, 0x8000_0000, 0xffff_ffff];
const PASSWORD_HASH = createHash("sha1").update(PASSWORD).digest();

/** Mostly what means something, sometimes bytes at random. */
function datagramOf(random: (below: number) => number): Uint8Array {
  const bytes = new Uint8Array(random(4) === 0 ? random(80) : LENGTHS[random(LENGTHS.length)]!);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
  if (bytes.length >= 8 && random(32) !== 0) {
    const fields = new DataView(bytes.buffer);
    fields.setUint32(0, IDS[random(IDS.length)]!, true);
    fields.setUint32(4, IDS[random(IDS.length)]!, true);
    // A command that knows the password, its code mostly one of the two that there are.
    if (bytes.length >= 29 && random(64) === 0) {
      fields.setUint32(0, 0);
      fields.setUint32(4, 0xffff_ffff);
      bytes[8] = random(3);
      bytes.set(PASSWORD_HASH, 9);
    }
  }
  return bytes;
}

interface Run {
  readonly name: string;
  readonly clientsPerAddress: number;
  /** Expired clients are removed whenever time passes; else they stay until their ids are taken over. */
  readonly sweeps: boolean;
  readonly strict: boolean;
  /** Whether the relay knows the password that the fuzz uses. */
  readonly commands: boolean;
  readonly datagrams: number;
}

const runs: readonly Run[] = [
  {
    ...{ name: "4 clients an address, swept", clientsPerAddress: 4, sweeps: true },
    ...{ strict: false, commands: false, datagrams: DATAGRAMS },
  },
  {
    ...{ name: "no limit an address, ids are taken over", clientsPerAddress: 10_000, sweeps: false },
    ...{ strict: false, commands: true, datagrams: DATAGRAMS },
  },
  {
    ...{ name: "strict, 4 clients an address, swept", clientsPerAddress: 4, sweeps: true },
    ...{ strict: true, commands: true, datagrams: STRICT_DATAGRAMS },
  },
];

describe(`V3 against an oracle written from the protocol's text, ${2 * DATAGRAMS + STRICT_DATAGRAMS} datagrams`, () => {
  it.each(runs)(
    "$name: what is forwarded, to whom, and every byte of it",
    ({ clientsPerAddress, sweeps, strict, commands, datagrams }) => {
      const random = randomOf(strict ? 1_127 : sweeps ? 20_261_123 : 4_711);
      // Random 32-bit ids register, too: the table is swept or made anew before it is full.
      const maxClients = 200;
      const fresh = (): { tunnel: VirtualTunnel; oracle: V3Oracle } => ({
        tunnel: new VirtualTunnel({
          maxClients,
          clientsPerPrefix: clientsPerAddress,
          pingsPerMinute: 1_000_000,
          protocol: new CncnetV3({ strict }),
          ...(commands && { maintenancePassword: PASSWORD }),
        }),
        oracle: new V3Oracle({
          ...{ maxClients, clientsPerAddress, timeoutMs: 30_000, strict },
          ...(commands && { password: PASSWORD }),
        }),
      });
      let { tunnel, oracle } = fresh();
      let nowMs = 0;
      let unconfirmed = 0;
      const seen = { nothing: 0, answer: 0, forward: 0, unconfirmed: 0, commands: 0 };
      for (let i = 0; i < datagrams; i++) {
        if (oracle.size >= maxClients - 1) {
          seen.commands += oracle.commands;
          ({ tunnel, oracle } = fresh());
          nowMs = 0;
          unconfirmed = 0;
        }
        if (random(200) === 0) {
          const ms = [1, 1_000, 29_999, 30_000, 1][random(5)]!;
          nowMs += ms;
          tunnel.advance(ms);
          if (sweeps) {
            tunnel.clients.sweep(tunnel.clock.update(), 1_000);
            oracle.sweep(nowMs);
          }
        }
        if (random(1_000) === 0) tunnel.maintenance = oracle.maintenance = random(2) === 0;
        const from = endpoints[random(endpoints.length)]!;
        const datagram = datagramOf(random);
        const verdict = oracle.judge(from, datagram, nowMs);
        tunnel.send(from, datagram);
        if (tunnel.maintenance !== oracle.maintenance) {
          expect({ i, maintenance: tunnel.maintenance }).toEqual({ i, maintenance: oracle.maintenance });
        }
        const got = endpoints.flatMap((at) => tunnel.received(at).map((bytes) => ({ at, bytes })));
        if (got.length === 0 && verdict.kind === "forward") {
          // The one rule beyond the text: who never answered is sent 4 KiB at most.
          expect(tunnel.dropped("unconfirmed")).toBe(++unconfirmed);
          seen.unconfirmed++;
          continue;
        }
        seen[verdict.kind]++;
        const wanted = deliveries(verdict, from, datagram);
        if (
          got.length !== wanted.length ||
          got.some(({ at, bytes }, n) => !same({ at, bytes }, wanted[n]!))
        ) {
          expect({ i, from, datagram: Buffer.from(datagram).toString("hex"), got }).toEqual({
            verdict,
            wanted,
          });
        }
      }
      const { received, forwarded, consumed, dropped } = tunnel.accountedFor;
      expect(forwarded + consumed + dropped).toBe(received);
      // A fuzz that never gets through proves nothing.
      seen.commands += oracle.commands;
      expect(seen.forward).toBeGreaterThan(datagrams * 0.02);
      expect(seen.answer).toBeGreaterThan(datagrams * 0.0005);
      expect(seen.unconfirmed).toBeLessThan(datagrams * 0.2);
      if (commands) expect(seen.commands).toBeGreaterThan(datagrams / 10_000);
      else expect(seen.commands).toBe(0);
    },
    LONG_MS,
  );
});

interface Delivery {
  readonly at: string;
  readonly bytes: Uint8Array;
}

function deliveries(verdict: Verdict, from: string, datagram: Uint8Array): Delivery[] {
  if (verdict.kind === "answer") return [{ at: from, bytes: verdict.bytes }];
  return verdict.kind === "forward" ? [{ at: verdict.to, bytes: datagram }] : [];
}

function same(a: Delivery, b: Delivery): boolean {
  return a.at === b.at && Buffer.compare(a.bytes, b.bytes) === 0;
}
