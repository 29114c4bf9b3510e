import type { RelayConfig } from "./config/relay-config.ts";
import type { Tunnels } from "./tunnels.ts";

export interface Screen {
  close(): Promise<void>;
}

/** Whether the live table is drawn. */
export function wantsScreen({ json, dashboard }: RelayConfig): boolean {
  return !json && (dashboard === "on" || (dashboard === "auto" && process.stdout.isTTY));
}

/** The dashboard on a terminal; one line on stderr elsewhere. */
export async function openScreen(config: RelayConfig, relay: Tunnels, onQuit: () => void): Promise<Screen> {
  const title = `udp-relay  ${relay.title}`;
  if (!wantsScreen(config)) {
    process.stderr.write(`${title}${config.demo ? "  with 8 demo players" : ""}\n`);
    return { close: () => Promise.resolve() };
  }
  // Ink and React are loaded only where there is a screen to draw on.
  const { Dashboard } = await import("./dashboard/dashboard.ts");
  const dashboard = new Dashboard(relay.report(), {
    title,
    notes: config.demo ? demoNotes(config) : [],
    onQuit,
  });
  const timer = setInterval(() => {
    dashboard.update(relay.report());
  }, config.refreshMs);
  return {
    close: async () => {
      clearInterval(timer);
      await dashboard.close();
    },
  };
}

function demoNotes(config: RelayConfig): string[] {
  const measured =
    config.protocol === "demo"
      ? "protocol demo: V3 and a measuring header"
      : "V3 carries no sequence numbers, so loss, jitter and RTT are not measured";
  return ["8 players, 30 packets/s each; 00002… over a bad link: 2 % loss, 15 ms jitter", measured];
}
