import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { AdapterError } from "../../src/adapter-error.ts";
import { DropReason } from "../../src/transport/drop-reason.ts";
import { numbered } from "./adapter-under-test.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";

export function lifecycle(adapter: AdapterUnderTest): void {
  describe("lifecycle", () => {
    it("accounts for every datagram when it is closed while sending", async () => {
      const transport = await adapter.open();
      const peer = await adapter.peer(transport);
      let endpoint: Endpoint | undefined;
      transport.onBatch = (batch) => {
        endpoint = batch.endpoint(0);
      };
      peer.send(numbered(0));
      await adapter.until(() => endpoint !== undefined, "the peer");
      for (let n = 0; n < 300; n++) expect(transport.send(numbered(n), endpoint!)).toBe(0);
      const closing = transport.close();
      for (let n = 0; n < 50; n++) expect(transport.send(numbered(n), endpoint!)).toBe(DropReason.closed);
      transport.flush();
      await closing;
      await adapter.until(
        () => {
          const { sentDatagrams, drops } = transport.stats();
          return sentDatagrams + (drops.closed ?? 0) === 350;
        },
        "every datagram sent or dropped",
        () => transport.stats(),
      );
      expect(transport.stats().drops.closed).toBeGreaterThanOrEqual(50);
      expect(transport.stats().queuedDatagrams).toBe(0);
      await peer.close();
    });

    it("closes once, whoever asks and how often", async () => {
      const transport = await adapter.open();
      const first = transport.close();
      expect(transport.close()).toBe(first);
      await first;
      await transport[Symbol.asyncDispose]();
      transport.flush();
      expect(transport.stats().drops).toEqual({});
    });

    it("closes when its signal is aborted, and refuses to open after that", async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const transport = await adapter.open({ signal });
      controller.abort();
      await transport.close();
      expect(transport.send(numbered(0), transport.localEndpoint)).toBe(DropReason.closed);
      expect((await errorOf(adapter.open({ signal })))?.code).toBe("ERR_ADAPTER_CLOSED");
    });

    it("names the option that is wrong", async () => {
      for (const [options, name] of [
        [{ maxDatagramBytes: 0 }, "maxDatagramBytes"],
        [{ maxDatagramBytes: 65_508 }, "maxDatagramBytes"],
        [{ queueDatagrams: 0 }, "queueDatagrams"],
        [{ queueDatagrams: 1.5 }, "queueDatagrams"],
      ] as const) {
        const error = await errorOf(adapter.open(options));
        expect(error?.code).toBe("ERR_ADAPTER_OPTION");
        expect(error?.message).toContain(name);
      }
    });

    it.skipIf(!adapter.datagramSockets)(
      "refuses an address that is none, is taken or cannot be shared",
      async () => {
        await using taken = await adapter.open({ host: "127.0.0.1" });
        const { port } = taken.localEndpoint;
        for (const [options, code] of [
          [{ host: "127.0.0.1", port }, "ERR_ADAPTER_BIND"],
          [{ host: "localhost" }, "ERR_ADAPTER_OPTION"],
          [{ port: 65_536 }, "ERR_ADAPTER_OPTION"],
          [{ reusePort: true, port: 0 }, "ERR_ADAPTER_OPTION"],
        ] as const) {
          expect((await errorOf(adapter.open(options)))?.code).toBe(code);
        }
      },
    );
  });
}

/** What an opening is refused with, undefined when it is not. */
export async function errorOf(
  opening: Promise<{ close(): Promise<void> }>,
): Promise<AdapterError | undefined> {
  try {
    const opened = await opening;
    await opened.close();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AdapterError);
    return error as AdapterError;
  }
}
