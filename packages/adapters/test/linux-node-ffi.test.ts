import { spawnSync } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openNodeFfi } from "../src/transport/linux/node-ffi.ts";
import { conformance } from "./conformance/suite.ts";
import { linuxAdapter, linuxHere, openLinux } from "./linux/linux-adapter.ts";

const systemCalls = await openNodeFfi().catch(() => undefined);
const onNode26 = !("bun" in process.versions) && Number(process.versions.node.split(".")[0]) >= 26;

if (systemCalls !== undefined) {
  conformance({
    ...linuxAdapter,
    name: "linux over node:ffi",
    open: (options) => openLinux({ ...options, systemCalls }),
  });
}

describe.skipIf(systemCalls !== undefined)("node:ffi", () => {
  it("is refused where it is not, with the reason", async () => {
    const error: unknown = await openNodeFfi().catch((refused: unknown) => refused);
    expect((error as { code?: string }).code).toBe("ERR_ADAPTER_UNSUPPORTED");
    expect((error as Error).message).toContain("--experimental-ffi");
  });

  it.skipIf(!linuxHere || !onNode26)("echoes where it is switched on", () => {
    const extension = extname(import.meta.url);
    const program = fileURLToPath(new URL(`./linux/node-ffi-echo${extension}`, import.meta.url));
    const condition = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--experimental-ffi", "--no-warnings", ...condition, program],
      { encoding: "utf8", timeout: 20_000 },
    );
    expect(`${status} ${stdout}${stderr}`).toBe("0 node:ffi: 300 of 300 echoed, blocking 100 of 100\n");
  });
});
