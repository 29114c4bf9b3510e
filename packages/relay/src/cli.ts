#!/usr/bin/env node
const [command, ...rest] = process.argv.slice(2);

if (command === "proxy") {
  const { runProxy } = await import("./proxy/proxy-command.ts");
  process.exitCode = await runProxy(rest);
} else {
  const { runRelay } = await import("./run-relay.ts");
  process.exitCode = await runRelay(process.argv.slice(2), process.env);
}
