import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { times } from "./long-form.ts";
import { programEnvironment } from "./program-environment.ts";
import { RealPeer, until } from "./real-peer.ts";

const program = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
/** What gives a program a terminal: `script` of util-linux. */
const hasScript =
  process.platform === "linux" && spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

const ENTERS_SCREEN = "\x1b[?1049h";
const LEAVES_SCREEN = "\x1b[?1049l";
const HIDES_CURSOR = "\x1b[?25l";
const SHOWS_CURSOR = "\x1b[?25h";
const COLOUR = /\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m/;
const SEQUENCES = /\x1b\[[\d;?]*[A-Za-z]/g;

const children: ChildProcess[] = [];
const peers: RealPeer[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const peer of peers.splice(0)) peer.close();
});

function onTerminal(columns: number, rows: number, args: readonly string[], environment: NodeJS.ProcessEnv) {
  const command = [process.execPath, "--conditions=@udp-relay/source", program, ...args]
    .map((word) => `'${word}'`)
    .join(" ");
  // In CI, Ink draws nothing and no colour is used: here is a person's terminal.
  const rest = Object.entries(programEnvironment).filter(
    ([name]) => !/^(CI(_.*)?|CONTINUOUS_INTEGRATION|NO_COLOR|FORCE_COLOR)$/.test(name),
  );
  const child = spawn("script", ["-qec", `stty cols ${columns} rows ${rows}; exec ${command}`, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...Object.fromEntries(rest), TERM: "xterm-256color", ...environment },
  });
  children.push(child);
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { press: (keys: string) => child.stdin.write(keys), out: () => out, ended };
}

describe(`the dashboard on a terminal${hasScript ? "" : " (there is no script(1) here)"}`, () => {
  // The second costs two seconds of a small machine: the long form has it.
  it
    .skipIf(!hasScript)
    .each([
      { columns: 160, rows: 50, environment: { NO_COLOR: "1" } },
      ...times([], [{ columns: 80, rows: 24, environment: {} }]),
    ])(
    "of $columns x $rows fills it, quits on q, and leaves it as it was",
    async ({ columns, rows, environment }) => {
      const args = ["--host", "127.0.0.1", "--port", "0", "--dashboard", "on", "--refresh-ms", "100"];
      const { press, out, ended } = onTerminal(columns, rows, args, environment);
      await until("the table", () => out().includes("q quit"), 20_000);
      const shown = out().replace(SEQUENCES, "").split(/\r?\n/);
      expect(Math.max(...shown.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(columns);
      expect(shown.some((line) => /^client +endpoint/.test(line))).toBe(true);
      // Loopback is no public address: a drop, which is shown as a warning.
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(out()) ?? [];
      const peer = await RealPeer.open(1, Number(port));
      peers.push(peer);
      await peer.send(0, 0);
      await until("the drop", () => /dropped address:\S+ 1/.test(out().replace(SEQUENCES, "")));
      press("r");
      await until("another order", () => out().includes("by RTT"));
      press("q");
      expect(await ended).toBe(0);
      const text = out();
      expect(text.indexOf(ENTERS_SCREEN)).toBeGreaterThanOrEqual(0);
      expect(text.lastIndexOf(LEAVES_SCREEN)).toBeGreaterThan(text.lastIndexOf(ENTERS_SCREEN));
      expect(text.lastIndexOf(SHOWS_CURSOR)).toBeGreaterThan(text.lastIndexOf(HIDES_CURSOR));
      // The summary stands on the screen that was there before.
      expect(text.slice(text.lastIndexOf(LEAVES_SCREEN))).toContain("received 1 datagrams, forwarded 0");
      expect(COLOUR.test(text)).toBe(!("NO_COLOR" in environment));
    },
  );
});
