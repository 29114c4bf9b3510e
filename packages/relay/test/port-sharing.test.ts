import { describe, expect, it } from "vitest";
import { AdapterError } from "@udp-relay/adapters";
import { parseConfig, Relay, type RelayLog } from "@udp-relay/relay";
import { portSharing } from "../src/worker/port-sharing.ts";
import { RealPeer, until } from "./real-peer.ts";

const config = parseConfig({
  host: "127.0.0.1",
  port: 0,
  allow: ["127.0.0.0/8"],
  transport: "node",
  workers: 3,
});

describe("where sockets cannot share a port", () => {
  it("the main thread relays, and says why in log and report", async () => {
    const warned: unknown[][] = [];
    const quiet = (): void => undefined;
    const log: RelayLog = {
      trace: quiet,
      debug: quiet,
      info: quiet,
      warn: (...said: unknown[]) => {
        warned.push(said);
      },
      error: quiet,
    };
    const reason = "reusePort needs Node 23 or later";
    await using relay = await Relay.start(config, { log, portSharing: () => Promise.resolve(reason) });
    const [a, b] = [await RealPeer.open(1, relay.port), await RealPeer.open(2, relay.port)];
    await b.send(0, 0);
    await until("the registration", () => relay.report().consumed.registrations === 1);
    await a.send(2);
    await until("the datagram", () => b.received === 1);
    a.close();
    b.close();
    const report = relay.report();
    expect(report.threadsRefused).toBe(reason);
    expect(report.workers).toMatchObject([{ index: 0, state: "running", forwarded: 1 }]);
    expect(warned).toEqual([[{ reason, workers: 3 }, "the main thread relays instead of worker threads"]]);
    // The number that was asked for stays: nothing needs a restart.
    expect(relay.reload(config)).toEqual([]);
  });

  it("one worker needs no shared port, and nobody asks", async () => {
    const ask = (): never => {
      throw new Error("asked");
    };
    await using relay = await Relay.start({ ...config, workers: 1 }, { portSharing: ask });
    expect(relay.report().threadsRefused).toBeNull();
  });

  it.each([
    ["node:dgram before Node 23", new AdapterError("ERR_ADAPTER_UNSUPPORTED", "reusePort needs Node 23")],
    [
      "a system without the option",
      new AdapterError("ERR_ADAPTER_BIND", "cannot bind: ENOTSUP", { cause: { code: "ENOTSUP" } }),
    ],
  ])("%s is a reason", async (_what, error) => {
    expect(await portSharing(config, "linux", () => Promise.reject(error))).toBe(error.message);
  });

  it.each(["darwin", "win32"] as const)(
    "%s gives one socket everything: not even tried",
    async (platform) => {
      const tried = (): never => {
        throw new Error("tried");
      };
      expect(await portSharing(config, platform, tried)).toBe(
        `sockets that share a port do not share its load on ${platform}`,
      );
    },
  );

  it("any other refusal ends the start", async () => {
    const inUse = new AdapterError("ERR_ADAPTER_BIND", "cannot bind", { cause: { code: "EADDRINUSE" } });
    await expect(portSharing(config, "linux", () => Promise.reject(inUse))).rejects.toMatchObject({
      code: "ERR_RELAY_PORT_IN_USE",
    });
  });
});
