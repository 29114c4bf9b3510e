import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";
import { memoryAdapter } from "./conformance/memory-adapter.ts";
import { nativeAdapter, onBun } from "./conformance/native-adapter.ts";
import { judgeFaults } from "./faults/judge-faults.ts";
import { faults, faultScenario, QUEUE_DATAGRAMS, TIMES_EACH } from "./faults/scenario.ts";
import type { FaultReport } from "./faults/scenario.ts";

const canInject = process.platform === "linux" && spawnSync("gcc", ["--version"]).status === 0;

describe("send errors", () => {
  it("memory counts each by reason, and congestion costs the worst class", async () => {
    const network = new MemoryNetwork({ link: { delayMs: 1 } });
    const failures = new Map<number, number>();
    const failSend = (_length: number, to: Endpoint): string | undefined => {
      if (to.a3 >>> 16 !== ((127 << 8) | 66)) return undefined;
      const times = (to.a3 >>> 8) & 255;
      const failed = failures.get(to.a3) ?? 0;
      failures.set(to.a3, failed + 1);
      const named = [...faults, ["EAGAIN", 11], ["ENOBUFS", 105]] as const;
      const code = named.find(([, errno]) => errno === (to.a3 & 255))![0];
      return times === 0 || failed < times ? code : undefined;
    };
    const adapter = memoryAdapter(network, (options) =>
      MemoryTransport.open(network, { ...options, failSend }),
    );
    judge(await faultScenario(adapter), 0);
  });

  it.skipIf(!canInject)(`${nativeAdapter.name} counts each errno of the system call by reason`, () => {
    const folder = mkdtempSync(join(tmpdir(), "udp-faults-"));
    try {
      const library = join(folder, "udp-faults.so");
      const source = fileURLToPath(new URL("./faults/udp-faults.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
      // Compiled suites (Node 20) run compiled children, which find the packages' compiled files.
      const extension = extname(import.meta.url);
      const child = fileURLToPath(new URL(`./faults/child${extension}`, import.meta.url));
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [...(extension === ".ts" ? ["--conditions=@udp-relay/source"] : []), child],
        { env: { ...process.env, LD_PRELOAD: library }, encoding: "utf8", timeout: 20_000 },
      );
      expect(`${status} ${stderr}`).toBe("0 ");
      judge(JSON.parse(stdout) as FaultReport, onBun ? 1 : 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** @param retries how often the transport sends a failed datagram again */
function judge(report: FaultReport, retries: number): void {
  judgeFaults(report);
  expect(report.errorStats.retriedSends).toBe(retries * TIMES_EACH * faults.length);
  for (const { stats } of report.congestions) {
    // What the system had taken before it was seen to be congested, and what the queue held.
    expect(stats.sentDatagrams).toBeLessThanOrEqual(QUEUE_DATAGRAMS + 64);
  }
}
