import { describe, expect, it } from "vitest";
import { openTransport } from "../src/compose/open-transport.ts";
import type { OpenTransportOptions } from "../src/compose/open-transport.ts";
import { onBun } from "./conformance/native-adapter.ts";

const [native, foreign] = onBun ? (["bun", "node"] as const) : (["node", "bun"] as const);

describe("openTransport", () => {
  it("opens what fits the runtime and says why", async () => {
    const { transport, reason, passedOver } = await openTransport({ host: "127.0.0.1" });
    expect(reason.startsWith(`${transport.kind}: `)).toBe(true);
    expect(passedOver.map(({ kind }) => kind)).not.toContain(foreign);
    expect(transport.localEndpoint.port).toBeGreaterThan(0);
    await transport.close();
  });

  it("takes the preferred one where it is to be had", async () => {
    const { transport, reason, passedOver } = await openTransport({ host: "127.0.0.1", prefer: native });
    expect(transport.kind).toBe(native);
    expect(reason).toBe(`${native}: it was preferred`);
    expect(passedOver).toEqual([]);
    await transport.close();
  });

  it("never chooses a mode that blocks its thread, whatever the options hold", async () => {
    for (const prefer of ["linux", native] as const) {
      const options = { host: "127.0.0.1", prefer, blocking: true };
      const { transport } = await openTransport(options);
      const delivered = new Promise((resolve) => (transport.onBatch = resolve));
      transport.send(Uint8Array.of(1), transport.localEndpoint);
      transport.flush();
      await delivered;
      await transport.close();
    }
  });

  it("falls back with a reason where it is not", async () => {
    const { transport, reason, passedOver } = await openTransport({ host: "127.0.0.1", prefer: foreign });
    expect(transport.kind).not.toBe(foreign);
    expect(passedOver[0]?.kind).toBe(foreign);
    expect(reason).toContain(`${foreign} is not to be had (`);
    await transport.close();
  });

  it("falls back from what is not to be had only, not from a mistake or a taken port", async () => {
    const { transport } = await openTransport({ host: "127.0.0.1" });
    const { port } = transport.localEndpoint;
    expect(await codeOf({ host: "127.0.0.1", port })).toBe("ERR_ADAPTER_BIND");
    expect(await codeOf({ host: "example.org" })).toBe("ERR_ADAPTER_OPTION");
    expect(await codeOf({ prefer: "carrier pigeon" as "node" })).toBe("ERR_ADAPTER_OPTION");
    expect(await codeOf({ signal: AbortSignal.abort() })).toBe("ERR_ADAPTER_CLOSED");
    await transport.close();
  });
});

async function codeOf(options: OpenTransportOptions): Promise<string | undefined> {
  try {
    await (await openTransport(options)).transport.close();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
