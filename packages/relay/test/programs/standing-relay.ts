// A relay whose main thread stands still when it is told to, until a byte comes on stdin: no timer, no message, no socket
// of its own is looked at meanwhile.
import { readSync } from "node:fs";
import { parseConfig, Relay, type RelayConfig } from "@udp-relay/relay";

/** What the test tells it. */
export type ToStandingRelay = "stand still" | "report";

const settings = JSON.parse(process.argv[2] ?? "{}") as Partial<Record<keyof RelayConfig, unknown>>;
const relay = await Relay.start(
  parseConfig({ host: "127.0.0.1", port: 0, allow: ["127.0.0.0/8"], ...settings }),
);
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToStandingRelay) => {
  if (message === "report") {
    process.send?.(relay.report());
    return;
  }
  process.send?.("still", () => {
    standStill();
    // What a timer that was due meanwhile would do, before any socket is looked at.
    relay.sweep();
  });
});
process.send?.({ port: relay.port });

function standStill(): void {
  for (;;) {
    try {
      readSync(0, Buffer.alloc(1));
      return;
    } catch (error) {
      // A pipe that does not wait: look again in a moment.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
