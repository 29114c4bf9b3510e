#!/usr/bin/env node

// A reader of messages that has gone, or a full disk, ends no relay. (A terminal that has gone does: stdout's errors.)
process.stderr.on("error", () => undefined);

const [command, ...rest] = process.argv.slice(2);

if (command === "proxy") {
  const { runProxy } = await import("./proxy/proxy-command.ts");
  process.exitCode = await runProxy(rest);
} else {
  const { runRelay } = await import("./run-relay.ts");
  process.exitCode = await runRelay(process.argv.slice(2), process.env);
}
