#!/usr/bin/env node
import { refusedRuntime } from "./runtime-version.ts";

// A reader of messages that has gone, or a full disk, ends no relay. (A terminal that has gone does: stdout's errors.)
process.stderr.on("error", () => undefined);

const [command, ...rest] = process.argv.slice(2);
const refused = refusedRuntime();

// Nothing else is imported before this is known: an old Node ends in the middle of it, with a stack.
if (refused !== undefined) {
  process.stderr.write(`udp-relay: ${refused}\n`);
  process.exitCode = 2;
} else if (command === "proxy") {
  const { runProxy } = await import("./proxy/proxy-command.ts");
  process.exitCode = await runProxy(rest);
} else {
  const { runRelay } = await import("./run-relay.ts");
  process.exitCode = await runRelay(process.argv.slice(2), process.env);
}
