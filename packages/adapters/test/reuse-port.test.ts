import { describe, expect, it } from "vitest";
import { errorOf } from "./conformance/lifecycle.ts";
import { nativeAdapter as adapter, onBun } from "./conformance/native-adapter.ts";
import { spreadPeers } from "./conformance/reuse-port.ts";
import { freePort } from "./free-port.ts";

const supported =
  process.platform === "linux" && (onBun || Number(process.versions.node.split(".")[0]) >= 23);

describe("reusePort", () => {
  it.skipIf(!supported)("spreads peers over sockets, and each peer stays with one", async () => {
    const known = await spreadPeers(adapter);
    // The kernel's table cannot tell sockets of one port apart; a descriptor can (Bun).
    expect(new Set(known)).toEqual(new Set([onBun]));
  });

  it.skipIf(supported)("says that it cannot be had here", async () => {
    const error = await errorOf(adapter.open({ port: await freePort(), reusePort: true }));
    expect(error?.code).toBe("ERR_ADAPTER_UNSUPPORTED");
  });
});
