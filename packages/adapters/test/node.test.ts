import { describe, expect, it } from "vitest";
import { NodeTransport } from "../src/transport/node.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { nativeAdapter } from "./conformance/native-adapter.ts";
import { conformance } from "./conformance/suite.ts";

if (nativeAdapter.name === "node") conformance(nativeAdapter);
else {
  describe("node", () => {
    it("says that it is the wrong one for this runtime", async () => {
      expect((await errorOf(NodeTransport.open()))?.code).toBe("ERR_ADAPTER_UNSUPPORTED");
    });
  });
}
