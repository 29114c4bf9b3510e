import { describe, expect, it } from "vitest";
import { openNodeFfi } from "../src/transport/linux/node-ffi.ts";
import { conformance } from "./conformance/suite.ts";
import { linuxAdapter, openLinux } from "./linux/linux-adapter.ts";

const systemCalls = await openNodeFfi().catch(() => undefined);

if (systemCalls !== undefined) {
  conformance({
    ...linuxAdapter,
    name: "linux over node:ffi",
    open: (options) => openLinux({ ...options, systemCalls }),
  });
}

describe("node:ffi", () => {
  it.skipIf(systemCalls === undefined)("serves both modes", async () => {
    await using client = await openLinux({ systemCalls: systemCalls! });
    await using server = await openLinux({ systemCalls: systemCalls!, blocking: true, arrivalTimes: true });
    expect(server.binding).toBe("node:ffi");
    for (let n = 0; n < 100; n++) client.send(Uint8Array.of(n), server.localEndpoint);
    client.flush();
    const received: number[] = [];
    server.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) received.push(batch.bytes(i)[0]!);
    };
    server.runBlocking({
      onTurn: () => {
        if (received.length === 100) void server.close();
      },
    });
    expect(received).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it.skipIf(systemCalls !== undefined)("is refused where it is not, with the reason", async () => {
    const error: unknown = await openNodeFfi().catch((refused: unknown) => refused);
    expect((error as { code?: string }).code).toBe("ERR_ADAPTER_UNSUPPORTED");
    expect((error as Error).message).toContain("Node 26");
  });
});
