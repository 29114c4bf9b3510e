import { type Endpoint, endpointFromWords, formatEndpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "@udp-relay/adapters";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Backend } from "../../src/proxy/backend.ts";
import { KnownSessions } from "../../src/proxy/known-sessions.ts";
import { ProxySession } from "../../src/proxy/proxy-session.ts";
import { sessionTable } from "../../src/proxy/session-table.ts";

const mapped = (a3: number, port: number): Endpoint => endpointFromWords(0, 0, 0xffff, a3, port, 0);
/** Senders that are remembered in one place: alike in all that it is chosen by, and each differs in one word of the rest. */
const senders: readonly Endpoint[] = [
  mapped(0x0a00_0001, 4_000),
  mapped(0x0a00_0001, 4_000 + 16_384),
  mapped(0x0a00_0001, 4_000 + 2 * 16_384),
  endpointFromWords(0, 0, 0, 0x0a00_0001, 4_000, 0),
  endpointFromWords(1, 0, 0xffff, 0x0a00_0001, 4_000, 0),
  // Link-local ones have zones.
  endpointFromWords(0xfe80_0000 | 0, 0, 0, 0x0a00_0001, 4_000, 7),
  endpointFromWords(0xfe80_0000 | 0, 0, 0, 0x0a00_0001, 4_000, 8),
];

const batchOf = (sender: Endpoint): DatagramBatch =>
  ({
    endpoint: () => sender,
    a0: () => sender.a0,
    a1: () => sender.a1,
    a2: () => sender.a2,
    a3: () => sender.a3,
    port: () => sender.port,
    zone: () => sender.zone,
  }) as unknown as DatagramBatch;

interface Step {
  readonly sender: number;
  readonly kind: "ask" | "join" | "joinElsewhere" | "end" | "endElsewhere";
}

const backend = new Backend({ endpoint: mapped(0x0a00_0002, 53) }, {});
const sessionOf = (handle: number, slot: number, client: Endpoint): ProxySession =>
  new ProxySession(handle, slot, client, backend, undefined, 0);

const steps = fc.array(
  fc.record<Step>({
    sender: fc.nat(senders.length - 1),
    kind: fc.constantFrom("ask", "ask", "join", "joinElsewhere", "end", "endElsewhere"),
  }),
  { maxLength: 60 },
);

describe("the session of a datagram's sender", () => {
  it("is the one that it joined with here, until that has ended, here or in another thread", () => {
    fc.assert(
      fc.property(steps, (steps) => {
        using clients = sessionTable({ maxSessions: 8, idleTimeoutMs: 60_000 });
        const sessions: (ProxySession | undefined)[] = [];
        const known = new KnownSessions(clients, sessions);
        /** By sender: the handle in the table, and what this thread has for it. */
        const handles = new Map<number, number>();
        const expected = new Map<number, ProxySession>();
        for (const { sender, kind } of steps) {
          const endpoint = senders[sender]!;
          const handle = handles.get(sender);
          using _guard = clients.enter();
          if ((kind === "join" || kind === "joinElsewhere") && handle === undefined) {
            const slot = clients.joinEndpoint(endpoint, 1);
            expect(slot).toBeGreaterThanOrEqual(0);
            handles.set(sender, clients.handle(slot));
            if (kind === "join") {
              while (sessions.length <= slot) sessions.push(undefined);
              const session = sessionOf(clients.handle(slot), slot, endpoint);
              expected.set(sender, session);
              sessions[slot] = session;
            }
          }
          if ((kind === "end" || kind === "endElsewhere") && handle !== undefined) {
            clients.remove(handle);
            handles.delete(sender);
            const session = expected.get(sender);
            expected.delete(sender);
            // Of an end elsewhere this thread learns later, or when the slot is another's.
            if (kind === "end" && session !== undefined) {
              known.forget(session);
              sessions[session.slot] = undefined;
            }
          }
          for (const [n, asking] of senders.entries()) {
            const found = known.find(batchOf(asking), 0);
            expect(found && formatEndpoint(found.client)).toBe(
              expected.has(n) ? formatEndpoint(asking) : undefined,
            );
            expect(found).toBe(expected.get(n));
          }
        }
      }),
    );
  });

  it("is none that has another's slot", () => {
    using clients = sessionTable({ maxSessions: 8, idleTimeoutMs: 60_000 });
    const [before, now] = [senders[0]!, senders[1]!];
    using _guard = clients.enter();
    const slot = clients.joinEndpoint(now, 1);
    const sessions: (ProxySession | undefined)[] = Array.from({ length: slot + 1 }, () => undefined);
    sessions[slot] = sessionOf(clients.handle(slot) + 1, slot, before);
    expect(new KnownSessions(clients, sessions).find(batchOf(now), 0)).toBeUndefined();
  });
});
