// The process that `proxy-sessions.ts` measures: a session proxy, and what it weighs when asked.
import { readFileSync } from "node:fs";
import { parseEndpoint } from "@udp-relay/address-validation";
import { SessionProxy } from "@udp-relay/relay";
import { openProxySockets } from "../src/proxy/proxy-sockets.ts";

const [backend = "", sessions = ""] = process.argv.slice(2);
const sockets = await openProxySockets({ listen: parseEndpoint("127.0.0.1:0"), transport: "auto" });
const { transport, openUpstream, upstreamStats } = sockets;
const proxy = new SessionProxy({
  transport,
  backends: [{ endpoint: parseEndpoint(backend) }],
  openUpstream,
  clock: { nowMs: () => performance.now() },
  maxSessions: Number(sessions),
  idleTimeoutMs: 120_000,
  ...(upstreamStats === undefined ? {} : { upstreamStats }),
});
setInterval(() => proxy.tick(), 50);
process.on("message", () => {
  for (let n = 0; n < 3; n++) (globalThis as { gc?: () => void }).gc?.();
  const [, residentPages = 0] = readFileSync("/proc/self/statm", "utf8").split(" ").map(Number);
  const { heapUsed, external } = process.memoryUsage();
  process.send!({
    residentBytes: residentPages * 4_096,
    heapBytes: heapUsed + external,
    report: proxy.report(),
  });
});
process.on("disconnect", () => process.exit());
process.send!({ port: proxy.localEndpoint.port, kind: sockets.reason });
