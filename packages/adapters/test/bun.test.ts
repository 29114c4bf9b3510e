import { describe, expect, it } from "vitest";
import { BunTransport } from "../src/transport/bun.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { nativeAdapter } from "./conformance/native-adapter.ts";
import { conformance } from "./conformance/suite.ts";

if (nativeAdapter.name === "bun") conformance(nativeAdapter);
else {
  describe("bun", () => {
    it("says that it is the wrong one for this runtime", async () => {
      expect((await errorOf(BunTransport.open()))?.code).toBe("ERR_ADAPTER_UNSUPPORTED");
    });
  });
}
