import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { LONG_MS, times } from "./long-form.ts";
import { v3, VirtualTunnel } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";

const command = (code: number, password: string): Uint8Array =>
  v3(0, 0xffff_ffff, Buffer.concat([Buffer.of(code), createHash("sha1").update(password).digest()]));

describe("V3 command: u32 0, 0xFFFFFFFF, code, SHA-1 of the password; and THREATS 'maintenance password'", () => {
  it("takes none while none is configured", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, command(0, ""));
    expect(tunnel.drops).toEqual({ commandRefused: 1 });
  });

  it(
    `${times(20_000, 1_000_000)} wrong guesses: the operator still gets in`,
    () => {
      const tunnel = new VirtualTunnel({ maintenancePassword: "päss" });
      const tries = times(20_000, 1_000_000);
      const wrong = command(0, "test123456");
      for (let i = 0; i < tries; i++) tunnel.send(B, wrong);
      expect(tunnel.drops).toEqual({ commandRefused: tries });
      tunnel.send(A, command(0, "päss"));
      expect(tunnel.maintenance).toBe(true);
      expect(tunnel.received(A)).toEqual([]);
    },
    LONG_MS,
  );

  it("one success a minute: 0 toggles maintenance, 1 asks for a sweep, anything else spends nothing", () => {
    const tunnel = new VirtualTunnel({ maintenancePassword: "secret" });
    tunnel.send(A, command(2, "secret"));
    tunnel.send(A, command(0, "secret"));
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(true);
    expect(tunnel.drops).toEqual({ commandRefused: 2 });
    tunnel.advance(60_000);
    tunnel.send(A, command(1, "secret"));
    expect(tunnel.memory.control.sweepRequests).toBe(1);
    tunnel.advance(59_999);
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(true);
    tunnel.advance(1);
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(false);
  });

  it("is refused from a source that the policy refuses, and spends nothing, whatever it knows", () => {
    const tunnel = new VirtualTunnel({ maintenancePassword: "secret" });
    tunnel.send("127.0.0.1:5", command(0, "secret"));
    tunnel.send("10.0.0.1:5", command(0, "secret"));
    expect(tunnel.maintenance).toBe(false);
    expect(tunnel.drops.commandRefused ?? 0).toBe(0);
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(true);
  });

  it("reads no byte beyond a command of 29 bytes, and takes a longer one", () => {
    const tunnel = new VirtualTunnel({ maintenancePassword: "secret" });
    tunnel.send(A, command(0, "secret").subarray(0, 28));
    expect(tunnel.drops).toEqual({ badCommand: 1 });
    tunnel.send(A, Buffer.concat([command(0, "secret"), Buffer.alloc(7)]));
    expect(tunnel.maintenance).toBe(true);
  });
});
