import { fileURLToPath } from "node:url";
import type { ProxyReport } from "@udp-relay/relay";
import { expect, start, until } from "./program.ts";

export interface ProxyProcess {
  readonly port: number;
  /** Ends it, and returns what it reports. */
  stop(): Promise<ProxyReport>;
}

const program = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

/**
 * `udp-relay proxy` as its users run it, in a process of its own.
 *
 * @param listen ADDRESS:PORT
 * @param to backends' ADDRESS:PORT
 * @param before a command that it is run by, such as `ip netns exec NAME`
 */
export async function startProxy(
  listen: string,
  to: readonly string[],
  args: readonly string[] = [],
  before: readonly string[] = [],
): Promise<ProxyProcess> {
  const command = [
    ...before,
    process.execPath,
    ...["--conditions=@udp-relay/source", program, "proxy", "--json", "--log-level", "warn"],
    ...["--listen", listen, "--allow", "127.0.0.0/8,192.0.2.0/24,198.51.100.0/24", "--duration", "80"],
    ...to.flatMap((backend) => ["--to", backend]),
    ...args,
  ];
  const child = start(command[0]!, command.slice(1), { NODE_OPTIONS: "" });
  const said = (): RegExpExecArray | null => /udp-relay proxy {2}\S+:(\d+) /.exec(child.stderr());
  await until("the proxy is ready", () => said() !== null);
  return {
    port: Number(said()![1]),
    stop: async () => {
      const { code, stdout, stderr } = await child.stop("SIGINT");
      expect(code === 0, `the proxy ended with ${code}: ${stderr}`);
      return JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as ProxyReport;
    },
  };
}

/** What is wrong with a proxy that should have lost nothing; undefined if it did not. */
export function lostBy({ drops, transport, upstreams, counts }: ProxyReport): string | undefined {
  const lost = { ...drops, ...transport.drops, ...upstreams?.drops };
  const words = Object.entries(lost).flatMap(([reason, count]) => (count > 0 ? [`${reason} ${count}`] : []));
  if (counts.failed > 0) words.push(`failed sessions ${counts.failed}`);
  return words.length === 0 ? undefined : words.join(", ");
}
