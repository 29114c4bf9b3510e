// The process that `proxy-sessions.ts` measures: a session proxy, and what it weighs when asked.
import { readFileSync } from "node:fs";
import { openLog } from "../src/operations/relay-log.ts";
import { openProxy } from "../src/proxy/open-proxy.ts";
import { readProxyArguments } from "../src/proxy/proxy-arguments.ts";

const [backend = "", sessions = "", workers = ""] = process.argv.slice(2);
const config = readProxyArguments([
  ...["--listen", "127.0.0.1:0", "--allow", "127.0.0.0/8", "--to", backend],
  ...[
    "--max-sessions",
    sessions,
    "--idle-timeout-ms",
    "120000",
    "--workers",
    workers,
    "--log-level",
    "error",
  ],
])!;
const { proxy, reason } = await openProxy(config, config.to, openLog(config, false).log);
setInterval(() => {
  proxy.tick();
}, 50);
process.on("message", () => {
  void weigh();
});
process.on("disconnect", () => process.exit());
process.send!({ port: proxy.localEndpoint.port, kind: reason });

async function weigh(): Promise<void> {
  for (let n = 0; n < 3; n++) (globalThis as { gc?: () => void }).gc?.();
  const [, residentPages = 0] = readFileSync("/proc/self/statm", "utf8").split(" ").map(Number);
  const { heapUsed, external } = process.memoryUsage();
  process.send!({
    residentBytes: residentPages * 4_096,
    heapBytes: heapUsed + external,
    report: await proxy.freshReport(),
  });
}
