import { configOptions, type RelayConfigField } from "../config/relay-config.ts";
import { DEMO_PLAYERS_PER_ROOM } from "./demo-plan.ts";

/** What the demo needs that a public relay refuses: players on loopback, behind one address. */
const presets: Partial<Record<RelayConfigField, unknown>> = {
  host: "127.0.0.1",
  port: 0,
  protocol: "demo",
  allow: ["127.0.0.0/8"],
  clientsPerPrefix: 2 * DEMO_PLAYERS_PER_ROOM,
  demo: true,
};

/**
 * The defaults of a start with these arguments and variables: the demo's, where it was asked for and where nothing was
 * asked for at all. A relay that is set up by its environment alone, as in a container, is no demo.
 */
export function demoPresets(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Partial<Record<RelayConfigField, unknown>> {
  const variables = ["UDP_RELAY_CONFIG", ...configOptions.map(({ variable }) => variable)];
  const nothing = args.length === 0 && variables.every((name) => environment[name] === undefined);
  const asked = args.includes("--demo") || ["1", "true"].includes(environment.UDP_RELAY_DEMO ?? "");
  return nothing || asked ? presets : {};
}
