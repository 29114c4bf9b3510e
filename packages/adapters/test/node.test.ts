import { describe, expect, it } from "vitest";
import { NodeTransport } from "../src/transport/node.ts";
import { nativeAdapter } from "./conformance/native-adapter.ts";
import { conformance } from "./conformance/suite.ts";

if (nativeAdapter.name === "node") conformance(nativeAdapter);
else {
  describe("node", () => {
    it("says that it is the wrong one for this runtime", async () => {
      await expect(NodeTransport.open()).rejects.toMatchObject({ code: "ERR_ADAPTER_UNSUPPORTED" });
    });
  });
}
