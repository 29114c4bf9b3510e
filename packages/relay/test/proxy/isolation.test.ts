import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { probe, VirtualProxy } from "./virtual-proxy.ts";

/** What happens at random; each client numbers its datagrams with its name. */
type Step =
  | { readonly kind: "send"; readonly client: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "kill" | "revive" | "drain"; readonly backend: number }
  | { readonly kind: "reload"; readonly mask: number };

const CLIENTS = 30;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("send" as const), client: fc.nat(CLIENTS - 1) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 1_500 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("kill" as const, "revive", "drain"), backend: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("reload" as const), mask: fc.integer({ min: 1, max: 7 }) }),
  },
);

describe("whatever happens", () => {
  it("every reply reaches the client that asked, and the counts add up", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const names = ["10.0.1.1:53", "10.0.1.2:53", "10.0.1.3:53"];
        // Fewer sessions than clients, and a timeout in reach: slots are reused all the time.
        const virtual = new VirtualProxy(names, { probe, maxSessions: 12, idleTimeoutMs: 2_000 });
        const clients = Array.from({ length: CLIENTS }, (_, n) => virtual.client(`192.0.2.${n + 1}`));
        let sent = 0;
        for (const what of steps) {
          if (what.kind === "send") clients[what.client]!.send(`client ${what.client} number ${sent++}`);
          else if (what.kind === "wait") virtual.advance(what.ms);
          else if (what.kind === "reload") {
            const kept = virtual.backends.filter((_, n) => (what.mask & (1 << n)) !== 0);
            virtual.proxy.reload(kept.map(({ endpoint }) => ({ endpoint })));
          } else if (what.kind === "drain") virtual.proxy.drainBackend(names[what.backend]!, sent % 2 === 0);
          else virtual.backends[what.backend]!.dead = what.kind === "kill";
          expect(virtual.proxy.sessions).toBeLessThanOrEqual(12 + 64);
        }
        virtual.advance(200);
        clients.forEach(({ received }, n) => {
          const numbers = new Set<string>();
          for (const text of received) {
            expect(text).toMatch(new RegExp(`^10\\.0\\.1\\.[123]:53 heard client ${n} number \\d+$`));
            numbers.add(text.slice(text.indexOf("number")));
          }
          expect(numbers.size).toBe(received.length);
        });
        const { backends, drops, sessions, counts } = virtual.proxy.report();
        expect(backends.reduce((sum, backend) => sum + backend.sessions, 0)).toBe(sessions);
        expect(counts.opened - counts.expired - counts.evicted - counts.failed).toBe(sessions);
        const refused = drops.sessionsFull + drops.noBackend + drops.upstreamFull + drops.tableBusy;
        expect(virtual.proxy.report().transport.receivedDatagrams).toBe(sent);
        expect(refused).toBeLessThanOrEqual(sent);
      }),
      { numRuns: 60 },
    );
  });
});
