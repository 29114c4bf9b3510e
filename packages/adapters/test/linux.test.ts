import { describe, expect, it } from "vitest";
import { LinuxTransport } from "../src/transport/linux.ts";
import { errorOf } from "./conformance/lifecycle.ts";
import { conformance } from "./conformance/suite.ts";
import { linuxAdapter, linuxHere } from "./linux/linux-adapter.ts";

if (linuxHere) conformance(linuxAdapter);
else {
  describe("linux", () => {
    it("says that it cannot work on this platform", async () => {
      expect((await errorOf(LinuxTransport.open()))?.code).toBe("ERR_ADAPTER_UNSUPPORTED");
    });
  });
}
