import { fileURLToPath } from "node:url";
import { SOURCE_CONDITION } from "../io/load.ts";

/** Node's arguments for the relay as an operator starts it, on loopback: everything on, one worker. */
export function relayCommand(port: string): string[] {
  return [
    SOURCE_CONDITION,
    fileURLToPath(new URL("../../../../packages/relay/src/cli.ts", import.meta.url)),
    ...["--host", "127.0.0.1", "--port", port, "--allow", "127.0.0.0/8", "--max-clients", "10000"],
    ...["--workers", "1", "--http", "127.0.0.1:0", "--log-level", "info", "--dashboard", "off"],
    ...["--drain", "0"],
  ];
}
