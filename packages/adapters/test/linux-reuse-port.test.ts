import { describe, expect, it } from "vitest";
import { spreadPeers } from "./conformance/reuse-port.ts";
import { linuxAdapter, linuxHere } from "./linux/linux-adapter.ts";

describe.skipIf(!linuxHere)("reusePort on the linux transport", () => {
  it("spreads peers over sockets, each peer stays with one, and drops are known of each", async () => {
    expect(await spreadPeers(linuxAdapter)).not.toContain(false);
  });
});
